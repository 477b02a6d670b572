import Glibc
import LinuxIO
import Testing

@Suite struct `A kernel pipe` {
    @Test func `counts the bytes that it holds`() throws {
        var pipe = try KernelPipe(capacity: 65_536)
        let pair = try Socket.pair()
        let near = Descriptor(owning: pair.0)
        let far = Descriptor(owning: pair.1)
        let bytes: [UInt8] = Array("hello".utf8)
        let written = bytes.withUnsafeBytes { raw -> Transfer in
            guard let base = raw.baseAddress else { return .wouldBlock }
            return unsafe pipe.write(base, count: raw.count)
        }
        #expect(written == .moved(5))
        #expect(pipe.pendingByteCount == 5)
        let drained = pipe.drain(to: near.rawValue)
        #expect(drained == .moved(5))
        #expect(pipe.pendingByteCount == 0)
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(read(far.rawValue, &buffer, 8) == 5)
        #expect(buffer.prefix(5) == bytes[...])
    }

    @Test func `moves bytes between sockets`() throws {
        var pipe = try KernelPipe(capacity: 65_536)
        let (source, sink) = (try Socket.pair(), try Socket.pair())
        let owned = [source.0, source.1, sink.0, sink.1]
        defer { for number in owned { close(number) } }
        let empty = pipe.fill(from: source.1, upTo: 1000)
        #expect(empty == .wouldBlock)
        #expect(write(source.0, "abc", 3) == 3)
        let filled = pipe.fill(from: source.1, upTo: 1000)
        #expect(filled == .moved(3))
        #expect(pipe.pendingByteCount == 3)
        let drained = pipe.drain(to: sink.0)
        #expect(drained == .moved(3))
        shutdown(source.0, Int32(SHUT_WR))
        let ended = pipe.fill(from: source.1, upTo: 1000)
        #expect(ended == .moved(0))
    }

    @Test func `says how large it is`() throws {
        let pipe = try KernelPipe(capacity: 1 << 20)
        // 1 MiB, or what the system grants a user other than root.
        let capacity = pipe.capacity
        #expect([1 << 20, 65_536, 8192].contains(capacity))
        #expect(capacity == Int(fcntl(pipe.readEnd, 1032)))
    }

    @Test(arguments: [true, false])
    func `closes both ends`(keepsReading: Bool) throws {
        // A duplicate of one end notices that the other is closed.
        let kept = try duplicateAndDrop(keepsReading: keepsReading)
        defer { close(kept) }
        var poll = pollfd(fd: kept, events: 0, revents: 0)
        #expect(Glibc.poll(&poll, 1, 0) == 1)
        #expect(Int32(poll.revents) == Int32(keepsReading ? POLLHUP : POLLERR))
    }

    private func duplicateAndDrop(keepsReading: Bool) throws -> Int32 {
        let pipe = try KernelPipe(capacity: 4096)
        return dup(keepsReading ? pipe.readEnd : pipe.writeEnd)
    }
}

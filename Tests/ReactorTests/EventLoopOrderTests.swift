import LinuxIO
import Reactor
import Testing

/// What was called, in order; handlers run on the thread of the test.
private final class Journal {
    var entries: [String] = []
}

@Suite struct `After a stall, an event loop` {
    @Test func `handles more than one call can fetch before a deadline that has passed`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        var sockets: [Int32] = []
        defer { sockets.forEach(StreamSocket.close) }
        for _ in 0..<200 {
            let (one, other) = try Socket.pair()
            sockets.append(one)
            // The end of the stream is there to be read, for as long as nobody closes this end.
            StreamSocket.close(other)
            try loop.watch(one, for: .readable) { _ in journal.entries.append("ready \(one)") }
        }
        loop.schedule(at: .now) { journal.entries.append("due") }
        loop.turn()
        let position = try #require(journal.entries.firstIndex(of: "due"))
        #expect(Set(journal.entries[..<position]).count == 200)
    }

    @Test func `handles what became ready after the wait before a deadline that has passed`()
        throws
    {
        let loop = try EventLoop()
        let journal = Journal()
        let first = try Waker()
        let second = try Waker()
        try loop.watch(first.descriptor.rawValue, for: .readable) { _ in
            journal.entries.append("first")
            first.reset()
            // As a packet that comes while the thread is held up, with the deadline past already.
            second.wake()
        }
        try loop.watch(second.descriptor.rawValue, for: .readable) { _ in
            journal.entries.append("second")
            second.reset()
        }
        first.wake()
        loop.schedule(at: .now) { journal.entries.append("due") }
        loop.turn()
        #expect(journal.entries == ["first", "second", "due"])
    }

    @Test func `a descriptor that is always ready does not keep a deadline from its turn`() throws {
        let loop = try EventLoop()
        var isDue = false
        let wakers = [try Socket.pair(), try Socket.pair()]
        for (one, other) in wakers {
            StreamSocket.close(other)
            try loop.watch(one, for: .readable) { _ in }
        }
        loop.schedule(at: .now) { isDue = true }
        loop.turn()
        #expect(isDue)
        for (one, _) in wakers { StreamSocket.close(one) }
    }

    @Test func `waits no longer than asked, and not at all for what is past`() throws {
        let loop = try EventLoop()
        let start = MonotonicInstant.now
        loop.turn(longestWait: .milliseconds(20))
        #expect(MonotonicInstant.now - start >= .milliseconds(20))
        loop.schedule(after: .seconds(Int64.min)) {}
        loop.turn()
        loop.schedule(after: .seconds(Int64.max)) {}
        loop.turn(longestWait: .zero)
        #expect(MonotonicInstant.now - start < .seconds(10))
    }
}

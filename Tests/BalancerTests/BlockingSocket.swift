import Glibc
import LinuxIO

/// A plain socket of the test's own, blocking, with a time limit of 20 s on every call.
final class BlockingSocket: @unchecked Sendable {
    // SAFETY: the number is written in the initialiser and by close(), which one thread calls.
    private(set) var number: Int32

    init(adopting number: Int32) {
        self.number = number
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, 16)
    }

    /// Waits up to 5 s for a connection to a listening socket.
    convenience init?(acceptedFrom listener: Int32) {
        var wanted = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&wanted, 1, 5_000) == 1 else { return nil }
        let number = accept(listener, nil, nil)
        guard number >= 0 else { return nil }
        self.init(adopting: number)
    }

    /// Connects to a port of this host, from an address of 127.0.0.0/8.
    init?(to port: UInt16, from source: UInt32 = 0x7f00_0001, receiveBuffer: Int32? = nil) {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if var receiveBuffer { setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, 16)
        guard bindLoopback(number, source, 0), connectLoopback(number, port) else {
            Glibc.close(number)
            return nil
        }
    }

    func send(_ bytes: [UInt8]) { _ = sendAll(bytes[...]) }
    func send(_ text: String) { send(Array(text.utf8)) }

    @discardableResult
    func sendAll(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return true }
            var sent = 0
            while sent < raw.count {
                let result = Glibc.send(
                    number, base + sent, raw.count - sent, Int32(MSG_NOSIGNAL))
                guard result > 0 else { return false }
                sent += result
            }
            return true
        }
    }

    /// What one call of recv(2) brings: bytes, none at the end, or an error number.
    enum Received: Equatable {
        case bytes([UInt8])
        case end
        case failed(Int32)
    }

    func receive(upTo count: Int = 65_536) -> Received {
        var buffer = [UInt8](repeating: 0, count: count)
        let result = recv(number, &buffer, count, 0)
        if result < 0 { return .failed(errno) }
        return result == 0 ? .end : .bytes(Array(buffer[..<result]))
    }

    /// Everything up to the end of the stream, and how it ended.
    func receiveAll() -> (text: String, ending: Received) {
        var all: [UInt8] = []
        while true {
            switch receive() {
            case .bytes(let bytes): all += bytes
            case let ending: return (String(decoding: all, as: UTF8.self), ending)
            }
        }
    }

    /// Everything up to the end of the stream; closes, too.
    func lastWords() -> String {
        defer { close() }
        return receiveAll().text
    }

    /// Exactly so many bytes, or fewer if the stream ends.
    func receive(exactly count: Int) -> String {
        var all: [UInt8] = []
        while all.count < count, case .bytes(let bytes) = receive(upTo: count - all.count) {
            all += bytes
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// The segments that came for it, its handshake's included (`tcpi_segs_in`).
    var receivedSegmentCount: UInt32 {
        var info = [UInt8](repeating: 0, count: 144)
        var length = socklen_t(info.count)
        getsockopt(number, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
        return info.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 140, as: UInt32.self) }
    }

    func endSending() { shutdown(number, Int32(SHUT_WR)) }

    func close() {
        guard number >= 0 else { return }
        Glibc.close(number)
        number = -1
    }

    /// Closes with a reset.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(number, SOL_SOCKET, SO_LINGER, &now, 8)
        close()
    }

    deinit { close() }
}

func connectLoopback(_ socket: Int32, _ port: UInt16) -> Bool {
    withLoopback(0x7f00_0001, port) { connect(socket, $0, 16) } == 0
}

func bindLoopback(_ socket: Int32, _ address: UInt32, _ port: UInt16) -> Bool {
    withLoopback(address, port) { bind(socket, $0, 16) } == 0
}

private func withLoopback(
    _ address: UInt32, _ port: UInt16, _ body: (UnsafePointer<sockaddr>) -> Int32
) -> Int32 {
    var raw = SocketAddress(address: address, port: port).raw
    return withUnsafePointer(to: &raw) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
    }
}

import Glibc

/// One request on its way: connects, asks, reads until the server closes; never blocks.
struct Attempt {
    enum Progress {
        case pending
        case answered
        case failed
        /// The answer was read to its end.
        case finished
    }

    let descriptor: Int32
    let startedAt: ContinuousClock.Instant
    private(set) var hasAnswer = false
    private var isConnected = false

    /// Starts to connect; `nil` when the system refuses at once (no route, no free port).
    init?(to target: sockaddr_in, at now: ContinuousClock.Instant) {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return nil }
        startedAt = now
        let result = withUnsafePointer(to: target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 || errno == EINPROGRESS else {
            close()
            return nil
        }
    }

    /// What poll(2) should wait for.
    var interest: Int16 { Int16(isConnected ? POLLIN : POLLOUT) }

    /// Goes as far as the socket lets it, after poll(2) reported it.
    mutating func advance(request: [UInt8]) -> Progress {
        if !isConnected {
            // A failed connect shows here too; a request this small always fits the empty buffer.
            guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
                return errno == EAGAIN ? .pending : .failed
            }
            isConnected = true
            return .pending
        }
        var buffer: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        while true {
            let count = recv(descriptor, &buffer, MemoryLayout.size(ofValue: buffer), 0)
            if count > 0 {
                guard hasAnswer else {
                    hasAnswer = true
                    return .answered
                }
                continue
            }
            if count < 0, errno == EAGAIN || errno == EINTR { return .pending }
            return hasAnswer ? .finished : .failed
        }
    }

    func close() { Glibc.close(descriptor) }
}

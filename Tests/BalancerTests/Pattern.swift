import Glibc

/// Bytes without end that repeat after a prime number of them: a piece that is lost, doubled or
/// swapped shows in the comparison.
enum Pattern {
    static let period = 1_048_583
    /// Two periods, so that any piece of up to one lies in a row.
    static let bytes: [UInt8] = {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        var period = [UInt8](repeating: 0, count: Pattern.period)
        for index in period.indices {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            period[index] = UInt8(truncatingIfNeeded: state)
        }
        return period + period
    }()

    /// Sends the first bytes of the pattern.
    static func send(_ count: Int, to socket: BlockingSocket, piece: Int = 1 << 20) -> Bool {
        var sent = 0
        while sent < count {
            let start = sent % period
            let length = min(piece, count - sent)
            guard socket.sendAll(bytes[start..<start + length]) else { return false }
            sent += length
        }
        return true
    }

    /// Takes bytes to the end of the stream.
    ///
    /// - Returns: How many there were, or `nil` when one was wrong or the stream broke.
    static func receive(
        from socket: BlockingSocket, piece: Int = 1 << 20, afterEach pause: () -> Void = {}
    ) -> Int? {
        var buffer = [UInt8](repeating: 0, count: piece)
        var total = 0
        while true {
            let count = recv(socket.number, &buffer, piece, 0)
            guard count >= 0 else { return nil }
            guard count > 0 else { return total }
            let start = total % period
            let isRight = bytes[start..<start + count].withUnsafeBytes { expected in
                buffer.withUnsafeBytes { received in
                    guard let first = expected.baseAddress, let second = received.baseAddress else {
                        return false
                    }
                    return memcmp(first, second, count) == 0
                }
            }
            guard isRight else { return nil }
            total += count
            pause()
        }
    }
}

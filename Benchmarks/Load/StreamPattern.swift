import CLinux

/// The bytes of a bulk stream: byte `n` is `n` modulo 251, a prime, so that a piece which is lost,
/// doubled or moved shows at its ends.
struct StreamPattern {
    /// The most bytes handed to the kernel at once.
    static let chunk = 262_144
    private let bytes: [UInt8]

    init() {
        bytes = (0..<(Self.chunk + 251)).map { UInt8($0 % 251) }
    }

    /// Sends the bytes from `offset` on, at most `limit` of them; the kernel's result.
    func send(to socket: Int32, from offset: Int, limit: Int) -> Int {
        let start = offset % 251
        let count = min(limit, Self.chunk)
        return bytes.withUnsafeBytes { buffer in
            let piece = UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
            return clinux_send(socket, piece.baseAddress, piece.count, noSignal)
        }
    }

    /// Whether the first and the last of the bytes received are those of that place.
    static func matches(_ bytes: borrowing [UInt8], count: Int, at offset: Int) -> Bool {
        bytes[0] == UInt8(offset % 251) && bytes[count - 1] == UInt8((offset + count - 1) % 251)
    }
}

/// MSG_NOSIGNAL of `send(2)`.
let noSignal: Int32 = 0x4000

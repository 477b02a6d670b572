internal import CLinux
internal import Glibc

/// Descriptors that travel with bytes through a Unix socket.
///
/// `SCM_RIGHTS` of `unix(7)`, `cmsg(3)`.
public enum DescriptorPassing {
    /// The most descriptors that one message carries; the kernel's SCM_MAX_FD is 253.
    public static let limit = 250

    /// Sends bytes, and descriptors with the first of them.
    ///
    /// - Parameters:
    ///   - bytes: At least one.
    ///   - descriptors: At most ``limit``; the receiver gets duplicates.
    ///   - socket: A connected Unix stream socket.
    /// - Returns: How many bytes were taken; the descriptors have travelled if it is 1 or more.
    public static func send(
        _ bytes: some Collection<UInt8>, descriptors: [Int32] = [], to socket: Int32
    ) -> Transfer {
        precondition(descriptors.count <= limit, "too many descriptors for one message")
        var payload = Array(bytes)
        var control = controlBytes(for: descriptors)
        let result = unsafe payload.withUnsafeMutableBytes { payload in
            unsafe control.withUnsafeMutableBytes { control in
                unsafe withMessage(payload, control) { unsafe clinux_sendmsg(socket, $0, noSignal) }
            }
        }
        return Transfer(result: result)
    }

    /// Receives bytes, and the descriptors that came with them.
    ///
    /// - Parameters:
    ///   - bytes: Where the bytes are appended.
    ///   - descriptors: Where the descriptors are appended, each close-on-exec; the caller owns them.
    ///   - socket: A connected Unix stream socket.
    /// - Returns: How many bytes came; 0 when the other end is closed.
    public static func receive(
        into bytes: inout [UInt8], descriptors: inout [Int32], from socket: Int32
    ) -> Transfer {
        var payload = [UInt8](repeating: 0, count: 65_536)
        var control = [UInt8](repeating: 0, count: headerBytes + 4 * (limit + 3))
        var controlLength = 0
        let result = unsafe payload.withUnsafeMutableBytes { payload in
            unsafe control.withUnsafeMutableBytes { control in
                unsafe withMessage(payload, control) { message in
                    let closeOnExec: Int32 = 0x4000_0000  // MSG_CMSG_CLOEXEC
                    let result = unsafe clinux_recvmsg(socket, message, closeOnExec)
                    controlLength = unsafe Int(message.pointee.msg_controllen)
                    return result
                }
            }
        }
        if result > 0 {
            bytes += payload[..<result]
            descriptors += receivedDescriptors(control[..<controlLength])
        }
        return Transfer(result: result)
    }

    /// `struct cmsghdr` and its descriptors: length (8 bytes), level (4), type (4), numbers (4 each).
    private static func controlBytes(for descriptors: [Int32]) -> [UInt8] {
        guard !descriptors.isEmpty else { return [] }
        var words: [Int32] = [Int32(headerBytes + 4 * descriptors.count), 0, SOL_SOCKET, rights]
        words += descriptors
        if words.count % 2 == 1 { words.append(0) }
        return unsafe words.withUnsafeBytes { unsafe Array($0) }
    }

    private static func receivedDescriptors(_ control: ArraySlice<UInt8>) -> [Int32] {
        func word(_ offset: Int) -> Int32 {
            let start = control.startIndex + offset
            return (0..<4).reduce(0) {
                $0 | Int32(truncatingIfNeeded: UInt32(control[start + $1]) << (8 * $1))
            }
        }
        guard control.count >= headerBytes, word(8) == SOL_SOCKET, word(12) == rights else {
            return []
        }
        let end = min(Int(word(0)), control.count)
        return stride(from: headerBytes, to: end - 3, by: 4).map { word($0) }
    }

    @unsafe
    private static func withMessage(
        _ payload: UnsafeMutableRawBufferPointer, _ control: UnsafeMutableRawBufferPointer,
        _ body: (UnsafeMutablePointer<msghdr>) -> Int
    ) -> Int {
        var vector = unsafe iovec(iov_base: payload.baseAddress, iov_len: payload.count)
        return unsafe withUnsafeMutablePointer(to: &vector) { vector in
            var message = unsafe msghdr()
            unsafe message.msg_iov = vector
            unsafe message.msg_iovlen = 1
            unsafe message.msg_control = control.isEmpty ? nil : control.baseAddress
            unsafe message.msg_controllen = control.count
            return unsafe withUnsafeMutablePointer(to: &message) { unsafe body($0) }
        }
    }

    private static let headerBytes = 16
    private static let rights: Int32 = 1  // SCM_RIGHTS
    private static let noSignal: Int32 = 0x4000  // MSG_NOSIGNAL
}

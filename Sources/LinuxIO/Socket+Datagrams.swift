internal import CLinux

extension Socket {
    /// Takes one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - buffer: Where it goes; what does not fit is lost.
    ///   - socket: A datagram, raw or packet socket.
    /// - Returns: How many bytes of the buffer were filled.
    public static func receive(into buffer: inout [UInt8], from socket: Int32) -> Transfer {
        let result = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe clinux_recv(socket, buffer.baseAddress, buffer.count, 0)
        }
        return Transfer(result: result)
    }

    /// Sends one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - datagram: The bytes.
    ///   - destination: Where to; a raw socket ignores the port.
    ///   - socket: A datagram or raw socket over IPv4.
    /// - Returns: How many bytes were taken: all, or it failed.
    public static func send(
        _ datagram: [UInt8], to destination: SocketAddress, on socket: Int32
    ) -> Transfer {
        var raw = destination.raw
        let result = unsafe datagram.withUnsafeBytes { bytes in
            unsafe clinux_sendto(socket, bytes.baseAddress, bytes.count, 0, &raw, 16)
        }
        return Transfer(result: result)
    }
}

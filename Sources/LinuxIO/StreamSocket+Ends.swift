public import CLinux

extension StreamSocket {
    /// The address that a socket over IPv4 was bound to or got.
    ///
    /// - Parameter socket: A socket.
    /// - Returns: Its own end; address and port 0 where it has none.
    @inlinable
    public static func localEnd(of socket: Int32) -> SocketAddress {
        var address = RawSocketAddress()
        var length: UInt32 = 16
        _ = unsafe clinux_getsockname(socket, &address, &length)
        return SocketAddress(address)
    }

    /// The address of the other end of a socket over IPv4.
    ///
    /// - Parameter socket: A connected socket.
    /// - Returns: The other end; address and port 0 once it is not connected any more.
    @inlinable
    public static func peerEnd(of socket: Int32) -> SocketAddress {
        var address = RawSocketAddress()
        var length: UInt32 = 16
        _ = unsafe clinux_getpeername(socket, &address, &length)
        return SocketAddress(address)
    }
}

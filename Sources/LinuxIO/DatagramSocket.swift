public import CLinux
internal import Glibc

/// The calls that a relay makes for every datagram, as ``StreamSocket`` has them for streams.
///
/// `udp(7)`.
public enum DatagramSocket {
    /// Makes a non-blocking datagram socket.
    ///
    /// - Parameter family: `AF_INET` or `AF_INET6`.
    /// - Returns: The descriptor, or a negative error number.
    @inlinable
    public static func open(_ family: Int32) -> Int {
        clinux_socket(family, 0o2004002, 0)  // SOCK_DGRAM, SOCK_NONBLOCK, SOCK_CLOEXEC
    }

    /// Takes the next datagram.
    ///
    /// - Parameters:
    ///   - socket: Where from.
    ///   - buffer: Where to; what does not fit is lost.
    ///   - byteCount: The room there.
    ///   - peer: Receives the address of the sender.
    /// - Returns: The bytes moved, which may be none.
    @unsafe @inlinable
    public static func receive(
        from socket: Int32, into buffer: UnsafeMutableRawPointer, upTo byteCount: Int,
        peer: inout RawPeerAddress
    ) -> Transfer {
        var length: UInt32 = 28
        return unsafe Transfer(
            result: clinux_recvfrom(socket, buffer, byteCount, 0, &peer, &length))
    }

    /// Sends a datagram by a socket that is not connected.
    ///
    /// - Parameters:
    ///   - buffer: Where the bytes are.
    ///   - byteCount: How many.
    ///   - peer: Where to.
    ///   - socket: The socket.
    /// - Returns: The bytes moved: all, or it failed.
    @unsafe @inlinable
    public static func send(
        _ buffer: UnsafeRawPointer, count byteCount: Int, to peer: borrowing RawStreamAddress,
        by socket: Int32
    ) -> Transfer {
        let length = peer.length
        return unsafe withUnsafeBytes(of: peer) {
            unsafe Transfer(
                result: clinux_sendto(socket, buffer, byteCount, 0, $0.baseAddress, length))
        }
    }

    /// Makes a socket that takes datagrams, also on an address that the node does not hold yet.
    ///
    /// - Parameters:
    ///   - address: Where, of IPv4 or IPv6.
    ///   - options: What is special about it; what only streams have is passed over.
    /// - Returns: The socket.
    /// - Throws: `SystemError` that names the address: in use, no permission, no such interface.
    public static func bound(
        to address: StreamAddress, options: ListeningOptions
    ) throws(SystemError) -> Descriptor {
        let socket = try Socket.open(
            address.family, Int32(SOCK_DGRAM.rawValue), 0, address.description)
        try Socket.prepare(socket.rawValue, for: address, options)
        // Two programs could both have the address otherwise, and each a part of the datagrams.
        try Socket.setOption(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, 0, "SO_REUSEADDR")
        let raw = RawStreamAddress(address)
        try check("bind", address.description, StreamSocket.bind(socket.rawValue, to: raw))
        if options.isShared { Socket.setShared(socket.rawValue, false) }
        return socket
    }
}

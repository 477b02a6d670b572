public import CLinux

/// The calls that a relay makes for every connection and every piece of it.
///
/// By number, inlined into the caller, with the kernel's own result: nothing here allocates or
/// throws. `tcp(7)`.
public enum StreamSocket {
    /// Makes a non-blocking stream socket over IPv4.
    ///
    /// - Returns: The descriptor, or a negative error number.
    @inlinable
    public static func open() -> Int {
        clinux_socket(2, 0o2004001, 0)  // AF_INET; SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC
    }

    /// Takes the next connection that waits at a listening socket.
    ///
    /// - Parameters:
    ///   - listener: The listening socket, over IPv4.
    ///   - peer: Receives the address of the other end.
    /// - Returns: The connection's descriptor, non-blocking, or a negative error number. After
    ///   `EMFILE` and `ENFILE` the connection still waits.
    @inlinable
    public static func accept(from listener: Int32, peer: inout RawSocketAddress) -> Int {
        var length: UInt32 = 16
        return unsafe clinux_accept(listener, &peer, &length, 0o2004000)
    }

    /// Begins to connect.
    ///
    /// - Parameters:
    ///   - socket: A socket that is not connected.
    ///   - address: Where to.
    /// - Returns: 0, or a negative error number; `EINPROGRESS` is the usual one.
    @inlinable
    public static func connect(_ socket: Int32, to address: RawSocketAddress) -> Int {
        var address = address
        return unsafe clinux_connect(socket, &address, 16)
    }

    /// Takes bytes.
    ///
    /// - Parameters:
    ///   - socket: Where from.
    ///   - buffer: Where to.
    ///   - byteCount: The most to take.
    /// - Returns: The bytes moved; 0 at the end of the stream.
    @unsafe @inlinable
    public static func receive(
        from socket: Int32, into buffer: UnsafeMutableRawPointer, upTo byteCount: Int
    ) -> Transfer {
        unsafe Transfer(result: clinux_recv(socket, buffer, byteCount, 0))
    }

    /// Gives bytes; a socket that is shut answers `EPIPE` without a signal.
    ///
    /// - Parameters:
    ///   - buffer: Where the bytes are.
    ///   - byteCount: How many.
    ///   - socket: Where to.
    /// - Returns: The bytes moved, fewer than asked when the socket's buffer is full.
    @unsafe @inlinable
    public static func send(
        _ buffer: UnsafeRawPointer, count byteCount: Int, to socket: Int32
    ) -> Transfer {
        let noSignal: Int32 = 0x4000  // MSG_NOSIGNAL
        return unsafe Transfer(result: clinux_send(socket, buffer, byteCount, noSignal))
    }

    /// Tells the other end that no more bytes follow (SHUT_WR); the other direction goes on.
    @inlinable
    public static func endSending(_ socket: Int32) { _ = clinux_shutdown(socket, 1) }

    /// Closes; the other end sees the end of the stream, or a reset if bytes were left unread.
    @inlinable
    public static func close(_ socket: Int32) { _ = clinux_close(socket) }

    /// Closes; the other end sees a reset, and what was not sent yet is dropped (SO_LINGER of 0).
    @inlinable
    public static func reset(_ socket: Int32) {
        var linger: (Int32, Int32) = (1, 0)
        _ = unsafe clinux_setsockopt(socket, 1, 13, &linger, 8)
        _ = clinux_close(socket)
    }

    /// Sends small segments at once instead of waiting for an acknowledgement (TCP_NODELAY).
    @inlinable
    public static func disableDelay(_ socket: Int32) {
        var one: Int32 = 1
        _ = unsafe clinux_setsockopt(socket, 6, 1, &one, 4)
    }

    /// Restricts the local port that `connect` picks (IP_LOCAL_PORT_RANGE, Linux 6.3).
    ///
    /// - Parameters:
    ///   - socket: A socket that is not connected.
    ///   - range: The lowest port in bits 0 to 15 and the highest in bits 16 to 31; 0: no
    ///     restriction.
    /// - Returns: 0, or a negative error number: `ENOPROTOOPT` before Linux 6.3.
    @inlinable
    public static func restrictLocalPorts(of socket: Int32, to range: UInt32) -> Int {
        var range = range
        return unsafe clinux_setsockopt(socket, 0, 51, &range, 4)
    }
}

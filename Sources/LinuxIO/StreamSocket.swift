public import CLinux

/// The calls that a relay makes for every connection and every piece of it.
///
/// By number, inlined into the caller, with the kernel's own result: nothing here allocates or
/// throws. `tcp(7)`.
public enum StreamSocket {
    /// Makes a non-blocking stream socket.
    ///
    /// - Parameter family: `AF_INET`, which is the default, `AF_INET6` or `AF_UNIX`.
    /// - Returns: The descriptor, or a negative error number.
    @inlinable
    public static func open(_ family: Int32 = 2) -> Int {
        clinux_socket(family, 0o2004001, 0)  // SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC
    }

    /// Takes the next connection that waits at a listening socket of any family.
    ///
    /// - Parameters:
    ///   - listener: The listening socket.
    ///   - peer: Receives the address of the other end.
    /// - Returns: The connection's descriptor, non-blocking, or a negative error number. After
    ///   `EMFILE` and `ENFILE` the connection still waits.
    @inlinable
    public static func accept(from listener: Int32, peer: inout RawPeerAddress) -> Int {
        var length: UInt32 = 28
        return unsafe clinux_accept(listener, &peer, &length, 0o2004000)
    }

    /// Begins to connect to an address of any family.
    ///
    /// - Parameters:
    ///   - socket: A socket of that family that is not connected.
    ///   - address: Where to.
    /// - Returns: 0, or a negative error number; `EINPROGRESS` is the usual one.
    @inlinable
    public static func connect(_ socket: Int32, to address: borrowing RawStreamAddress) -> Int {
        let length = address.length
        return unsafe withUnsafeBytes(of: address) {
            unsafe clinux_connect(socket, $0.baseAddress, length)
        }
    }

    /// Binds a socket to a local address.
    ///
    /// - Parameters:
    ///   - socket: A socket of the address's family that is not bound.
    ///   - address: The address.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public static func bind(_ socket: Int32, to address: RawStreamAddress) -> Int {
        var address = address
        let length = address.length
        return unsafe clinux_bind(socket, &address, length)
    }

    /// Has a socket send and receive by one interface only (SO_BINDTODEVICE).
    ///
    /// - Parameters:
    ///   - socket: A socket that is not bound to an interface yet.
    ///   - name: The interface, at most 15 bytes.
    /// - Returns: 0, or a negative error number.
    public static func bind(_ socket: Int32, toInterface name: String) -> Int {
        var name = name
        return name.withUTF8 { bytes in
            unsafe clinux_setsockopt(socket, 1, 25, bytes.baseAddress, UInt32(bytes.count))
        }
    }

    /// Lets a socket be bound to an address that is not this node's (IP_TRANSPARENT).
    ///
    /// - Parameters:
    ///   - socket: A socket that is not bound.
    ///   - family: Its family.
    /// - Returns: 0, or a negative error number: `EPERM` without CAP_NET_ADMIN and CAP_NET_RAW.
    @inlinable
    public static func setTransparent(_ socket: Int32, family: Int32) -> Int {
        family == 10
            ? setOption(socket, level: 41, 75, to: 1) : setOption(socket, level: 0, 19, to: 1)
    }

    /// Sets an integer option.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - level: The protocol that the option belongs to.
    ///   - name: The option's number.
    ///   - value: The value.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public static func setOption(
        _ socket: Int32, level: Int32, _ name: Int32, to value: Int32
    ) -> Int {
        var value = value
        return unsafe clinux_setsockopt(socket, level, name, &value, 4)
    }

    /// Marks a socket's packets for the host's own routing and filters (SO_MARK).
    ///
    /// Without CAP_NET_ADMIN and CAP_NET_RAW they stay as they are.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - mark: The mark.
    public static func setMark(_ socket: Int32, to mark: UInt32) {
        _ = setOption(socket, level: 1, 36, to: Int32(bitPattern: mark))
    }

    /// Sets the type of service of a socket's packets, or their traffic class in IPv6 (IP_TOS,
    /// IPV6_TCLASS).
    ///
    /// - Parameters:
    ///   - socket: A socket of either family; one of IPv6 may carry IPv4.
    ///   - type: The octet: six bits of DSCP, two of ECN, which TCP keeps for itself.
    public static func setServiceType(_ socket: Int32, to type: UInt8) {
        _ = setOption(socket, level: 0, 1, to: Int32(type))
        _ = setOption(socket, level: 41, 67, to: Int32(type))
    }

    /// Has the kernel space what a TCP socket sends (SO_MAX_PACING_RATE; `tcp_pacing_check` in
    /// net/ipv4/tcp_output.c); a Unix socket sends as fast as ever.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - rate: Bytes of a second.
    public static func limitRate(of socket: Int32, to rate: UInt64) {
        var rate = rate
        _ = unsafe clinux_setsockopt(socket, 1, 47, &rate, 8)
    }

    /// The address that a socket was bound to or got.
    ///
    /// - Parameter socket: A socket.
    /// - Returns: Its own end; ``IPEndpoint/none`` for a Unix socket.
    @inlinable
    public static func localEndpoint(of socket: Int32) -> IPEndpoint {
        var address = RawPeerAddress()
        var length: UInt32 = 28
        _ = unsafe clinux_getsockname(socket, &address, &length)
        return address.endpoint
    }

    /// Where the other side connected to: before netfilter gave its packets another destination (REDIRECT,
    /// DNAT), where the socket is one of IPv4, as haproxy 2.6 has it (`tcp_get_dst`).
    ///
    /// - Parameter socket: A connected socket.
    /// - Returns: That end, its own one where nothing was changed; ``IPEndpoint/none`` for a Unix socket.
    @inlinable
    public static func originalDestination(of socket: Int32) -> IPEndpoint {
        var address = RawPeerAddress()
        var length: UInt32 = 28
        _ = unsafe clinux_getsockname(socket, &address, &length)
        guard address.isIPv4 else { return address.endpoint }
        var original = RawPeerAddress()
        length = 28
        // SOL_IP, SO_ORIGINAL_DST (linux/netfilter_ipv4.h).
        let result = unsafe clinux_getsockopt(socket, 0, 80, &original, &length)
        return result == 0 ? original.endpoint : address.endpoint
    }

    /// The address of the other end.
    ///
    /// - Parameter socket: A connected socket.
    /// - Returns: The other end; ``IPEndpoint/none`` for a Unix socket, or one that is not
    ///   connected any more.
    @inlinable
    public static func peerEndpoint(of socket: Int32) -> IPEndpoint {
        var address = RawPeerAddress()
        var length: UInt32 = 28
        _ = unsafe clinux_getpeername(socket, &address, &length)
        return address.endpoint
    }

    /// Looks at bytes without taking them.
    ///
    /// - Parameters:
    ///   - socket: Where from.
    ///   - buffer: Where to.
    ///   - byteCount: The most to look at.
    /// - Returns: The bytes that are there; 0 at the end of the stream.
    @unsafe @inlinable
    public static func peek(
        at socket: Int32, into buffer: UnsafeMutableRawPointer, upTo byteCount: Int
    ) -> Transfer {
        unsafe Transfer(result: clinux_recv(socket, buffer, byteCount, 2))  // MSG_PEEK
    }

    /// Counts the bytes that could be taken, without copying them where the kernel can (TCP).
    ///
    /// - Parameters:
    ///   - socket: Where from.
    ///   - byteCount: The most to count.
    ///   - buffer: Room for as many.
    /// - Returns: The bytes that are there; 0 at the end of the stream.
    @unsafe @inlinable
    public static func countBytes(
        in socket: Int32, upTo byteCount: Int, using buffer: UnsafeMutableRawPointer
    ) -> Transfer {
        let flags: Int32 = 0x22  // MSG_PEEK, MSG_TRUNC
        return unsafe Transfer(result: clinux_recv(socket, buffer, byteCount, flags))
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
    ///   - endFollows: Whether the end of the stream is sent next, so that the last bytes may wait
    ///     for it (MSG_MORE) and both leave in one segment.
    /// - Returns: The bytes moved, fewer than asked when the socket's buffer is full.
    @unsafe @inlinable
    public static func send(
        _ buffer: UnsafeRawPointer, count byteCount: Int, to socket: Int32,
        endFollows: Bool = false
    ) -> Transfer {
        // MSG_NOSIGNAL, MSG_MORE
        let flags: Int32 = endFollows ? 0x4000 | 0x8000 : 0x4000
        return unsafe Transfer(result: clinux_send(socket, buffer, byteCount, flags))
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

    /// Bytes that a socket has room for before it is full, as the kernel counts them: what it keeps beside
    /// the bytes counts as well.
    ///
    /// `SO_MEMINFO`, `sk_get_meminfo` (net/core/sock.c).
    ///
    /// - Parameter socket: A socket.
    /// - Returns: The bytes; 0: it has none, or the kernel does not say.
    @inlinable
    public static func room(in socket: Int32) -> Int {
        // Numbers of 32 bits: WMEM_ALLOC is the third, SNDBUF the fourth, WMEM_QUEUED the sixth.
        var counts: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var length: UInt32 = 24
        guard unsafe clinux_getsockopt(socket, 1, 55, &counts, &length) == 0, length == 24 else {
            return 0
        }
        let (limit, sent) = (counts.1 >> 32, counts.1 & 0xffff_ffff)
        return max(0, Int(limit) - Int(max(sent, counts.2 >> 32)))
    }

    /// Whether a socket's connection is over for the kernel as well, so that the socket may be used again
    /// after ``disconnect(_:)``.
    ///
    /// `TCP_INFO`, `tcp(7)`.
    ///
    /// - Parameter socket: A TCP socket.
    /// - Returns: Whether its state is TCP_CLOSE, where nothing is left to send, to acknowledge or to say
    ///   again, and its two ends exchanged timestamps.
    @inlinable
    public static func isOver(_ socket: Int32) -> Bool {
        var info: UInt64 = 0
        var length: UInt32 = 8
        guard unsafe clinux_getsockopt(socket, 6, 11, &info, &length) == 0 else { return false }
        // Its first octet is the state, the sixth the options.
        let octets = UInt64(littleEndian: info)
        let (closed, timestamps): (UInt64, UInt64) = (7, 1)  // TCP_CLOSE, TCPI_OPT_TIMESTAMPS
        return octets & 0xff == closed && octets >> 40 & timestamps != 0
    }

    /// Makes a socket one that was never connected, but for its options (`connect(2)` to AF_UNSPEC).
    ///
    /// - Parameter socket: A socket; the other end of one of TCP sees a reset unless ``isOver(_:)``.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public static func disconnect(_ socket: Int32) -> Int {
        var nowhere: (UInt64, UInt64) = (0, 0)
        return unsafe clinux_connect(socket, &nowhere, 16)
    }

    /// Sends small segments at once instead of waiting for an acknowledgement (TCP_NODELAY).
    @inlinable
    public static func disableDelay(_ socket: Int32) {
        var one: Int32 = 1
        _ = unsafe clinux_setsockopt(socket, 6, 1, &one, 4)
    }

    /// Closes without telling the other end, which goes on waiting.
    ///
    /// By TCP_REPAIR, which wants CAP_NET_ADMIN; without it the other end's host gets a reset that
    /// does not leave this host's network: its packets live for one hop.
    ///
    /// - Parameter socket: A connected TCP socket.
    public static func abandon(_ socket: Int32) {
        if setOption(socket, level: 6, 19, to: 1) < 0 {  // IPPROTO_TCP, TCP_REPAIR
            _ = setOption(socket, level: 0, 2, to: 1)  // IPPROTO_IP, IP_TTL
            _ = setOption(socket, level: 41, 16, to: 1)  // IPPROTO_IPV6, IPV6_UNICAST_HOPS
            return reset(socket)
        }
        close(socket)
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

    /// Whether the kernel knows ``restrictLocalPorts(of:to:)``.
    public static var canRestrictLocalPorts: Bool {
        let socket = open()
        guard socket >= 0 else { return false }
        defer { close(Int32(socket)) }
        return restrictLocalPorts(of: Int32(socket), to: 0) == 0
    }
}

internal import CLinux
internal import Glibc

extension Socket {
    /// Makes a stream socket that listens, also on an address that the node does not hold yet.
    ///
    /// - Parameters:
    ///   - address: Where to listen.
    ///   - options: What is special about it.
    /// - Returns: The listening socket.
    /// - Throws: `SystemError` that names the address: in use, no permission, no such interface.
    public static func listening(
        on address: StreamAddress, options: ListeningOptions
    ) throws(SystemError) -> Descriptor {
        if case .path(let path) = address {
            return try UnixSocket.listening(
                at: path, mode: options.mode ?? UnixSocket.everybody, owner: options.owner,
                backlog: options.backlog)
        }
        let socket = try open(
            address.family, Int32(SOCK_STREAM.rawValue), 0, address.description)
        let number = socket.rawValue
        if !address.isLocal { try prepare(number, for: address, options) }
        let raw = RawStreamAddress(address)
        try check("bind", address.description, StreamSocket.bind(number, to: raw))
        if !address.isLocal { try apply(options, to: number) }
        try check("listen", address.description, clinux_listen(number, options.backlog))
        // As it begins to listen, the kernel forgets it.
        if options.savesAcknowledgement, !address.isLocal {
            try setOption(number, Int32(IPPROTO_TCP), TCP_QUICKACK, 0, "tcp-smart-accept")
        }
        // The kernel asks again whether the address is free when it begins to listen.
        if options.isShared { setShared(number, false) }
        return socket
    }

    /// Looks whether one could listen on an address: it is bound, nobody can come in, and it is free
    /// again at once.
    ///
    /// - Parameters:
    ///   - address: Where, of IPv4 or IPv6.
    ///   - options: What is special about it.
    ///   - isDatagram: Whether datagrams are to come in.
    /// - Throws: `SystemError` that names the address: in use, no permission, no such interface.
    public static func tryBinding(
        to address: StreamAddress, options: ListeningOptions, isDatagram: Bool
    ) throws(SystemError) {
        if isDatagram {
            _ = try DatagramSocket.bound(to: address, options: options)
            return
        }
        let socket = try open(
            address.family, Int32(SOCK_STREAM.rawValue), 0, address.description)
        try prepare(socket.rawValue, for: address, options)
        let raw = RawStreamAddress(address)
        try check("bind", address.description, StreamSocket.bind(socket.rawValue, to: raw))
    }

    /// Lets other sockets of this process's user have a part of a socket's address too, if they ask
    /// for it, or no more.
    ///
    /// - Parameters:
    ///   - socket: A bound socket.
    ///   - isShared: Whether they may.
    public static func setShared(_ socket: Int32, _ isShared: Bool) {
        try? setOption(socket, SOL_SOCKET, SO_REUSEPORT, isShared ? 1 : 0, "SO_REUSEPORT")
    }

    /// Leaves newcomers to the next best socket, or refuses them where there is none, while those who
    /// have begun to connect still come in and can be accepted.
    ///
    /// The kernel looks for a listening socket by the interface that a packet came by, among other
    /// things, and finds none that is bound to an interface which does not exist (SO_BINDTOIFINDEX,
    /// Linux 5.0). Handshakes that have begun have found theirs.
    ///
    /// - Parameter socket: A listening socket of TCP, which is of no use afterwards.
    public static func turnNewcomersAway(from socket: Int32) {
        // Without the right to do it, which a socket of one interface takes, they are reset as it closes.
        try? setOption(socket, SOL_SOCKET, 62, .max, "SO_BINDTOIFINDEX")
    }

    /// Changes what can change while a socket listens: all but the address, the interface and the
    /// families that it serves.
    ///
    /// - Parameters:
    ///   - options: What is wanted from now on.
    ///   - socket: A listening socket of TCP.
    /// - Throws: `SystemError` that names the option.
    public static func apply(
        _ options: ListeningOptions, to socket: Int32
    ) throws(SystemError) {
        let tcp = Int32(IPPROTO_TCP)
        // Accepted sockets inherit it, which saves a call per connection.
        try setOption(socket, tcp, TCP_NODELAY, 1, "TCP_NODELAY")
        // A second for the client's first bytes, as haproxy has it.
        try setOption(socket, tcp, TCP_DEFER_ACCEPT, options.defersAccept ? 1 : 0, "defer-accept")
        // Accepted sockets inherit it.
        try setOption(
            socket, tcp, TCP_QUICKACK, options.savesAcknowledgement ? 0 : 1, "tcp-smart-accept")
        try setOption(socket, tcp, TCP_USER_TIMEOUT, options.userTimeout, "tcp-ut")
        if let probes = options.keepAlive {
            // What is not said any more goes back to what the kernel has.
            let whole = probes.isWhole ? probes : try probes.completed()
            try check("setsockopt", "tcpka", StreamSocket.probe(socket, by: whole))
        } else {
            try setOption(socket, SOL_SOCKET, SO_KEEPALIVE, 0, "tcpka")
        }
        if let name = options.congestionControl {
            try check("setsockopt", "cc \(name)", StreamSocket.setCongestionControl(socket, name))
        } else {
            CongestionControl.reset(socket)
        }
        // 0 is the kernel's, or none.
        try setOption(socket, tcp, TCP_MAXSEG, options.segmentByteCount ?? 0, "mss")
        try setOption(socket, tcp, TCP_FASTOPEN, options.fastOpenQueue ?? 0, "tfo")
    }

    /// Gives a socket that somebody else opened what is asked for; the rest stays as they have it.
    ///
    /// - Parameters:
    ///   - options: What is wanted; what has its default is not.
    ///   - socket: A listening socket; one that is not of TCP has no such options.
    /// - Throws: `SystemError` that names the option.
    public static func applyRequested(
        _ options: ListeningOptions, to socket: Int32
    ) throws(SystemError) {
        var (kind, length): (Int32, UInt32) = (0, 4)
        let known = unsafe clinux_getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &kind, &length)
        try check("getsockopt", "SO_PROTOCOL", known)
        let tcp = Int32(IPPROTO_TCP)
        guard kind == tcp else { return }
        try setOption(socket, tcp, TCP_NODELAY, 1, "TCP_NODELAY")
        if options.defersAccept { try setOption(socket, tcp, TCP_DEFER_ACCEPT, 1, "defer-accept") }
        if options.savesAcknowledgement {
            try setOption(socket, tcp, TCP_QUICKACK, 0, "tcp-smart-accept")
        }
        if options.userTimeout > 0 {
            try setOption(socket, tcp, TCP_USER_TIMEOUT, options.userTimeout, "tcp-ut")
        }
        if let probes = options.keepAlive {
            try check("setsockopt", "tcpka", StreamSocket.probe(socket, by: probes))
        }
        if let name = options.congestionControl {
            try check("setsockopt", "cc \(name)", StreamSocket.setCongestionControl(socket, name))
        }
        if let size = options.segmentByteCount {
            try setOption(socket, tcp, TCP_MAXSEG, size, "mss")
        }
        if let queue = options.fastOpenQueue {
            try setOption(socket, tcp, TCP_FASTOPEN, queue, "tfo")
        }
    }

    /// Changes how many connections may wait to be accepted.
    ///
    /// - Parameters:
    ///   - backlog: How many; the kernel caps it at `somaxconn`.
    ///   - socket: A listening socket.
    public static func setBacklog(_ backlog: Int32, of socket: Int32) {
        _ = clinux_listen(socket, backlog)
    }

    static func prepare(
        _ socket: Int32, for address: StreamAddress, _ options: ListeningOptions
    ) throws(SystemError) {
        try setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        if options.isShared { try setOption(socket, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT") }
        // Serves both families; the sysctl `ip_nonlocal_bind` is not needed.
        try setOption(socket, Int32(IPPROTO_IP), IP_FREEBIND, 1, "IP_FREEBIND")
        if address.family == AF_INET6, let isAlone = options.servesIPv6Alone {
            try setOption(
                socket, Int32(IPPROTO_IPV6), IPV6_V6ONLY, isAlone ? 1 : 0, "IPV6_V6ONLY")
        }
        if let interface = options.interface {
            try check(
                "setsockopt", "interface \(interface)",
                StreamSocket.bind(socket, toInterface: interface))
        }
        // Accepted sockets inherit it: without it a reset could not be sent any more once the address
        // has left the node. Where it is not allowed, clients wait for the next owner's.
        let result = StreamSocket.setTransparent(socket, family: address.family)
        if options.isTransparent { try check("setsockopt", "transparent", result) }
    }

    /// Takes a listening socket that whoever started the program left open (`fd@N`, systemd's
    /// socket activation).
    ///
    /// - Parameter number: The descriptor's number; it stays open.
    /// - Returns: A descriptor of our own for the same socket, non-blocking and close-on-exec.
    /// - Throws: `SystemError` when it is no listening socket: `EBADF` when it is nothing, `ENOTSOCK`,
    ///   or `EINVAL` when it does not listen.
    public static func inherited(_ number: Int32) throws(SystemError) -> Descriptor {
        let subject = "fd@\(number)"
        var accepts: Int32 = 0
        var length: UInt32 = 4
        let known = unsafe clinux_getsockopt(
            number, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length)
        try check("getsockopt", subject, known)
        guard accepts != 0 else {
            throw SystemError(call: "accept", errno: .invalidArgument, subject: subject)
        }
        let copy = try check("fcntl", subject, clinux_fcntl(number, F_DUPFD_CLOEXEC, 3))
        let socket = Descriptor(owning: Int32(copy))
        let flags = clinux_fcntl(socket.rawValue, F_GETFL, 0)
        try check(
            "fcntl", subject, clinux_fcntl(socket.rawValue, F_SETFL, flags | Int(O_NONBLOCK)))
        return socket
    }
}

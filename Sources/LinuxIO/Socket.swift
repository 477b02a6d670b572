internal import CLinux
internal import Glibc

/// What a transfer of bytes came to.
public enum Transfer: Hashable, Sendable {
    /// That many bytes moved; 0 from a read means the end of the stream.
    case moved(Int)
    /// Nothing now: the descriptor is not ready.
    case wouldBlock
    /// The kernel refused.
    case failed(Errno)

    /// Makes a value of a system call's result.
    @inlinable
    public init(result: Int) {
        if result >= 0 {
            self = .moved(result)
        } else if result == -11 {  // EAGAIN
            self = .wouldBlock
        } else {
            self = .failed(Errno(result: result))
        }
    }
}

/// Calls on sockets, by number: who owns the descriptor does not matter to them.
///
/// Every socket is made non-blocking and close-on-exec. `socket(7)`, `ip(7)`, `tcp(7)`.
public enum Socket {
    /// Makes a stream socket over IPv4.
    public static func tcp() throws(SystemError) -> Descriptor {
        try open(AF_INET, Int32(SOCK_STREAM.rawValue), 0, "tcp")
    }

    /// Makes a pair of connected stream sockets between processes.
    ///
    /// - Returns: The two ends' numbers; the caller owns both.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public static func pair() throws(SystemError) -> (Int32, Int32) {
        var numbers: (Int32, Int32) = (-1, -1)
        let type = Int32(SOCK_STREAM.rawValue) | nonBlocking | closeOnExec
        let result = unsafe withUnsafeMutablePointer(to: &numbers) { pair in
            // SAFETY: the kernel writes two ints; the tuple holds exactly two.
            unsafe pair.withMemoryRebound(to: Int32.self, capacity: 2) {
                unsafe clinux_socketpair(AF_UNIX, type, 0, $0)
            }
        }
        try check("socketpair", nil, result)
        return numbers
    }

    /// Makes a socket of any domain, type and protocol.
    ///
    /// - Parameters:
    ///   - domain: `AF_INET` and so on.
    ///   - type: `SOCK_RAW` and so on, without flags.
    ///   - protocolNumber: The protocol of the domain.
    ///   - subject: What the socket is for, in the error.
    /// - Returns: The socket, non-blocking and close-on-exec.
    /// - Throws: `SystemError`: no permission, or a full descriptor table.
    public static func open(
        _ domain: Int32, _ type: Int32, _ protocolNumber: Int32, _ subject: String
    ) throws(SystemError) -> Descriptor {
        Descriptor(
            owning: Int32(
                try check(
                    "socket", subject,
                    clinux_socket(domain, type | nonBlocking | closeOnExec, protocolNumber))))
    }

    /// Makes a socket that listens, also on an address that the node does not hold yet.
    ///
    /// IP_FREEBIND takes the place of the sysctl `ip_nonlocal_bind`.
    ///
    /// - Parameters:
    ///   - address: Where to listen; address 0 is every address of the node.
    ///   - backlog: Connections that may wait to be accepted; the kernel caps it at `somaxconn`.
    /// - Returns: The listening socket.
    /// - Throws: `SystemError` that names the address: in use, or no permission.
    public static func listening(
        on address: SocketAddress, backlog: Int32
    ) throws(SystemError) -> Descriptor {
        let socket = try tcp()
        try setOption(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try setOption(socket.rawValue, Int32(IPPROTO_IP), IP_FREEBIND, 1, "IP_FREEBIND")
        // Accepted sockets inherit it, which saves a call per connection.
        try setOption(socket.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, 1, "TCP_NODELAY")
        var raw = address.raw
        try check("bind", address.description, unsafe clinux_bind(socket.rawValue, &raw, 16))
        try check("listen", address.description, clinux_listen(socket.rawValue, backlog))
        return socket
    }

    /// Ends listening for every process that has the socket; connections that nobody accepted yet
    /// are reset, and another socket may listen in its place.
    ///
    /// - Parameter socket: A listening socket, which stays open. `shutdown(2)`.
    public static func endListening(_ socket: Int32) { _ = clinux_shutdown(socket, 2) }

    /// Sets an integer option.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - level: `SOL_SOCKET`, `IPPROTO_IP` and so on.
    ///   - name: The option's number.
    ///   - value: The value.
    ///   - subject: The option's name, for the error.
    /// - Throws: `SystemError`.
    public static func setOption(
        _ socket: Int32, _ level: Int32, _ name: Int32, _ value: Int32, _ subject: String
    ) throws(SystemError) {
        var value = value
        try check("setsockopt", subject, unsafe clinux_setsockopt(socket, level, name, &value, 4))
    }

    /// Sets an option whose value is a string or a structure.
    ///
    /// - Parameters:
    ///   - socket: The socket.
    ///   - level: `SOL_SOCKET`, `IPPROTO_IP` and so on.
    ///   - name: The option's number.
    ///   - bytes: The value as the kernel takes it.
    ///   - subject: What the option is set to, for the error.
    /// - Throws: `SystemError`.
    public static func setOption(
        _ socket: Int32, _ level: Int32, _ name: Int32, bytes: [UInt8], _ subject: String
    ) throws(SystemError) {
        let result = unsafe bytes.withUnsafeBytes { value in
            unsafe clinux_setsockopt(socket, level, name, value.baseAddress, UInt32(value.count))
        }
        try check("setsockopt", subject, result)
    }

    /// The address that a socket is bound to.
    ///
    /// - Parameter socket: An IPv4 socket.
    /// - Returns: Its own address and port.
    /// - Throws: `SystemError`.
    public static func localAddress(of socket: Int32) throws(SystemError) -> SocketAddress {
        var raw = RawSocketAddress()
        var length: UInt32 = 16
        try check("getsockname", nil, unsafe clinux_getsockname(socket, &raw, &length))
        return SocketAddress(raw)
    }

    static let nonBlocking = Int32(SOCK_NONBLOCK.rawValue)
    static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
}

internal import CLinux
internal import Glibc

/// Stream sockets that live in the file system.
///
/// `unix(7)`.
public enum UnixSocket {
    /// Makes a socket that listens at `path`, in place of a stale one.
    ///
    /// - Parameters:
    ///   - path: At most 107 bytes.
    ///   - mode: The permissions of the file, 0o600 for example.
    /// - Returns: The listening socket; the file outlives it.
    /// - Throws: `SystemError` that names the path.
    public static func listening(at path: String, mode: UInt32) throws(SystemError) -> Descriptor {
        let socket = try Socket.open(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, path)
        var (address, length) = try rawAddress(path)
        _ = unsafe unlink(path)
        try check("bind", path, unsafe clinux_bind(socket.rawValue, &address, length))
        _ = unsafe chmod(path, mode)
        try check("listen", path, clinux_listen(socket.rawValue, 16))
        return socket
    }

    /// Connects to the socket at `path`.
    ///
    /// - Parameter path: At most 107 bytes.
    /// - Returns: The connected socket, non-blocking.
    /// - Throws: `SystemError` that names the path; `ENOENT` or `ECONNREFUSED` when nobody listens.
    public static func connected(to path: String) throws(SystemError) -> Descriptor {
        let socket = try Socket.open(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, path)
        var (address, length) = try rawAddress(path)
        try check("connect", path, unsafe clinux_connect(socket.rawValue, &address, length))
        return socket
    }

    /// Takes a name that one socket of a network namespace can have at a time.
    ///
    /// The name goes with its holder, however that ends, and is no file that could be left behind:
    /// the abstract names of `unix(7)`.
    ///
    /// - Parameter name: 1 to 107 bytes.
    /// - Returns: The socket that holds the name until it is closed.
    /// - Throws: `SystemError` that names it; `EADDRINUSE` when somebody holds it.
    public static func claiming(name: String) throws(SystemError) -> Descriptor {
        let socket = try Socket.open(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, name)
        var (address, length) = try rawAddress("@" + name)
        address.sun_path.0 = 0
        // Every byte counts in an abstract name, so the terminator stays outside.
        try check("bind", "@" + name, unsafe clinux_bind(socket.rawValue, &address, length - 1))
        return socket
    }

    private static func rawAddress(_ path: String) throws(SystemError) -> (sockaddr_un, UInt32) {
        var address = sockaddr_un()
        address.sun_family = UInt16(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < 108, !bytes.isEmpty else {
            throw SystemError(call: "bind", errno: Errno(rawValue: ENAMETOOLONG), subject: path)
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return (address, UInt32(2 + bytes.count + 1))
    }
}

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

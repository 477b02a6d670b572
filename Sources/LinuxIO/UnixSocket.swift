internal import CLinux
internal import Glibc

/// Stream sockets that live in the file system.
///
/// `unix(7)`.
public enum UnixSocket {
    /// Makes a socket that listens at `path`, in place of one that nobody listens on any more.
    ///
    /// - Parameters:
    ///   - path: At most 107 bytes.
    ///   - mode: The permissions of the file, 0o600 for example; they hold before anybody can
    ///     connect.
    ///   - owner: The file's user and group, by number; `nil`: this process's.
    ///   - backlog: Connections that may wait to be accepted.
    /// - Returns: The listening socket; the file outlives it.
    /// - Throws: `SystemError` that names the path: `EADDRINUSE` when somebody listens there,
    ///   `EEXIST` when a file that is no socket has that name.
    public static func listening(
        at path: String, mode: UInt32, owner: (user: UInt32?, group: UInt32?) = (nil, nil),
        backlog: Int32 = 16
    ) throws(SystemError) -> Descriptor {
        let socket = try Socket.open(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, path)
        var (address, length) = try rawAddress(path)
        try removeStale(path)
        try check("bind", path, unsafe clinux_bind(socket.rawValue, &address, length))
        // Before it listens: until then nobody can connect, whatever the umask allows.
        try setAccess(to: path, mode: mode, owner: owner)
        try check("listen", path, clinux_listen(socket.rawValue, backlog))
        return socket
    }

    /// Changes who may connect to the socket at `path`.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - mode: Its permissions, 0o600 for example.
    ///   - owner: Its user and group, by number; `nil`: those that it has.
    /// - Throws: `SystemError` that names the path.
    public static func setAccess(
        to path: String, mode: UInt32, owner: (user: UInt32?, group: UInt32?)
    ) throws(SystemError) {
        guard unsafe chmod(path, mode) == 0 else {
            throw SystemError(call: "chmod", errno: Errno(rawValue: errno), subject: path)
        }
        // All ones: leave as it is.
        guard unsafe chown(path, owner.user ?? ~0, owner.group ?? ~0) == 0 else {
            throw SystemError(call: "chown", errno: Errno(rawValue: errno), subject: path)
        }
    }

    /// Removes the file of a socket that nobody listens on, and nothing else.
    private static func removeStale(_ path: String) throws(SystemError) {
        var information = stat()
        guard unsafe lstat(path, &information) == 0 else { return }
        guard information.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemError(call: "bind", errno: .fileExists, subject: path)
        }
        do throws(SystemError) {
            _ = try connected(to: path)
        } catch {
            guard error.errno == .connectionRefused else {
                // A listener that is too busy to be asked is one.
                if error.errno == .wouldBlock { throw inUse(path) }
                throw error
            }
            _ = unsafe unlink(path)
            return
        }
        throw inUse(path)
    }

    private static func inUse(_ path: String) -> SystemError {
        SystemError(call: "bind", errno: .addressInUse, subject: path)
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

    /// Takes the next connection that waits.
    ///
    /// - Parameter listener: A listening Unix socket.
    /// - Returns: The connection, non-blocking and close-on-exec.
    /// - Throws: `SystemError`; `EAGAIN` when none waits.
    public static func accepted(from listener: Int32) throws(SystemError) -> Descriptor {
        let flags = Socket.nonBlocking | Socket.closeOnExec
        return Descriptor(
            owning: Int32(try check("accept", nil, clinux_accept(listener, nil, nil, flags))))
    }

    /// Reads what has come, without waiting.
    ///
    /// - Parameters:
    ///   - socket: A connected socket.
    ///   - bytes: Where up to 64 KiB are appended.
    /// - Returns: How many came; 0 at the end of the stream.
    public static func read(from socket: Int32, into bytes: inout [UInt8]) -> Transfer {
        var result = 0
        let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            result = unsafe clinux_recv(socket, buffer.baseAddress, buffer.count, 0)
            count = max(0, result)
        }
        bytes += chunk
        return Transfer(result: result)
    }

    /// Removes the file of a socket that nobody listens on any more.
    ///
    /// - Parameter path: Where it is; one that is gone already is ignored.
    public static func remove(_ path: String) { _ = unsafe unlink(path) }

    /// Sends one datagram to the socket at `path`, without waiting.
    ///
    /// - Parameters:
    ///   - datagram: The bytes.
    ///   - path: At most 107 bytes; one that begins with `@` is an abstract name.
    /// - Throws: `SystemError` that names the path; `ENOENT` or `ECONNREFUSED` when nobody receives
    ///   there, `EAGAIN` when the receiver takes no more at present.
    public static func send(_ datagram: [UInt8], to path: String) throws(SystemError) {
        let socket = try Socket.open(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0, path)
        var (address, length) = try rawAddress(path)
        if path.hasPrefix("@") {
            address.sun_path.0 = 0
            length -= 1
        }
        let noSignal: Int32 = 0x4000  // MSG_NOSIGNAL
        let result = unsafe datagram.withUnsafeBytes { bytes in
            unsafe clinux_sendto(
                socket.rawValue, bytes.baseAddress, bytes.count, noSignal, &address, length)
        }
        try check("sendto", path, result)
    }

    /// The permissions of a socket that anybody may connect to.
    public static let everybody: UInt32 = 0o666

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

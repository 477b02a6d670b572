import Glibc

/// Somebody who takes log lines at a socket of this host, as `/dev/log` is.
package final class LogDaemon {
    package let path: String
    private let socket: Int32

    /// Listens at a path of its own where none is given.
    ///
    /// - Parameter path: At most 107 octets; removed at the end.
    /// - Throws: `SocketFailure`, where somebody has it.
    package init(at path: String? = nil) throws {
        let path = path ?? "/tmp/log-daemon-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        self.path = path
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw SocketFailure(errno: errno) }
    }

    deinit {
        close(socket)
        unlink(path)
    }

    /// The lines that have come since the last look.
    package func takeLines() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 8_192)
        var lines: [String] = []
        while true {
            let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count >= 0 else { return lines }
            lines.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }
}

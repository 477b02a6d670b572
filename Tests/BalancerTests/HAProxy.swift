import Glibc
import LinuxIO

@testable import Balancer

/// haproxy from Debian, in front of one server.
final class HAProxy {
    let port: UInt16
    private let process: ChildProcess
    private let path: String

    /// - Parameters:
    ///   - server: The server behind it.
    ///   - options: Further lines of its section.
    ///   - more: Further servers.
    init(server: SocketAddress, options: String, more: [SocketAddress] = []) throws {
        // A port that was free a moment ago.
        let probe = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        port = try Socket.localAddress(of: probe.rawValue).port
        _ = consume probe
        path = "/tmp/haproxy-test-\(getpid())-\(port).cfg"
        let others = more.enumerated().map { "    server s\($0) \($1)\n" }.joined()
        let text = """
            global
                nbthread 1
            defaults
                mode tcp
                timeout connect 300ms
                timeout client 600ms
                timeout server 600ms
                timeout queue 300ms
                retries 0
            listen proxy
                bind 127.0.0.1:\(port)
                \(options)
                server s \(server) maxconn 2

            """ + others
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        _ = text.withCString { write(file, $0, strlen($0)) }
        close(file)
        let null = try Descriptor.nullDevice()
        process = try ChildProcess(
            path: "/usr/sbin/haproxy", arguments: ["haproxy", "-db", "-q", "-f", path],
            descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
        let port = port
        guard eventually({ Self.listens(port) }) else { throw Errno.connectionRefused }
    }

    deinit {
        process.end()
        unlink(path)
    }

    /// Looks without connecting, which the server behind would see.
    private static func listens(_ port: UInt16) -> Bool {
        let file = open("/proc/net/tcp", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(file, &buffer, 65_536), count > 0 { text += buffer[..<count] }
        let digits = String(port, radix: 16, uppercase: true)
        let number = String(repeating: "0", count: 4 - digits.count) + digits
        return String(decoding: text, as: UTF8.self)
            .contains("0100007F:\(number) 00000000:0000 0A")
    }
}

/// For conversations that take their time on a busy machine.
let patient = "timeout client 60s\n    timeout server 60s"

extension PoolPlan {
    /// The settings of ``HAProxy``'s file.
    mutating func imitateHAProxy(_ frontend: inout FrontendPlan, _ options: String) {
        connectTimeout = .milliseconds(300)
        serverTimeout = .milliseconds(600)
        queueTimeout = .milliseconds(300)
        frontend.clientTimeout = .milliseconds(600)
        retries = 0
        if options == patient {
            serverTimeout = .seconds(60)
            frontend.clientTimeout = .seconds(60)
        }
        if options.contains("server-fin") { serverFinTimeout = .milliseconds(200) }
    }
}

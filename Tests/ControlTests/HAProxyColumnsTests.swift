import Control
import Glibc
import Testing

extension Tag {
    /// Compares with the haproxy that is installed on this host.
    @Tag static var needsHAProxy: Self
}

@Suite(.tags(.needsHAProxy)) struct `Columns of the installed haproxy` {
    private static let program = "/usr/sbin/haproxy"
    private static var isInstalled: Bool {
        if access(program, X_OK) == 0 { return true }
        print("NOT RUN: haproxy's columns were not compared, \(program) is not installed")
        return false
    }

    @Test(.enabled(if: isInstalled, "haproxy is not installed"))
    func `ours begin with them, in their order`() async throws {
        let socket = try BoundSocket()
        let haproxy = try HAProxy(inheriting: socket.descriptor)
        defer { haproxy.end() }
        let port = socket.port
        let answer = try await blocking {
            let client = try Client(port: port)
            client.send("GET /stats;csv HTTP/1.0\r\n\r\n")
            return try #require(client.readToEnd())
        }
        let begin = try #require(answer.firstRange(of: "# pxname")).lowerBound
        let theirs = answer[begin...].dropFirst(2).split(separator: ",").map(String.init)
            .prefix { $0 != "-" }
        #expect(theirs.count > 90)
        #expect(Array(StatisticsCSV.columns.prefix(theirs.count)) == Array(theirs))
    }
}

/// A haproxy that serves its own statistics on a socket that it inherits.
private struct HAProxy {
    private let process: pid_t
    private let path: String

    init(inheriting descriptor: CInt) throws {
        listen(descriptor, 16)
        path = "/tmp/lbctl-columns-\(getpid()).cfg"
        let inherited: CInt = 100
        let text = """
            defaults
                mode http
                timeout client 5s
                timeout server 5s
                timeout connect 5s
            listen stats
                bind fd@\(inherited)
                stats enable
                stats uri /stats

            """
        guard let file = fopen(path, "w") else { throw SocketFailure(call: "fopen", errno: errno) }
        fputs(text, file)
        fclose(file)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, descriptor, inherited)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let words: [String] = ["haproxy", "-db", "-q", "-f", path]
        var arguments = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var spawned: pid_t = 0
        let result = posix_spawn(&spawned, "/usr/sbin/haproxy", &actions, nil, arguments, environ)
        guard result == 0 else { throw SocketFailure(call: "posix_spawn", errno: result) }
        process = spawned
    }

    func end() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
        unlink(path)
    }
}

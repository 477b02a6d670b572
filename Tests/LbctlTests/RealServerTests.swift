#if Program
import Foundation
import LinuxIO
import Testing

/// Checks of real servers of Debian, as configured, in the running program.
@ProgramThread @Suite(.serialized) struct `Health checks of real servers` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func awaitWords(_ words: [String]) throws {
        var last = ""
        try eventually(within: .seconds(20), "\(words) in\n\(last)") {
            last = try folder.run("status", "--control", folder.control).output
            let lines = last.split(separator: "\n").map {
                $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            }
            return words.allSatisfy { word in lines.contains { $0.hasPrefix(word) } }
        }
    }

    private func check(_ sections: String) throws -> RunningProgram {
        try folder.start(
            try folder.write(
                """
                defaults
                    timeout client 5s
                    timeout server 5s
                    timeout connect 1s
                    timeout check 5s
                    default-server inter 100ms rise 1 fall 2
                \(sections)

                """, to: "a.cfg"))
    }

    @Test func `Redis by a script, by PING, with a password and by its role`() throws {
        let port = try freePort()
        let redis = try RunningProgram(
            [
                "/usr/bin/redis-server", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "",
                "--requirepass", "secret", "--dir", folder.path,
            ], in: folder, output: "redis", errors: "redis")
        try folder.write("secret\n", to: "password")
        let program = try check(
            """
            listen script 127.0.0.1:\(try freePort())
                option tcp-check
                tcp-check send AUTH\\ secret\\r\\n
                tcp-check expect string +OK
                tcp-check send info\\ replication\\r\\n comment role
                tcp-check expect rstring role:master
                server s 127.0.0.1:\(port) check
            backend login
                option redis-check password-file \(folder.path)/password expect primary
                server s 127.0.0.1:\(port) check
            backend replica
                option redis-check password-file \(folder.path)/password expect replica
                server s 127.0.0.1:\(port) check
            backend wrong
                option redis-check password nonsense
                server s 127.0.0.1:\(port) check
            """)
        try awaitWords([
            "script s UP L7OK", "login s UP L7OK", "replica s DOWN L7STS", "wrong s DOWN L7STS",
        ])
        #expect(
            try folder.run("status", "--control", folder.control).output.contains(" ms, primary "))
        redis.kill()
        try awaitWords(["script s DOWN L4CON", "login s DOWN L4CON"])
        withExtendedLifetime(program) {}
    }

    @Test(.tags(.needsRoot)) func `PostgreSQL by its start-up, by a login and by its role`() throws
    {
        let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
        let bin = "/usr/lib/postgresql/\(versions.max() ?? "")/bin"
        let user = [
            "/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
        ]
        chmod(folder.path, 0o777)
        let data = folder.path + "/data"
        let made = try folder.run(
            command: user + [
                "\(bin)/initdb", "-D", data, "-U", "admin", "--auth=scram-sha-256", "--no-sync",
                "--no-locale", "--pwfile=\(try folder.write("secret\n", to: "password"))",
            ])
        #expect(made.status == 0, "\(made.errors)")
        let port = try freePort()
        let postgres = try RunningProgram(
            user + [
                "\(bin)/postgres", "-D", data, "-p", "\(port)", "-c",
                "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
            ], in: folder, output: "postgres", errors: "postgres")
        let login = "option pgsql-check user admin database postgres"
        let program = try check(
            """
            listen start 127.0.0.1:\(try freePort())
                option pgsql-check user admin
                server s 127.0.0.1:\(port) check
            backend login
                \(login) password-file \(folder.path)/password expect primary
                server s 127.0.0.1:\(port) check
            backend replica
                \(login) password-file \(folder.path)/password expect replica
                server s 127.0.0.1:\(port) check
            backend wrong
                \(login) password nonsense
                server s 127.0.0.1:\(port) check
            """)
        try awaitWords([
            "start s UP L7OK", "login s UP L7OK", "replica s DOWN L7STS", "wrong s DOWN L7STS",
        ])
        postgres.kill()
        try awaitWords(["start s DOWN L4CON", "login s DOWN L4CON"])
        withExtendedLifetime(program) {}
    }

    @Test func `the example is accepted as it stands`() throws {
        let examples = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Examples/health").standardized.path
        for node in ["lb1", "lb2"] {
            let result = try folder.run(
                "check", "\(examples)/keepalived-\(node).conf", "\(examples)/haproxy.cfg")
            #expect(result.status == 0, "\(result.errors)")
            #expect(!result.errors.contains("warning"), "\(result.errors)")
            #expect(!result.errors.contains("error"), "\(result.errors)")
        }
    }
}
#endif

#if Program
import Foundation
import Glibc

/// PostgreSQL with one user per way to log in, each with the password `secret`; a standby of it, and
/// one that is for ever starting up.
package struct PostgreSQL: Sendable {
    package let server: RealServer
    package let standby: RealServer
    package let starting: RealServer

    package init() async throws {
        let folder = try TemporaryFolder(for: "postgres")
        let versions = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")
            .filter {
                FileManager.default.isExecutableFile(
                    atPath: "/usr/lib/postgresql/\($0)/bin/postgres")
            }
        let bin = "/usr/lib/postgresql/\(versions.max() ?? "")/bin"
        let data = "\(folder.path)/data"
        try await RealServer.run(
            "\(bin)/initdb",
            ["-D", data, "-U", "admin", "--auth=trust", "--no-sync", "--no-locale"],
            as: "postgres")
        // Single-user mode takes the statements one line each.
        try await RealServer.run(
            "\(bin)/postgres", ["--single", "-D", data, "postgres"], as: "postgres",
            input: """
                SET password_encryption = 'scram-sha-256'; CREATE ROLE scram LOGIN PASSWORD 'secret'
                CREATE ROLE plain LOGIN PASSWORD 'secret'
                SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'secret'
                CREATE ROLE open LOGIN

                """)
        let rules = """
            host all scram 127.0.0.1/32 scram-sha-256
            host all old 127.0.0.1/32 md5
            host all plain 127.0.0.1/32 password
            host all open 127.0.0.1/32 trust

            """
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(data)/pg_hba.conf"))
        try file.truncate(atOffset: 0)
        file.write(Data(rules.utf8))
        try file.close()
        func start(_ data: String, _ settings: String...) async throws -> RealServer {
            let port = try closedPort()
            let all = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
            let common = ["-D", data, "-p", "\(port)", "-c", "shared_buffers=1MB"]
            return try await RealServer(
                "\(bin)/postgres", common + (all + settings).flatMap { ["-c", $0] }, in: folder,
                port: port, as: "postgres")
        }
        // A standby of whom nobody sends anything, and one that waits for what comes from an archive.
        for copy in ["standby", "starting"] {
            try await RealServer.run("/bin/cp", ["-a", data, "\(folder.path)/\(copy)"])
            folder.write("\(copy)/standby.signal", "")
        }
        server = try await start(data)
        standby = try await start("\(folder.path)/standby")
        starting = try await start("\(folder.path)/starting", "restore_command=sleep 60")
        // They accept before they have started up, and say so.
        for one in [server, standby] {
            for _ in 0..<200 {
                do {
                    try await RealServer.run(
                        "\(bin)/pg_isready", ["-q", "-h", "127.0.0.1", "-p", "\(one.port)"])
                    break
                } catch {
                    try await Task.sleep(for: .milliseconds(25))
                }
            }
        }
    }

    package func stop() {
        for one in [server, standby, starting] { one.stop() }
    }
}

/// MariaDB with the user `check`, password `secret`, `nobody` without one, and `newer`, whose account
/// is of a method that probes do not know.
package struct MariaDB: Sendable {
    package let server: RealServer

    package init() async throws {
        let folder = try TemporaryFolder(for: "mysql")
        let data = "\(folder.path)/data"
        try await RealServer.run(
            "/usr/bin/mariadb-install-db",
            [
                "--no-defaults", "--datadir=\(data)", "--tmpdir=\(folder.path)",
                "--auth-root-authentication-method=normal", "--skip-test-db",
                "--innodb-log-file-size=4M",
            ], as: "mysql")
        let statements = folder.write(
            "init.sql",
            """
            CREATE USER 'check'@'%' IDENTIFIED BY 'secret';
            CREATE USER 'nobody'@'%';
            CREATE USER 'newer'@'%' IDENTIFIED VIA ed25519 USING PASSWORD('secret');
            FLUSH PRIVILEGES;
            """)
        let port = try closedPort()
        server = try await RealServer(
            "/usr/sbin/mariadbd",
            [
                "--no-defaults", "--datadir=\(data)", "--tmpdir=\(folder.path)", "--port=\(port)",
                "--bind-address=127.0.0.1",
                "--socket=\(folder.path)/socket", "--pid-file=\(folder.path)/pid",
                "--plugin-load-add=auth_ed25519", "--init-file=\(statements)",
                "--skip-name-resolve",
                "--innodb-flush-log-at-trx-commit=0",
            ], in: folder, port: port, as: "mysql")
    }

    /// Makes it a replica, as far as probes are concerned, or the primary again.
    package func setReadOnly(_ isReadOnly: Bool) async throws {
        try await RealServer.run(
            "/usr/bin/mariadb",
            [
                "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--port=\(server.port)",
                "--user=root", "--execute=SET GLOBAL read_only = \(isReadOnly ? 1 : 0)",
            ])
    }
}

/// Redis; with a password, as the replica of another port, which has the same one.
package struct Redis: Sendable {
    package let server: RealServer

    package init(password: String? = nil, replicaOf primary: Int? = nil) async throws {
        let folder = try TemporaryFolder()
        let port = try closedPort()
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path,
        ]
        if let password { arguments += ["--requirepass", password, "--masterauth", password] }
        if let primary { arguments += ["--replicaof", "127.0.0.1", "\(primary)"] }
        server = try await RealServer(
            "/usr/bin/redis-server", arguments, in: folder, port: port)
    }
}
#endif

#if Program
import Foundation
import Glibc
import HealthCheck

/// PostgreSQL with one user per way to log in, each with the password `secret`.
struct PostgreSQL {
    let server: RealServer

    init() async throws {
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
        let port = try closedPort()
        server = try await RealServer(
            "\(bin)/postgres",
            [
                "-D", data, "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c",
                "unix_socket_directories=", "-c", "fsync=off", "-c", "shared_buffers=1MB",
            ], in: folder, port: port, as: "postgres")
        // It accepts before it has started up, and says so.
        for _ in 0..<200 {
            let check = PostgreSQLProbe(.startup(user: "open"))
            if try await probe(check, port: port).verdict == true { return }
            try await Task.sleep(for: .milliseconds(25))
        }
    }
}

/// MariaDB with the user `check`, password `secret`, `nobody` without one, and `newer`, whose account
/// is of a method that probes do not know.
struct MariaDB {
    let server: RealServer

    init(readOnly: Bool = false) async throws {
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
                "--read-only=\(readOnly ? 1 : 0)", "--innodb-flush-log-at-trx-commit=0",
            ], in: folder, port: port, as: "mysql")
    }
}

/// Redis; with a password, or as the replica of another port.
struct Redis {
    let server: RealServer

    init(password: String? = nil, replicaOf primary: Int? = nil) async throws {
        let folder = try TemporaryFolder()
        let port = try closedPort()
        var arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", folder.path,
        ]
        if let password { arguments += ["--requirepass", password] }
        if let primary { arguments += ["--replicaof", "127.0.0.1", "\(primary)"] }
        server = try await RealServer(
            "/usr/bin/redis-server", arguments, in: folder, port: port)
    }
}
#endif

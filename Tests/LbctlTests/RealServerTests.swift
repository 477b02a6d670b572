#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// Checks of real servers of Debian, as configured, in the running program.
@ProgramThread @Suite(.serialized) struct `Health checks of real servers` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// A proxy with one server: what is configured, and what must be said of it.
    private struct Row {
        let name: String
        let server: String
        let lines: [String]
        let outcome: String

        init(_ name: String, _ server: String, _ lines: String..., is outcome: String) {
            self.name = name
            self.server = server
            self.lines = lines
            self.outcome = outcome
        }

        var section: String {
            (["backend \(name)"] + lines.map { "    \($0)" } + ["    server s \(server) check"])
                .joined(separator: "\n")
        }
    }

    private func program(with rows: [Row]) throws -> RunningProgram {
        try folder.start(
            try folder.write(
                """
                defaults
                    timeout client 5s
                    timeout server 5s
                    timeout connect 1s
                    timeout check 5s
                    default-server inter 300ms fastinter 100ms rise 1 fall 2
                listen front 127.0.0.1:\(try freePort())
                \(rows.map(\.section).joined(separator: "\n"))

                """, to: "a.cfg"))
    }

    /// Waits until the control socket says of each server what must be said of it.
    private func expect(_ rows: [Row]) throws {
        var left = rows
        var wrong = ["nothing was read"]
        try eventually(
            within: .seconds(20), wrong.joined(separator: "\n") + folder.text(of: "log")
        ) {
            // The socket is there once the program serves.
            guard let servers = try? folder.servers() else { return false }
            wrong = []
            left = left.filter { row in
                let server = servers["\(row.name)/s"]
                let check = server?["check"] as? [String: Any]
                let words = [server?["status"], check?["check_status"], check?["last_chk"]]
                    .map { $0 as? String ?? "" }
                let text = words.filter { !$0.isEmpty }.joined(separator: " ")
                guard !text.hasPrefix(row.outcome) else { return false }
                wrong.append("\(row.name): \(text), not \(row.outcome)")
                return true
            }
            return left.isEmpty
        }
    }

    private func databases(
        _ mysql: MariaDB, _ postgres: PostgreSQL, _ redis: Redis, _ copy: Redis
    ) throws -> [Row] {
        let password = "password-file \(try folder.write("secret\n", to: "password"))"
        let (maria, elephant) = (
            "127.0.0.1:\(mysql.server.port)", "127.0.0.1:\(postgres.server.port)"
        )
        let standby = "127.0.0.1:\(postgres.standby.port)"
        let login = "option pgsql-check user scram database postgres \(password)"
        let remote = "127.0.0.1:\(redis.server.port)"
        let follower = "127.0.0.1:\(copy.server.port)"
        return [
            Row("my-greeting", maria, "option mysql-check", is: "UP L7OK "),
            Row("my-user", maria, "option mysql-check user nobody", is: "UP L7OK logged in"),
            Row(
                "my-refused", maria, "option mysql-check user check",
                is: "DOWN L7STS 1045: Access denied for user 'check'@"),
            Row(
                "my-primary", maria, "option mysql-check user check \(password) expect primary",
                is: "UP L7OK primary"),
            Row(
                "my-replica", maria, "option mysql-check user check \(password) expect replica",
                is: "DOWN L7STS is primary, not replica"),
            Row(
                "pg-start", elephant, "option pgsql-check user scram",
                is: "UP L7OK PostgreSQL takes connections"),
            Row("pg-primary", elephant, "\(login) expect primary", is: "UP L7OK primary"),
            Row(
                "pg-replica", elephant, "\(login) expect replica",
                is: "DOWN L7STS is primary, not replica"),
            Row("pg-standby", standby, "\(login) expect replica", is: "UP L7OK replica"),
            Row(
                "pg-starting", "127.0.0.1:\(postgres.starting.port)", login,
                is: "DOWN L7STS FATAL 57P03: the database system is starting up"),
            Row(
                "pg-wrong", elephant, "option pgsql-check user scram password nonsense",
                is: "DOWN L7STS FATAL 28P01: password authentication failed"),
            Row(
                "redis-script", remote, "option tcp-check", "tcp-check send AUTH\\ secret\\r\\n",
                "tcp-check expect string +OK",
                "tcp-check send info\\ replication\\r\\n comment role",
                "tcp-check expect rstring role:master", is: "UP L7OK (tcp-check)"),
            Row(
                "redis-primary", remote, "option redis-check \(password) expect primary",
                is: "UP L7OK role \"master\""),
            Row(
                "redis-replica", remote, "option redis-check \(password) expect replica",
                is: "DOWN L7STS role \"master\""),
            Row(
                "redis-follower", follower, "option redis-check \(password) expect replica",
                is: "UP L7OK role \"slave\""),
            Row(
                "redis-not-primary", follower, "option redis-check \(password) expect primary",
                is: "DOWN L7STS role \"slave\""),
            Row(
                "redis-wrong", remote, "option redis-check password nonsense",
                is: "DOWN L7STS WRONGPASS"),
        ]
    }

    private func services(_ mail: Exim, _ directory: OpenLDAP, _ names: Unbound) throws -> [Row] {
        let (post, ldap) = ("127.0.0.1:\(mail.server.port)", "127.0.0.1:\(directory.server.port)")
        let dns = "127.0.0.1:\(names.server.port)"
        // A question for web.example; its number is in the answer.
        let query = "send-binary 12340100000100000000000003776562076578616D706C650000010001"
        let admin = "option ldap-check name cn=admin,dc=example password"
        let weight = try folder.write("40\n", to: "weight")
        return [
            Row(
                "smtp", post, "option smtpchk EHLO lb.example", is: "UP L7OK 250"),
            Row(
                "smtp-refused", post, "option smtpchk HELO refused", is: "DOWN L7STS 550 not you"),
            Row("ldap", ldap, "\(admin) secret", is: "UP L7OK bound"),
            Row("ldap-anonymous", ldap, "option ldap-check", is: "UP L7OK bound"),
            Row(
                "ldap-wrong", ldap, "\(admin) wrong",
                is: "DOWN L7STS result 49 (invalid credentials)"),
            Row(
                "dns", dns, "option dns-check web.example type A", is: "UP L7OK NOERROR, 1 answers"),
            Row(
                "dns-none", dns, "option dns-check no.example",
                is: "DOWN L7STS NXDOMAIN, 0 answers"),
            Row("udp", dns, "option udp-check \(query) expect binary 1234", is: "UP L7OK 45 bytes"),
            Row(
                "udp-other", dns, "option udp-check \(query) expect binary 4321",
                is: "DOWN L7RSP another reply than expected: 1234"),
            Row(
                "udp-closed", "127.0.0.1:\(try freePort())", "option udp-check \(query)",
                is: "DOWN L4CON Connection refused"),
            Row(
                "file", "\(post) weight 10", "option file-check \(weight) weight",
                is: "UP L7OK \(weight) says 40"),
            Row(
                "file-none", post, "option file-check \(weight)-not",
                is: "DOWN L7STS \(weight)-not: No such file or directory"),
        ]
    }

    private func web(_ nginx: Nginx) throws -> [Row] {
        let get = "option httpchk GET /ok HTTP/1.1 localhost"
        let secure = "127.0.0.1:\(nginx.securePort)"
        let expired = "127.0.0.1:\(nginx.expiredPort)"
        let (plain, authority) = ("127.0.0.1:\(nginx.port)", nginx.certificates.authority)
        let signed = "check-ssl verify required ca-file \(authority)"
        let strict = "\(signed) check-sni localhost"
        let socket = "\(folder.path)/socket"
        let name = "abns@lbctl-tests-\(getpid())"
        return [
            Row("http", plain, get, is: "UP L7OK 200 OK"),
            Row(
                "http-status", plain, "option httpchk GET /broken",
                is: "DOWN L7STS expected status 200-399, got status 503"),
            Row("https", "\(secure) \(signed) verifyhost localhost", get, is: "UP L7OK 200 OK"),
            Row(
                "https-alpn", "\(secure) \(strict) check-alpn http/1.1", get, is: "UP L7OK 200 OK"),
            Row(
                "https-imap", "\(secure) \(strict) check-alpn imap", get,
                is: "DOWN L6RSP the TLS handshake failed: tlsv1 alert no application protocol"),
            Row(
                "https-name", "\(secure) \(signed) verifyhost example.org", get,
                is: "DOWN L6RSP the certificate is not made out to the server's name"),
            Row(
                "https-trust", "\(secure) check-ssl check-sni localhost", get,
                is: "DOWN L6RSP the certificate is not trusted"),
            Row(
                "https-soon", "\(secure) \(strict) check-certificate-days 91", get,
                is: "DOWN L6RSP the certificate expires in 90 days, and 91 are asked for"),
            Row(
                "tls", "\(secure) \(strict) check-certificate-days 30",
                is: "UP L6OK certificate expires in 90 days"),
            Row(
                "tls-expired", "\(expired) \(strict)",
                is: "DOWN L6RSP the certificate has expired 3 days ago"),
            Row("tls-any", "\(expired) check-ssl verify none", is: "UP L6OK"),
            Row(
                "tls-script", "\(expired) check-ssl verify none", "option tcp-check",
                "tcp-check send GET\\ /ok\\ HTTP/1.0\\r\\n\\r\\n", "tcp-check expect string well",
                is: "UP L7OK (tcp-check)"),
            // What a rule says of its own handshake counts too.
            Row(
                "rule-alpn", "\(secure) verify none", "option tcp-check",
                "tcp-check connect ssl alpn imap",
                is: "DOWN L6RSP the TLS handshake failed: tlsv1 alert no application protocol"),
            Row(
                "rule-name", "\(secure) ca-file \(authority)", "option tcp-check",
                "tcp-check connect ssl sni example.org",
                is: "DOWN L6RSP the certificate is not made out to the server's name"),
            Row("hello", secure, "option ssl-hello-chk", is: "UP L6OK SSL answer"),
            Row(
                "hello-plain", plain, "option ssl-hello-chk",
                is: "DOWN L6RSP the answer begins with 72, no record of SSL"),
            Row("unix", "unix@\(socket)", get, is: "UP L7OK 204 No Content"),
            Row("abstract", name, get, is: "UP L7OK 204 No Content"),
            Row(
                "abstract-none", "\(name)-not", get, is: "DOWN L4CON Connection refused"),
        ]
    }

    /// haproxy, on sockets that have a path and a name.
    private func haproxyOnSockets() throws -> RunningProgram {
        try RunningProgram(
            [
                "/usr/sbin/haproxy", "-db", "-f",
                try folder.write(
                    """
                    defaults
                        mode http
                        timeout client 5s
                    frontend sockets
                        bind unix@\(folder.path)/socket
                        bind abns@lbctl-tests-\(getpid())
                        http-request return status 204

                    """, to: "haproxy.cfg"),
            ], in: folder, output: "haproxy", errors: "haproxy")
    }

    @Test(.tags(.needsRoot)) func `every kind of check, well and not, and what it says`()
        async throws
    {
        async let maria = MariaDB()
        async let elephant = PostgreSQL()
        let redis = try await Redis(password: "secret")
        async let copy = Redis(password: "secret", replicaOf: redis.server.port)
        async let exim = Exim()
        async let slapd = OpenLDAP()
        async let unbound = Unbound()
        async let web = Nginx()
        let haproxy = try haproxyOnSockets()
        let (databases, services, nginx) = (
            try await (maria, elephant, copy), try await (exim, slapd, unbound), try await web
        )
        defer {
            databases.0.server.stop()
            databases.1.stop()
            redis.server.stop()
            databases.2.server.stop()
            services.0.server.stop()
            services.1.server.stop()
            services.2.server.stop()
            nginx.server.stop()
            haproxy.kill()
        }
        let rows =
            try self.databases(databases.0, databases.1, redis, databases.2)
            + self.services(services.0, services.1, services.2) + self.web(nginx)
        let program = try program(with: rows)
        try expect(rows)
        #expect(try folder.servers()["file/s"]?["weight"] as? Int == 40)

        // A switch of roles and servers that are gone are seen as well.
        databases.1.server.stop()
        redis.server.stop()
        try await databases.0.setReadOnly(true)
        try expect(
            ["pg-start", "pg-primary", "redis-script", "redis-primary"].map {
                Row($0, "", is: "DOWN L4CON Connection refused")
            } + [
                Row("my-primary", "", is: "DOWN L7STS is replica, not primary"),
                Row("my-replica", "", is: "UP L7OK replica"),
            ])
        withExtendedLifetime(program) {}
    }

    @Test func `the examples are accepted as they stand, also that of the page`() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../..").standardized.path
        let page = try String(
            contentsOfFile: "\(package)/Documentation/HEALTH.md", encoding: .utf8)
        let files = try #require(page.components(separatedBy: "```").dropFirst().first)
            .components(separatedBy: "# keepalived.conf\n")
        try #require(files.count == 2)
        let examples = "\(package)/Examples/health"
        for (election, balancer) in [
            ("\(examples)/keepalived-lb1.conf", "\(examples)/haproxy.cfg"),
            ("\(examples)/keepalived-lb2.conf", "\(examples)/haproxy.cfg"),
            (
                try folder.write(files[1], to: "keepalived.conf"),
                try folder.write(files[0], to: "haproxy.cfg")
            ),
        ] {
            let result = try folder.run("check", election, balancer)
            #expect(result.status == 0, "\(result.errors)")
            #expect(!result.errors.contains("warning"), "\(result.errors)")
            #expect(!result.errors.contains("error"), "\(result.errors)")
        }
    }
}
#endif

#if Program
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Redis probe against Redis` {
        @Test func `PING, a password, a role`() async throws {
            let open = try await Redis()
            defer { open.server.stop() }
            let locked = try await Redis(password: "secret \"\r\n é")
            defer { locked.server.stop() }
            let replica = try await Redis(replicaOf: open.server.port)
            defer { replica.server.stop() }

            var check = RedisProbe()
            #expect(summary(try await probe(check, port: open.server.port)) == "L7OK PONG")
            #expect(
                summary(try await probe(check, port: locked.server.port))
                    == "L7STS NOAUTH Authentication required.")
            check.password = "secret \"\r\n é"
            #expect(summary(try await probe(check, port: locked.server.port)) == "L7OK PONG")
            check.user = "default"
            #expect(summary(try await probe(check, port: locked.server.port)) == "L7OK PONG")
            check.password = "wrong"
            #expect(
                summary(try await probe(check, port: locked.server.port))
                    == FaultTable.password["Redis login"])

            var role = RedisProbe()
            role.reportsRole = true
            #expect(try await probe(role, port: open.server.port).facts.role == .primary)
            #expect(try await probe(role, port: replica.server.port).facts.role == .replica)
            role.role = .primary
            #expect(
                summary(try await probe(role, port: open.server.port)) == "L7OK role \"master\"")
            #expect(
                summary(try await probe(role, port: replica.server.port)) == "L7STS role \"slave\"")
            try await expectFront(RedisProbe(), to: open.server.port)
        }
    }
}

extension `One after another` {
    @Suite struct `PostgreSQL probe against PostgreSQL` {
        @Test func `a start-up, every way to log in, and the role`() async throws {
            let database = try await PostgreSQL()
            defer { database.stop() }
            func check(
                _ depth: PostgreSQLProbe.Depth, at server: RealServer? = nil
            ) async throws -> String {
                let port = (server ?? database.server).port
                return summary(try await probe(PostgreSQLProbe(depth), port: port))
            }
            #expect(try await check(.startup(user: "scram")) == "L7OK PostgreSQL takes connections")
            #expect(
                try await check(.startup(user: "stranger")).hasPrefix(
                    "L7STS FATAL 28000: no pg_hba.conf entry for host"))
            for user in ["scram", "old", "plain", "open"] {
                let login = SQLLogin(user: user, password: "secret", database: "postgres")
                #expect(try await check(.login(login, role: .primary)) == "L7OK primary", "\(user)")
                #expect(
                    try await check(.login(login, role: .replica))
                        == "L7STS is primary, not replica")
            }
            let scram = SQLLogin(user: "scram", password: "secret", database: "postgres")
            #expect(
                try await check(.login(scram, role: .replica), at: database.standby)
                    == "L7OK replica")
            #expect(
                try await check(.login(scram, role: nil), at: database.standby) == "L7OK replica")
            #expect(
                try await check(.login(scram, role: .primary), at: database.standby)
                    == "L7STS is replica, not primary")
            for depth in [.startup(user: "scram"), .login(scram, role: nil)]
                as [PostgreSQLProbe.Depth]
            {
                #expect(
                    try await check(depth, at: database.starting)
                        == "L7STS FATAL 57P03: the database system is starting up")
            }
            for user in ["scram", "old", "plain"] {
                let login = SQLLogin(user: user, password: "wrong", database: "postgres")
                #expect(
                    try await check(.login(login, role: nil))
                        == FaultTable.password["PostgreSQL login"]?.replacing("scram", with: user))
            }
            try await expectFront(
                PostgreSQLProbe(.startup(user: "scram")), to: database.server.port)
            let elsewhere = SQLLogin(user: "scram", password: "secret", database: "nowhere")
            #expect(
                try await check(.login(elsewhere, role: nil))
                    == "L7STS FATAL 3D000: database \"nowhere\" does not exist")
        }
    }
}

extension `One after another` {
    @Suite struct `MySQL probe against MariaDB` {
        @Test func `a greeting, a login, and the role`() async throws {
            let database = try await MariaDB()
            defer { database.server.stop() }
            func check(_ depth: MySQLProbe.Depth) async throws -> String {
                summary(try await probe(MySQLProbe(depth), port: database.server.port))
            }
            let greeting = try await check(.greeting)
            #expect(greeting.hasPrefix("L7OK ") && greeting.contains("MariaDB"))
            let login = SQLLogin(user: "check", password: "secret", database: "information_schema")
            #expect(try await check(.login(login, role: .primary)) == "L7OK primary")
            #expect(
                try await check(.login(login, role: .replica)) == "L7STS is primary, not replica")
            try await database.setReadOnly(true)
            #expect(try await check(.login(login, role: nil)) == "L7OK replica")
            #expect(
                try await check(.login(login, role: .primary)) == "L7STS is replica, not primary")
            #expect(
                try await check(.login(SQLLogin(user: "nobody", password: ""), role: .replica))
                    == "L7OK replica")
            #expect(
                try await check(.login(SQLLogin(user: "check", password: "wrong"), role: nil))
                    == FaultTable.password["MySQL login"])
            #expect(try await check(.user("nobody")) == "L7OK logged in")
            #expect(
                try await check(.user("check")).hasPrefix(
                    "L7STS 1045: Access denied for user 'check'@"))
            // Which method a user that is not there has is the server's secret.
            #expect(try await check(.user("stranger")).hasPrefix("L7STS "))
            #expect(
                try await check(.user("newer"))
                    == "L7STS the account logs in by \"client_ed25519\"; mysql_native_password and"
                    + " caching_sha2_password are known")
            try await expectFront(MySQLProbe(.user("nobody")), to: database.server.port)
        }
    }
}

@Suite struct `Logins` {
    @Test func `a challenge of SCRAM that makes no sense is refused`() throws {
        let exchange = SCRAMExchange(nonce: "rOprNGfwEbeRWgbNEkqO")
        let challenge =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        #expect(exchange.work(challenge: Array(challenge.utf8), password: "pencil") != nil)
        #expect(
            exchange.work(challenge: Array("r=other,s=W22Z,i=4096".utf8), password: "x") == nil)
        for bad in [
            "", "r", "=", "r=rOprNGfwEbeRWgbNEkqO", "r=rOprNGfwEbeRWgbNEkqO,s=*,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=0", "r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=99999999999999",
        ] {
            #expect(exchange.work(challenge: Array(bad.utf8), password: "x") == nil)
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `base 64 is that of RFC 4648 §10`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test(arguments: ["Zg=", "Z", "Zg==Zg==", "Zg=a", "Z*==", "===="])
    func `what is not base 64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `a login does not print its password`() {
        #expect("\(SQLLogin(user: "u", password: "p", database: "d"))" == "u@d")
    }
}
#endif

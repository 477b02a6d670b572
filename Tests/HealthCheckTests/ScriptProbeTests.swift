#if Program
import Expressions
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Script probe` {
        private func run(
            _ steps: [ScriptStep], port: Int, timeout: TimeAmount = .seconds(5)
        ) async throws -> String {
            let outcome = try await probe(try ScriptProbe(steps), port: port, timeout: timeout)
            return "\(outcome.code) \(outcome.detail)"
        }

        private func expect(
            _ pattern: BytePattern, negated: Bool = false, minimum: Int? = nil,
            _ comment: String? = nil
        ) -> ScriptStep {
            var expectation = ScriptStep.Expectation(pattern)
            expectation.isNegated = negated
            expectation.minimumLength = minimum
            return ScriptStep(.expect(expectation), comment: comment)
        }

        @Test func `steps, ports and patterns of every kind, against two servers of Redis`()
            async throws
        {
            let one = try await Redis()
            defer { one.server.stop() }
            let two = try await Redis(password: "secret")
            defer { two.server.stop() }
            let steps = [
                .connect(), .send("PING\r\n"), expect(.text("+PONG")),
                .send("ECHO binary\r\n"), expect(.bytes([0x62, 0x69, 0x6E])),
                .send("INFO replication\r\n"),
                expect(.expression(try RegularExpression("role:\\w+"))),
                .connect(port: two.server.port), .send("PING\r\n"),
                expect(.hexExpression(try RegularExpression("^2D4E4F41555448"))),
                .send("AUTH secret\r\n"), expect(.text("+OK")),
                .send("PING\r\n"),
                expect(.expression(try RegularExpression("^-")), negated: true, minimum: 5),
            ]
            let outcome = try await run(steps, port: one.server.port)
            #expect(outcome == "L7OK (tcp-check)")
        }

        @Test func `a failure names the step and its comment`() async throws {
            let redis = try await Redis()
            defer { redis.server.stop() }
            let steps = [
                ScriptStep.send("PING\r\n"), expect(.text("+PONG")), .send("SET x\r\n"),
                expect(.text("+OK"), minimum: 5, "the write"),
            ]
            #expect(
                try await run(steps, port: redis.server.port)
                    == "L7RSP TCPCHK did not match content '+OK' at step 4 comment: the write")
            #expect(
                try await run(
                    [.send("PING\r\n"), expect(.text("PONG"), negated: true)],
                    port: redis.server.port)
                    == "L7RSP TCPCHK matched unwanted content 'PONG' at step 2")
        }

        @Test func `without a minimum length, more is waited for; with one it is final`()
            async throws
        {
            let peer = try await FaultyPeer(.says(Array("220 hello".utf8)))
            defer { peer.stop() }
            #expect(
                try await run([expect(.text("bye"))], port: peer.port, timeout: .milliseconds(700))
                    == "L7TOUT at step 1 of tcp-check (expect string 'bye')")
            #expect(
                try await run([expect(.text("bye"), minimum: 9)], port: peer.port)
                    == "L7RSP TCPCHK did not match content 'bye' at step 1")
            #expect(
                try await run(
                    [expect(.text("220"), minimum: 10)], port: peer.port,
                    timeout: .milliseconds(700))
                    == "L7TOUT at step 1 of tcp-check (expect string '220')")
            // Two expectations in a row look at the same bytes.
            #expect(
                try await run([expect(.text("hello")), expect(.text("220"))], port: peer.port)
                    == "L7OK (tcp-check)")
        }

        @Test func `a port that refuses is a refusal, and a script without steps none`()
            async throws
        {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            let closed = try closedPort()
            let refused = try await run(
                [.connect(), .connect(port: closed)], port: peer.port)
            #expect(
                refused
                    == "L4CON Connection refused at step 2 of tcp-check (connect port \(closed))")
            #expect(throws: ProbeSettingsError.emptyScript) { try ScriptProbe([]) }
        }

        @Test func `what is sent last arrives`() async throws {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            let steps = [ScriptStep.send("one "), .connect(), .send("two "), .send("three ")]
            let outcome = try await run(steps, port: peer.port)
            #expect(outcome == "L7OK (tcp-check)")
            for _ in 0..<200 where peer.text.utf8.count < 14 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(Set(peer.text.split(separator: " ")) == ["one", "two", "three"])
        }

        @Test func `the PROXY header comes first`() async throws {
            let peer = try await FaultyPeer(.answers([Array("ok".utf8)]))
            defer { peer.stop() }
            var connection = ScriptStep.Connection()
            connection.settings.proxyHeader = .v1
            #expect(
                try await run(
                    [ScriptStep(.connect(connection)), .send("hello"), expect(.text("ok"))],
                    port: peer.port) == "L7OK (tcp-check)")
            let parts = peer.text.split(separator: " ")
            #expect(parts.prefix(4) == ["PROXY", "TCP4", "127.0.0.1", "127.0.0.1"])
            #expect(parts.last?.hasPrefix("\(peer.port)\r\n") == true)
            #expect(
                ProxyHeader.v2.bytes(from: nil, to: try SocketAddress(ipAddress: "::1", port: 1))
                    == [
                        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
                        0x20, 0, 0,
                        0,
                    ])
        }

        @Test func `expressions that take others for ever delay nobody`() async throws {
            let text = String(repeating: "a", count: 16_000) + "b"
            let peer = try await FaultyPeer(.says(Array(text.utf8)))
            defer { peer.stop() }
            let begin = ContinuousClock.now
            let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let endless = try RegularExpression("^(a+)+$")
                        return try await run(
                            [expect(.expression(endless), minimum: 16_001)], port: peer.port)
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(outcomes == ["L7RSP TCPCHK did not match content (regex) at step 1"])
            #expect(begin.duration(to: .now) < .seconds(5))
        }

        @Test func `a step that cannot connect is named, and so is a handshake that fails`()
            async throws
        {
            let silent = try await FaultyPeer(.silent)
            defer { silent.stop() }
            var connection = ScriptStep.Connection()
            connection.settings.tls = try ProbeTLS(verification: .none)
            connection.settings.timeout = .milliseconds(150)
            let steps = [
                ScriptStep.connect(), ScriptStep(.connect(connection), comment: "the inner one"),
            ]
            #expect(
                try await run(steps, port: silent.port)
                    == "L6TOUT at step 2 of tcp-check (connect) comment: 'the inner one'")
            #expect(
                try await run([.send("x")], port: try closedPort())
                    == "L4CON Connection refused at initial connection step of tcp-check")
            let plain = try await FaultyPeer(.says(Array("220 hello\r\n".utf8)))
            defer { plain.stop() }
            #expect(
                try await run(steps, port: plain.port)
                    == "L6RSP the answer is not TLS at step 2 of tcp-check (connect) comment: 'the inner one'"
            )
        }

        @Test func `a script that only connects passes as a connection does`() async throws {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            #expect(try await run([.connect()], port: peer.port) == "L4OK (tcp-check)")
        }

        @Test func `an expectation words its result`() async throws {
            let peer = try await FaultyPeer(.says(Array("+PONG 42".utf8)))
            defer { peer.stop() }
            var met = expect(.text("PONG"))
            guard case .expect(var expectation) = met.action else { return }
            expectation.words.success = .answeredDraining
            expectation.words.successText = "leaving"
            expectation.words.code = .payload(offset: 6, length: 2)
            met = ScriptStep(.expect(expectation))
            let passed = try await probe(try ScriptProbe([met]), port: peer.port)
            #expect(passed.code == "L7OKC" && passed.detail == "leaving")
            #expect(passed.facts.statusCode == 42)
            expectation.pattern = .text("PING")
            expectation.words.failure = .wrongAnswer
            expectation.words.failureText = "what?"
            expectation.words.timeout = .handshakeTimedOut
            #expect(
                try await run(
                    [ScriptStep(.expect(expectation))], port: peer.port, timeout: .milliseconds(150)
                )
                    == "L6TOUT at step 1 of tcp-check (expect string 'PING')")
            expectation.minimumLength = 8
            #expect(
                try await run([ScriptStep(.expect(expectation), comment: "why")], port: peer.port)
                    == "L7STS what? comment: why")
        }

        @Test func `what comes to a connection that the script has left changes nothing`()
            async throws
        {
            let closed = try closedPort()
            let text = String(repeating: "a", count: 16_000)
            let peer = try await FaultyPeer(.saysAndCloses(Array(text.utf8)))
            defer { peer.stop() }
            // The end of the first connection comes while another thread searches.
            let slow = try RegularExpression("(a?){300}b")
            let steps = [
                expect(.expression(slow), negated: true, minimum: 16_000),
                .connect(port: closed), expect(.text("never")),
            ]
            #expect(
                try await run(steps, port: peer.port)
                    == "L4CON Connection refused at step 2 of tcp-check (connect port \(closed))")
        }
    }
}
#endif

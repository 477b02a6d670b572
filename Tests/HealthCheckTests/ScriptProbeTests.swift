#if Program
import NIOCore
import NIOPosix
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
            #expect(outcome == "L7OK all 14 steps passed")
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
                    == "L7RSP not found at step 4 of 4 (expect string '+OK') comment: 'the write'")
            #expect(
                try await run(
                    [.send("PING\r\n"), expect(.text("PONG"), negated: true)],
                    port: redis.server.port)
                    == "L7RSP found at step 2 of 2 (expect ! string 'PONG')")
        }

        @Test func `without a minimum length, more is waited for; with one it is final`()
            async throws
        {
            let peer = try await FaultyPeer(.says(Array("220 hello".utf8)))
            defer { peer.stop() }
            #expect(
                try await run([expect(.text("bye"))], port: peer.port, timeout: .milliseconds(700))
                    == "L7TOUT no answer at step 1 of 1 (expect string 'bye') within the time limit"
            )
            #expect(
                try await run([expect(.text("bye"), minimum: 9)], port: peer.port)
                    == "L7RSP not found at step 1 of 1 (expect string 'bye')")
            #expect(
                try await run(
                    [expect(.text("220"), minimum: 10)], port: peer.port,
                    timeout: .milliseconds(700))
                    == "L7TOUT no answer at step 1 of 1 (expect string '220') within the time limit"
            )
            // Two expectations in a row look at the same bytes.
            #expect(
                try await run([expect(.text("hello")), expect(.text("220"))], port: peer.port)
                    == "L7OK all 2 steps passed")
        }

        @Test func `a port that refuses is a refusal, and a script without steps none`()
            async throws
        {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            let refused = try await run(
                [.connect(), .connect(port: try closedPort())], port: peer.port)
            #expect(refused == "L4CON Connection refused")
            #expect(throws: ProbeSettingsError.emptyScript) { try ScriptProbe([]) }
        }

        @Test func `what is sent last arrives`() async throws {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            let steps = [ScriptStep.send("one "), .connect(), .send("two "), .send("three ")]
            let outcome = try await run(steps, port: peer.port)
            #expect(outcome == "L7OK all 4 steps passed")
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
                    port: peer.port) == "L7OK all 3 steps passed")
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

        @Test func `an expression that never ends stops at the time limit, and stops no other`()
            async throws
        {
            let text = String(repeating: "a", count: 26) + "b"
            let peer = try await FaultyPeer(.says(Array(text.utf8)))
            defer { peer.stop() }
            let endless = expect(.expression(try RegularExpression("^(a+)+$")))
            let quick = expect(.expression(try RegularExpression("^a+b$")))
            let begin = ContinuousClock.now
            async let slow = run([endless], port: peer.port, timeout: .milliseconds(1_000))
            #expect(try await run([quick], port: peer.port) == "L7OK all 1 steps passed")
            let outcome = try await slow
            #expect(outcome.hasPrefix("L7TOUT"))
            #expect(begin.duration(to: .now) < .seconds(10))
        }
    }
}

@Suite struct `Regular expressions over bytes` {
    @Test(arguments: [
        ("^[0-9]{3}[ \\r]", "220 x", true), ("^[0-9]{3}[ \\r]", "220\r\n", true),
        ("a.b", "a\r\nb", false), ("a..b", "a\r\nb", true), ("é", "caf\u{E9}", true),
        ("^.$", "é", false), ("^..$", "é", true), ("\\d", "x", false), ("", "", true),
    ])
    func `bytes count, not characters`(pattern: String, text: String, isFound: Bool) async throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let expression = try RegularExpression(pattern)
        #expect(
            try await expression.search(Array(text.utf8), on: eventLoop).get() == isFound)
    }

    @Test func `case is ignored on request`() async throws {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let strict = try RegularExpression("pong")
        let lax = try RegularExpression("pong", ignoringCase: true)
        #expect(try await strict.search(Array("PONG".utf8), on: eventLoop).get() == false)
        #expect(try await lax.search(Array("PONG".utf8), on: eventLoop).get())
    }
}
#endif

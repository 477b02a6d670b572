#if Program
import Expressions
import Glibc
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import HealthCheck

/// Floods that keep to the protocol and never decide: read to their limit, not to that of the time.
@Suite struct `Answers that never end` {
    private static let login = SQLLogin(user: "u", password: "p", database: "d")

    /// A million bytes of it: more than is read, and soon made.
    private static func endless(_ unit: [UInt8]) -> [UInt8] {
        Array(repeatElement(unit, count: 1_000_000 / unit.count).joined())
    }

    private func summary(
        of check: any HealthProbe, against behaviour: FaultyPeer.Behaviour
    ) async throws -> String {
        let peer = try await FaultyPeer(behaviour)
        defer { peer.stop() }
        let outcome = try await probe(check, port: peer.port, timeout: .seconds(3))
        try await peer.idle()
        #expect(peer.openConnections == 0)
        return HealthCheckTests.summary(outcome)
    }

    @Test(arguments: ["220-x\r\n", "220-\r\n"])
    func `a greeting of SMTP that announces more lines`(line: String) async throws {
        #expect(
            try await summary(of: SMTPProbe(), against: .says(Self.endless(Array(line.utf8))))
                == "L7RSP no greeting in 16384 bytes")
    }

    private static let notice: [UInt8] = [UInt8(ascii: "N"), 0, 0, 0, 6, 0x78, 0]
    private static let parameter: [UInt8] = [UInt8(ascii: "S"), 0, 0, 0, 8, 0x61, 0, 0x62, 0]
    /// AuthenticationOk, and a wish for the password in plain text.
    private static let accepted: [UInt8] = [UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 0]
    private static let asks: [UInt8] = [UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 3]

    @Test(arguments: [
        (endless(notice), "no answer of PostgreSQL to the start-up in 16384 bytes"),
        (accepted + endless(parameter), "no readiness for a query in 16384 bytes"),
        // Each makes the probe answer, so that it is none of its answers that is long.
        (endless(asks), "answers out of order"),
    ])
    func `PostgreSQL's messages before its answer`(
        answer: [UInt8], reason: String
    ) async throws {
        let check = PostgreSQLProbe(.login(Self.login, role: nil))
        #expect(try await summary(of: check, against: .answers([answer])) == "L7RSP \(reason)")
    }

    private static let greeting: [UInt8] =
        ([10] + Array("8.0.36".utf8) + [0] + [1, 0, 0, 0] + (1...8) + [0]
        + [0xFF, 0xFF, 255, 2, 0, 0xFF, 0xDF, 21] + [UInt8](repeating: 0, count: 10)
        + (9...20) + [0] + Array("caching_sha2_password".utf8) + [0]).framed(number: 0)
    private static let done: [UInt8] = [UInt8]([0, 0, 0, 2, 0, 0, 0]).framed(number: 2)
    private static let native: [UInt8] =
        ([0xFE] + Array("mysql_native_password".utf8) + [0] + (1...20) + [0]).framed(number: 2)

    @Test(arguments: [
        (
            [done, endless([UInt8]([1, 0x31]).framed(number: 1))],
            "no answer to the query for read_only in 16384 bytes"
        ),
        (
            [endless([UInt8]([1, 3]).framed(number: 2))],
            "no answer to the login in 16384 bytes"
        ),
        ([endless(native)], "not an answer of MySQL to a login"),
        ([endless([UInt8]([1, 4]).framed(number: 2))], "not a key that a password can be sent by"),
    ])
    func `MySQL's packets before its answer`(answers: [[UInt8]], reason: String) async throws {
        let check = MySQLProbe(.login(Self.login, role: nil))
        let behaviour = FaultyPeer.Behaviour.answers(answers, greeting: Self.greeting)
        #expect(try await summary(of: check, against: behaviour) == "L7RSP \(reason)")
    }

    @Test(arguments: [
        (
            endless(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)),
            "no HTTP answer in 49152 bytes"
        ),
        (
            // A chunk's extension, RFC 9112 §7.1.1.
            Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;".utf8)
                + endless([UInt8(ascii: "x")]),
            "HTTP content check could not find a response body"
        ),
    ])
    func `what HTTP has before an answer and between its parts`(
        answer: [UInt8], reason: String
    ) async throws {
        var check = HTTPProbe()
        check.expectations = [HTTPExpectation(.body(.text("ready")))]
        #expect(try await summary(of: check, against: .answers([answer])) == "L7RSP \(reason)")
    }
}

/// The threads that search and work keys out are this host's: their time says nothing about a server.
extension `One after another` {
    @Suite struct `Answers that this host has no time for` {
        /// Gives all threads of both kinds something to do until the ticket is void.
        private func occupy() -> WorkTicket {
            let ticket = WorkTicket()
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            for _ in 0..<2 {
                _ = ComputeThreads.search(
                    { isUnwanted in
                        while !isUnwanted() { usleep(1_000) }
                        return nil
                    }, unless: ticket, on: loop)
                _ = ComputeThreads.derive(
                    { while !ticket.isVoid { usleep(1_000) } }, unless: ticket, on: loop)
            }
            return ticket
        }

        @Test func `a check that waits for a thread does not count`() async throws {
            let peer = try await FaultyPeer(
                .says(Array("HTTP/1.0 200 OK\r\n\r\nready".utf8)))
            defer { peer.stop() }
            let ready = try RegularExpression("rea+dy")
            var web = HTTPProbe()
            web.expectations = [HTTPExpectation(.body(.expression(ready)))]
            let script = try ScriptProbe([.expect(.expression(ready))])
            let ticket = occupy()
            defer { ticket.makeVoid() }
            for (check, work) in [
                (web, "search by regular expressions"),
                (script, "search by regular expressions"),
                (ProofProbe(), "proof of the password"),
            ] as [(any HealthProbe, String)] {
                let outcome = try await probe(check, port: peer.port, timeout: .milliseconds(50))
                #expect(
                    summary(outcome)
                        == "SOCKERR this host was busy: the \(work) was not done within the time limit"
                )
                #expect(outcome.verdict == nil)
            }
            // What the server owes is still held against it.
            let silent = try await FaultyPeer(.silent)
            defer { silent.stop() }
            let outcome = try await probe(web, port: silent.port, timeout: .milliseconds(50))
            #expect(outcome.code == "L7TOUT")
        }
    }

    /// Works a proof out of whatever the server says.
    private struct ProofProbe: HealthProbe, Dialogue {
        let waitingFor = "greeting"

        func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
            switch event {
            case .received: .compute { .proof(message: [], serverSignature: []) }
            case .opened, .sent, .ended: .read
            case .computed: .finish(.passed)
            }
        }

        func probe(
            _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
        ) -> EventLoopFuture<ProbeOutcome> {
            DialogueHandler.run(
                { self },
                over: ConnectionPlan(address: target, connection: ProbeConnection()),
                timeout: timeout, on: eventLoop)
        }
    }
}
#endif

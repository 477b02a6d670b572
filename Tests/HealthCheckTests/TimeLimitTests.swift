#if Program
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    /// A part of a check that has a limit of its own ends by it, long before the check's.
    @Suite struct `Time limits of a connection` {
        private func ended(
            _ check: any ConnectingProbe, port: Int, _ set: (inout ProbeConnection) -> Void
        ) async throws -> String {
            var check = check
            set(&check.connection)
            let begin = ContinuousClock.now
            let outcome = try await probe(check, port: port, timeout: .seconds(20))
            let time = begin.duration(to: .now)
            #expect(time >= .milliseconds(99) && time < .seconds(5), "\(outcome) after \(time)")
            return outcome.code
        }

        @Test func `connecting`() async throws {
            let hole = try LoopbackPeer(backlog: 0)
            hole.fillBacklog()
            for check in [TCPProbe(), RedisProbe()] as [any ConnectingProbe] {
                let code = try await ended(check, port: hole.port) {
                    $0.timeout = .milliseconds(100)
                    $0.answerTimeout = .seconds(20)
                }
                #expect(code == "L4TOUT")
            }
        }

        @Test func `the TLS handshake, within connecting`() async throws {
            let silent = try await FaultyPeer(.silent)
            defer { silent.stop() }
            let tls = try ProbeTLS(verification: .none)
            for check in [TLSProbe(tls), HTTPProbe(tls: tls)] as [any ConnectingProbe] {
                let code = try await ended(check, port: silent.port) {
                    $0.timeout = .milliseconds(100)
                    $0.answerTimeout = .seconds(20)
                }
                #expect(code == "L6TOUT")
            }
        }

        @Test func `the answers, with a limit of their own or without`() async throws {
            let silent = try await FaultyPeer(.silent)
            defer { silent.stop() }
            for check in [RedisProbe(), HTTPProbe()] as [any ConnectingProbe] {
                let own = try await ended(check, port: silent.port) {
                    $0.timeout = .seconds(20)
                    $0.answerTimeout = .milliseconds(100)
                }
                let shared = try await ended(check, port: silent.port) {
                    $0.timeout = .milliseconds(100)
                }
                #expect([own, shared] == ["L7TOUT", "L7TOUT"])
            }
        }

        @Test func `each connection of a script anew`() async throws {
            let peer = try await FaultyPeer(.answers([Array("ok".utf8)]))
            defer { peer.stop() }
            var connection = ScriptStep.Connection()
            connection.settings.timeout = .seconds(20)
            connection.settings.answerTimeout = .milliseconds(100)
            let connect = ScriptStep(.connect(connection))
            let script = try ScriptProbe([
                connect, .send("a"), .expect(.text("ok")), connect, .expect(.text("ok")),
            ])
            let begin = ContinuousClock.now
            let outcome = try await probe(script, port: peer.port, timeout: .seconds(20))
            #expect(outcome.code == "L7TOUT")
            #expect(begin.duration(to: .now) < .seconds(5))
        }
    }
}
#endif

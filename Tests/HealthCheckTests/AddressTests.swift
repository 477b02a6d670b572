#if Program
import Glibc
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Targets by IPv6` {
        private func target(_ port: Int) throws -> SocketAddress {
            try SocketAddress(ipAddress: "::1", port: port)
        }

        @Test func `a connection, and its PROXY header`() async throws {
            let peer = try await FaultyPeer(.silent, on: "::1")
            defer { peer.stop() }
            var check = TCPProbe()
            #expect(try await run(check, against: target(peer.port)) == .passed)
            check.connection.proxyHeader = .v1
            #expect(try await run(check, against: target(peer.port)) == .passed)
            for _ in 0..<400 where peer.text.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(peer.text.hasPrefix("PROXY TCP6 ::1 ::1 "))
            #expect(peer.text.hasSuffix(" \(peer.port)\r\n"))
            #expect(try await run(TCPProbe(), against: target(try closedPort())) == .refused)
        }

        @Test func `HTTP, whose header Host has brackets`() async throws {
            let peer = try await FaultyPeer(
                .answers([Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)]), on: "::1")
            defer { peer.stop() }
            let request = try HTTPCheckRequest(method: "GET", path: "/", version: .http11)
            let outcome = try await run(HTTPProbe(request), against: target(peer.port))
            #expect(outcome.code == "L7OK")
            #expect(peer.text == "GET / HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n")
        }

        @Test func `a script with another port, and an agent`() async throws {
            let one = try await FaultyPeer(.silent, on: "::1")
            defer { one.stop() }
            let two = try await FaultyPeer(.says(Array("up 50%\n".utf8)), on: "::1")
            defer { two.stop() }
            let script = try ScriptProbe([
                .connect(), .connect(port: two.port), .expect(.text("50%")),
            ])
            #expect(try await run(script, against: target(one.port)).code == "L7OK")
            let agent = try await run(AgentProbe(), against: target(two.port))
            #expect(agent.facts.agent?.weightPercent == 50)
        }

        @Test func `datagrams`() async throws {
            let peer = try await UDPPeer(.echoes, on: "::1")
            defer { peer.stop() }
            let outcome = try await run(UDPProbe(payload: [1, 2]), against: target(peer.port))
            #expect(outcome == .answered(ProbeFacts(detail: "2 bytes")))
            // Its own question is no answer, and says so.
            #expect(
                try await run(try DNSProbe(), against: target(peer.port)).detail
                    == "not an answer of DNS: flags 1")
        }
    }

    @Suite struct `Targets that are Unix sockets` {
        @Test func `are asked as those with a port are`() async throws {
            let folder = try TemporaryFolder()
            let path = folder.path + "/socket"
            let target = try SocketAddress(unixDomainSocketPath: path)
            let missing = try await run(TCPProbe(), against: target)
            #expect(missing == .unreachable(reason: "No such file or directory"))
            let peer = try await FaultyPeer(
                .answers([Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)]), path: path)
            #expect(try await run(TCPProbe(), against: target) == .passed)
            let request = try HTTPCheckRequest(method: "GET", path: "/", version: .http11)
            #expect(try await run(HTTPProbe(request), against: target).code == "L7OK")
            #expect(peer.text.contains("Host: localhost\r\n"))
            var script = try ScriptProbe([.send("x"), .expect(.text("204"))])
            script.firstConnection.settings.proxyHeader = .v1
            script.firstConnection.port = 81
            #expect(try await run(script, against: target).code == "L7OK")
            // It answers to the first bytes, be it the header alone.
            for _ in 0..<400 where !peer.text.hasSuffix("PROXY UNKNOWN\r\nx") {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(peer.text.hasSuffix("PROXY UNKNOWN\r\nx"))
            peer.stop()
            for _ in 0..<400 {
                if try await run(TCPProbe(), against: target) != .passed { break }
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await run(TCPProbe(), against: target).code == "L4CON")
        }
    }
}
#endif

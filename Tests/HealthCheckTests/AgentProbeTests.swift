#if Program
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

@Suite struct `Agent's line` {
    private func read(_ line: String, _ expected: (inout AgentReport) -> Void) -> Bool {
        var report = AgentReport(line: "")
        expected(&report)
        return AgentReport(line: line) == report
    }

    @Test func `every word says what haproxy documents`() {
        #expect(read("up") { $0.health = .up })
        #expect(read("DOWN\n") { $0.health = .down })
        #expect(read("stopped") { $0.health = .stopped })
        #expect(
            read("fail # disk full\r\n") {
                $0.health = .fail
                $0.reason = "disk full"
            })
        #expect(read("drain") { $0.administration = .drain })
        #expect(read("maint") { $0.administration = .maintenance })
        #expect(
            read("ready,up\t75%") {
                $0.administration = .ready
                $0.health = .up
                $0.weightPercent = 75
            })
        #expect(read("weight:30") { $0.weight = 30 })
        #expect(read("weight:50%") { $0.weightPercent = 50 })
        #expect(
            read("maxconn:30 up 10% 20%") {
                $0.maximumConnections = 30
                $0.health = .up
                $0.weightPercent = 20
            })
        #expect(read("up\ndown") { $0.health = .up })
        #expect(read("up\r\ndown") { $0.health = .up })
    }

    @Test(arguments: [
        "%", "-5%", "+5%", "1e3%", "99999999999999999999%", "weight:", "weight:257", "weight:-1",
        "maxconn:", "maxconn:x", "maxconn:99999999999999999999", "hello", "5", "é%",
    ])
    func `a word that makes no sense changes nothing`(word: String) {
        let report = AgentReport(line: word)
        #expect(report.isEmpty)
        #expect(report.unknownWords == [word])
    }

    @Test(arguments: ["", " ", ",,\t", "#", "# up", "\u{0}up", "\n"])
    func `a line without a word says nothing`(line: String) {
        #expect(AgentReport(line: line).isEmpty)
        #expect(AgentReport(line: line).unknownWords.isEmpty)
    }
}

extension `One after another` {
    @Suite struct `Agent probe` {
        @Test func `only the agent's own word counts against the server`() async throws {
            func ask(_ text: String, timeout: TimeAmount = .seconds(5)) async throws -> ProbeOutcome
            {
                let peer = try await FaultyPeer(.says(Array(text.utf8)))
                defer { peer.stop() }
                return try await probe(AgentProbe(), port: peer.port, timeout: timeout)
            }
            let up = try await ask("up 50% maxconn:9\n")
            #expect(up.verdict == true)
            #expect(up.facts.agent?.weightPercent == 50)
            #expect(up.facts.agent?.maximumConnections == 9)
            let down = try await ask("down # no disk\n")
            #expect(down.verdict == false)
            #expect(down.detail == "no disk")
            #expect(try await ask("drain\n").facts.agent?.administration == .drain)
            #expect(try await ask("hello\n").verdict == nil)
            #expect(try await ask("", timeout: .milliseconds(100)).verdict == nil)
            let cut = try await ask("down", timeout: .milliseconds(100))
            #expect(cut.verdict == nil, "a line without an end is waited for")
            #expect(try await probe(AgentProbe(), port: try closedPort()).verdict == nil)
        }

        @Test func `what is to be sent is sent`() async throws {
            let peer = try await FaultyPeer(.answers([Array("up\n".utf8)]))
            defer { peer.stop() }
            #expect(try await probe(AgentProbe(request: "srv1\n"), port: peer.port).verdict == true)
            #expect(peer.text == "srv1\n")
        }
    }
}
#endif

#if Program
import NIOCore
import NIOPosix
import Synchronization
import TestServers
import Testing

@testable import HealthCheck

/// Hands reports from the event loop to a test, in order.
private final class Answers: Sendable {
    private let reports = Mutex<[ResolutionReport]>([])

    @Sendable func take(_ report: ResolutionReport) { reports.withLock { $0.append(report) } }

    var last: [String: String] {
        reports.withLock { reports in
            Dictionary(
                reports.map { ($0.id, $0.address.map { "\($0):\($0.port)" } ?? "none") },
                uniquingKeysWith: { $1 })
        }
    }

    var origins: [String] { reports.withLock { $0.map(\.origin) } }
    var weights: [String: Int?] {
        reports.withLock {
            Dictionary($0.map { ($0.id, $0.weight) }, uniquingKeysWith: { $1 })
        }
    }

    func wait(for wanted: [String: String]) async throws {
        for _ in 0..<1_000 where last != wanted { try await Task.sleep(for: .milliseconds(5)) }
        #expect(last == wanted)
    }
}

extension ResolutionRecord.Outcome {
    /// Its addresses.
    fileprivate var offers: [AddressOffer] {
        if case .valid(let offers) = self { offers } else { [] }
    }
}

extension `One after another` {
    @Suite struct `Names against Unbound` {
        private func settings(_ ports: Int...) throws -> ResolverSettings {
            var settings = ResolverSettings(
                name: "lan",
                servers: try ports.enumerated().map { number, port in
                    ResolverSettings.Server(
                        name: "ns\(number + 1)",
                        address: try SocketAddress(ipAddress: "127.0.0.1", port: port))
                })
            settings.retryInterval = .milliseconds(100)
            settings.failureInterval = .milliseconds(30)
            settings.holds.valid = .milliseconds(30)
            // A record is replaced in two steps, between which there is none.
            settings.holds.noSuchName = .milliseconds(700)
            settings.holds.timeout = .zero
            return settings
        }

        private func target(
            _ id: String, _ resolver: ResolverSettings, name: String = "web.example"
        ) throws -> NamedTarget {
            var target = NamedTarget(id: id, group: "b", name: try DomainName(name), port: 80)
            target.resolver = resolver
            target.beginnings = [.last, .none]
            return target
        }

        @Test func `an address that changes, goes and comes back`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            let answers = Answers()
            let resolver = NameResolver(
                targets: [
                    try target("a", settings(names.server.port)),
                    try target("away", settings(names.server.port), name: "gone.example"),
                ], onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            try await answers.wait(for: ["a": "192.0.2.7:80", "away": "none"])
            #expect(answers.origins.sorted() == ["DNS NX status", "lan/ns1"])
            try await names.set("web.example", "A 192.0.2.8")
            try await answers.wait(for: ["a": "192.0.2.8:80", "away": "none"])
            try await names.set("web.example", "A 192.0.2.9", "A 192.0.2.8")
            try await Task.sleep(for: .milliseconds(120))
            try await answers.wait(for: ["a": "192.0.2.8:80", "away": "none"])
            try await names.set("web.example")
            try await answers.wait(for: ["a": "none", "away": "none"])
            try await names.set("web.example", "AAAA 2001:db8::7", "A 192.0.2.7")
            try await answers.wait(for: ["a": "2001:db8::7:80", "away": "none"])
        }

        @Test func `what is known is held on to`() async throws {
            let names = try await Unbound()
            var settings = try settings(names.server.port)
            settings.attempts = 1
            settings.holds.timeout = .milliseconds(700)
            let answers = Answers()
            var remembered = try target("b", settings, name: "gone.example")
            remembered.remembered = ResolvedAddress([192, 0, 2, 99], port: 80)
            settings.holds.noSuchName = .seconds(60)
            remembered.resolver = settings
            let resolver = NameResolver(
                targets: [try target("a", settings), remembered], onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            try await answers.wait(for: ["a": "192.0.2.7:80", "b": "192.0.2.99:80"])
            names.server.stop()
            let begin = ContinuousClock.now
            try await answers.wait(for: ["a": "none", "b": "none"])
            #expect(begin.duration(to: .now) >= .milliseconds(600))
            #expect(answers.origins.suffix(2) == ["DNS timeout status", "DNS timeout status"])
        }

        @Test func `several servers of one name share its addresses`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            let settings = try settings(names.server.port)
            try await names.set("web.example", "A 192.0.2.1", "A 192.0.2.2")
            let answers = Answers()
            let resolver = NameResolver(
                targets: try ["a", "b", "c"].map { try target($0, settings) },
                onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            for _ in 0..<1_000 where answers.last.count < 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(Set(answers.last.values) == ["192.0.2.1:80", "192.0.2.2:80", "none"])
            let one = answers.last.first { $0.value == "192.0.2.1:80" }?.key
            try await names.set("web.example", "A 192.0.2.3", "A 192.0.2.1", "A 192.0.2.4")
            for _ in 0..<1_000
            where Set(answers.last.values) != ["192.0.2.1:80", "192.0.2.3:80", "192.0.2.4:80"] {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(answers.last.first { $0.value == "192.0.2.1:80" }?.key == one)
        }

        @Test func `an answer that is too long for a datagram comes by TCP`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            try await names.set("many.example", (1...100).map { "A 192.0.2.\($0)" })
            let question = DNSQuestion(try DomainName("many.example"), type: .a)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let settings = try settings(names.server.port)
            let reply = try await loop.flatSubmit {
                DNSTransaction.ask(question, settings, on: loop)
            }.get()
            guard case .answer(let answer, "lan/ns1") = reply else {
                Issue.record("\(reply)")
                return
            }
            #expect(answer.addresses.count == 100)
            #expect(!answer.isTruncated)
        }

        @Test func `a name server that is away or refuses is made up for by another`() async throws
        {
            let names = try await Unbound()
            defer { names.server.stop() }
            let silent = try await UDPPeer(.silent)
            defer { silent.stop() }
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            func ask(_ name: String, _ settings: ResolverSettings) async throws -> String {
                let question = DNSQuestion(try DomainName(name), type: .a)
                let reply = try await loop.flatSubmit {
                    DNSTransaction.ask(question, settings, on: loop)
                }.get()
                return switch reply {
                case .answer(let answer, let origin): "\(answer.addresses) \(origin)"
                case .noSuchName, .refused, .failed, .timedOut: "\(reply)"
                }
            }
            let away = try await UDPPeer.closedPort()
            let own = names.server.port
            #expect(
                try await ask("web.example", settings(away, silent.port, own))
                    == "[[192, 0, 2, 7]] lan/ns3")
            #expect(try await ask("no.example", settings(own)) == "noSuchName")
            #expect(try await ask("a.secret.example", settings(own)) == "refused")
            #expect(try await ask("web.example", settings(away, silent.port)) == "timedOut")
            var stream = ResolverSettings(
                name: "lan",
                servers: [
                    .init(
                        name: "tcp", address: try SocketAddress(ipAddress: "127.0.0.1", port: own),
                        usesTCP: true)
                ])
            stream.retryInterval = .seconds(2)
            #expect(try await ask("web.example", stream) == "[[192, 0, 2, 7]] lan/tcp")
        }

        @Test func `a service has its ports, hosts and shares`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            try await names.set(
                "_http._tcp.example", "SRV 1 512 8001 one.example", "SRV 1 0 8002 two.example")
            try await names.set("one.example", "A 192.0.2.1")
            try await names.set("two.example", "AAAA 2001:db8::2")
            let settings = try settings(names.server.port)
            let targets = try ["a", "b"].map { id in
                var target = try target(id, settings, name: "_http._tcp.example")
                target.isService = true
                return target
            }
            let answers = Answers()
            let resolver = NameResolver(targets: targets, onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            try await answers.wait(for: ["a": "192.0.2.1:8001", "b": "2001:db8::2:8002"])
            #expect(answers.weights == ["a": 3, "b": 1])
        }

        @Test func `a host of a service that nobody answers for is held on to`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            try await names.set(
                "_http._tcp.example", "SRV 1 0 8001 one.example", "SRV 1 0 8002 a.secret.example")
            try await names.set("one.example", "A 192.0.2.1")
            try await names.set("a.secret.example", "A 192.0.2.2")
            var settings = try settings(names.server.port)
            settings.holds.refused = .seconds(1)
            let answers = Answers()
            let resolver = NameResolver(
                targets: try ["a", "b"].map { id in
                    var target = try target(id, settings, name: "_http._tcp.example")
                    target.isService = true
                    target.prefersIPv6 = false
                    return target
                }, onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            for _ in 0..<1_000
            where !Set(answers.last.values).isSuperset(of: [
                "192.0.2.1:8001", "192.0.2.2:8002",
            ]) {
                try await Task.sleep(for: .milliseconds(5))
            }
            let first = answers.last
            let other = try #require(first.first { $0.value == "192.0.2.1:8001" }?.key)
            let second = try #require(first.first { $0.value == "192.0.2.2:8002" }?.key)
            let begin = ContinuousClock.now
            // Of that zone, what is not there is refused.
            try await names.set("a.secret.example")
            try await answers.wait(for: [other: "192.0.2.1:8001", second: "none"])
            #expect(begin.duration(to: .now) >= .milliseconds(900))
            try await names.set("a.secret.example", "A 192.0.2.2")
            try await answers.wait(for: first)
        }

        @Test func `who asks next holds on to what was known, of hosts too`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            try await names.set(
                "_http._tcp.example", "SRV 1 0 8001 one.example", "SRV 1 0 8002 a.secret.example")
            try await names.set("one.example", "A 192.0.2.1")
            try await names.set("a.secret.example", "A 192.0.2.2")
            try await names.set("web.example", "A 192.0.2.3")
            var settings = try settings(names.server.port)
            settings.holds.refused = .seconds(1)
            settings.holds.obsolete = .seconds(2)
            let answers = Answers()
            var targets = try ["a", "b"].map { id in
                var target = try target(id, settings, name: "_http._tcp.example")
                target.isService = true
                target.prefersIPv6 = false
                return target
            }
            targets.append(try target("web", settings))
            let resolver = NameResolver(targets: targets, onReport: answers.take)
            resolver.start()
            let known = Set(["192.0.2.1:8001", "192.0.2.2:8002", "192.0.2.3:80"])
            for _ in 0..<1_000 where Set(answers.last.values) != known {
                try await Task.sleep(for: .milliseconds(5))
            }
            let first = answers.last
            #expect(Set(first.values) == known)
            for index in targets.indices {
                let address = try #require(first[targets[index].id]).split(separator: ":")
                let port = try #require(UInt16(address[1]))
                targets[index].current = ResolvedAddress(String(address[0]), port: port)
            }
            // Of that zone, what is not there is refused; and what the other name was is another.
            let begin = ContinuousClock.now
            resolver.stop()
            try await names.set("a.secret.example")
            try await names.set("web.example", "A 192.0.2.4")
            let later = Answers()
            let next = NameResolver(targets: targets, onReport: later.take)
            next.start(goingOnFrom: resolver)
            defer { next.stop() }
            let gone = try #require(first.first { $0.value == "192.0.2.2:8002" }?.key)
            for _ in 0..<1_000 where later.last[gone] != "none" {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(later.last[gone] == "none")
            #expect(begin.duration(to: .now) >= .milliseconds(700))
            for _ in 0..<1_000 where later.last["web"] != "192.0.2.4:80" {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(begin.duration(to: .now) >= .milliseconds(1_700))
        }

        @Test func `a service is what its hosts come to`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            try await names.set(
                "_half._tcp.example", "SRV 1 0 1 web.example", "SRV 1 0 2 a.secret.example")
            try await names.set("_none._tcp.example", "SRV 1 0 2 a.secret.example")
            try await names.set("_gone._tcp.example", "SRV 1 0 3 gone.example")
            let settings = try settings(names.server.port)
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let host = try DomainName("a.secret.example")
            func ask(
                _ name: String, seen: Duration?
            ) async throws -> (outcome: ResolutionRecord.Outcome, known: [UInt8]?) {
                var question = NameQuestion(
                    name: try DomainName(name), isService: true, prefersIPv6: false,
                    knowsAddresses: true, settings: settings, eventLoop: loop)
                if let seen {
                    let time = NIODeadline.now() - TimeAmount(seen)
                    question.hosts = [host: .init(bytes: [192, 0, 2, 9], seen: time)]
                }
                let asked = question
                let result = try await loop.flatSubmit { asked.ask() }.get()
                return (result.outcome, result.hosts[host]?.bytes)
            }
            let web = AddressOffer(bytes: [192, 0, 2, 7], port: 1, weight: 1)
            let known = AddressOffer(bytes: [192, 0, 2, 9], port: 2, weight: 1)
            let held = try await ask("_half._tcp.example", seen: .seconds(20))
            #expect(Set(held.outcome.offers) == [web, known])
            #expect(held.known == [192, 0, 2, 9])
            let late = try await ask("_half._tcp.example", seen: .seconds(31))
            #expect(late.outcome == .valid([web]))
            #expect(late.known == nil)
            #expect(try await ask("_half._tcp.example", seen: nil).outcome == .valid([web]))
            #expect(try await ask("_none._tcp.example", seen: .seconds(20)).outcome == .refused)
            #expect(try await ask("_none._tcp.example", seen: nil).outcome == .refused)
            #expect(try await ask("_gone._tcp.example", seen: nil).outcome == .noSuchName)
        }

        @Test func `the host's own resolver, an address, or nothing at first`() async throws {
            let answers = Answers()
            func own(_ id: String, _ beginnings: [NamedTarget.Beginning]) throws -> NamedTarget {
                var target = NamedTarget(
                    id: id, group: id, name: try DomainName("localhost"), port: 80)
                target.beginnings = beginnings
                target.prefersIPv6 = false
                return target
            }
            let resolver = NameResolver(
                targets: [
                    try own("library", [.last, .library]),
                    try own("address", [.address([192, 0, 2, 1])]),
                ], onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            try await answers.wait(for: ["library": "127.0.0.1:80", "address": "192.0.2.1:80"])
        }

        // The host's own resolver is replaced: how long it takes to know nothing is its name servers'.
        @Test func `where the host's own resolver knows nothing, the next way is gone`()
            async throws
        {
            func target(
                _ id: String, _ beginnings: [NamedTarget.Beginning], isService: Bool = false
            ) throws -> NamedTarget {
                var target = NamedTarget(
                    id: id, group: id, name: try DomainName("gone.example"), port: 80)
                target.beginnings = beginnings
                target.isService = isService
                return target
            }
            let answers = Answers()
            let resolver = NameResolver(
                targets: [
                    try target("fixed", [.last, .library, .address([192, 0, 2, 1]), .none]),
                    try target("none", [.library, .none, .address([192, 0, 2, 2])]),
                    try target("service", [.library, .address([192, 0, 2, 3])], isService: true),
                ], library: { $1.makeSucceededFuture([]) }, onReport: answers.take)
            resolver.start()
            defer { resolver.stop() }
            try await answers.wait(for: [
                "fixed": "192.0.2.1:80", "none": "none", "service": "192.0.2.3:80",
            ])
        }
    }
}
#endif

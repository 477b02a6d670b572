import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests.`Listeners that wait for room` {
    @Test func `each listener counts what came by it, and a successor goes on`() throws {
        let server = try TestServer.holding("ab")
        let first = try Running(listeners: [2], reactors: 2, server: server) {
            $0.frontends[0].listeners[0].name = "web"
            $0.frontends[0].listeners[1].connectionLimit = 3
            $0.frontends[0].rules.session = [Rule(.reject, if: .source(0x7f00_0009))]
        }
        func talk(to running: Running, _ listener: Int, from source: UInt32 = 0x7f00_0001) throws {
            let port = running.ports[0][listener]
            let client = try #require(BlockingSocket(to: port, from: source))
            client.send("question")
            guard source == 0x7f00_0001 else { return _ = client.receiveAll() }
            #expect(client.receive(exactly: 2) == "ab")
            client.close()
            #expect(eventually { running.balancer.connectionCount == 0 })
        }
        for listener in [0, 1, 1] { try talk(to: first, listener) }
        try talk(to: first, 1, from: 0x7f00_0009)
        #expect(eventually { first.balancer.connectionCount == 0 })
        let frontend = first.balancer.snapshot().frontends[0]
        #expect(frontend.listeners.map(\.name) == ["web", "sock-2"])
        #expect(frontend.listeners.map(\.totalSessions) == [1, 3])
        #expect(frontend.listeners.map(\.bytesIn) == [8, 16])
        #expect(frontend.listeners.map(\.bytesOut) == [2, 4])
        #expect(frontend.listeners.map(\.peakSessions) == [1, 1])
        #expect(frontend.listeners.map(\.sessionLimit) == [nil, 3])
        #expect(frontend.totalSessions == 4)
        #expect(frontend.bytesIn == 24 && frontend.bytesOut == 6)

        let ledger = first.balancer.ledger()
        let second = try Running(listeners: [2], reactors: 1, server: server) {
            $0.frontends[0].listeners[0].name = "web"
        }
        second.balancer.add(ledger)
        try talk(to: second, 0)
        let next = second.balancer.snapshot().frontends[0]
        #expect(next.listeners.map(\.totalSessions) == [2, 3])
        #expect(next.listeners.map(\.bytesIn) == [16, 16])
        #expect(next.totalSessions == 5 && next.bytesIn == 32)
        #expect(next.refusalsByCause == [.deniedSession: 1])
        let rest = second.balancer.ledger() - ledger
        #expect(rest.vectors.keys.filter { $0.hasPrefix("listener ") } == ["listener f0/web"])
        #expect(rest.vectors["listener f0/web"]?.sums.first == 1)
        // The totals are followed by the causes of refusal.
        #expect(rest.vectors["frontend f0"]?.sums.dropFirst(9).contains { $0 > 0 } == false)
        #expect(second.balancer.ledger().vectors["frontend f0"]?.sums[10] == 1)
    }
}

extension BalancerTests.`Listeners that wait for room` {
    /// As haproxy 2.6: of clients whom rules send away, conn_rate counts each, and rate none.
    @Test func `whom rules refuse is a connection of its second, and no session`() throws {
        let server = try TestServer.named("a")
        let running = try RunningBalancer(servers: servers([("a", server)])) {
            $0.frontends[0].rules.connection = [Rule(.reject, if: .source(0x7f00_0002))]
            $0.frontends[0].rules.session = [Rule(.reject, if: .source(0x7f00_0003))]
        }
        for last in [1, 2, 2, 2, 3, 3, 3] as [UInt32] {
            _ = running.answer(from: 0x7f00_0000 + last)
        }
        #expect(running.frontend.peakRate == 1 && running.frontend.rate <= 1)
        // A second may end meanwhile.
        #expect((4...7).contains(running.frontend.peakConnectionRate))
        let plain = try RunningBalancer(servers: servers([("a", server)]))
        for _ in 0..<3 { _ = plain.answer() }
        #expect((2...3).contains(plain.frontend.peakRate))
        #expect(plain.frontend.peakRate == plain.frontend.peakConnectionRate)
        #expect(plain.frontend.connectionRate == plain.frontend.rate)
        let ledger = running.balancer.ledger()
        plain.balancer.add(ledger)
        #expect(
            plain.frontend.peakConnectionRate == max(4, running.frontend.peakConnectionRate))
    }
}

extension Condition {
    /// Whether the client is this host.
    static func source(_ address: UInt32) -> Condition {
        let table = PrefixTable([.init(IPEndpoint(ipv4: address, port: 0), length: 32)])
        return Condition([[Term([.source(table)])]])
    }
}

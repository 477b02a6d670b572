import Testing

@testable import Control

/// What `monitor fail` can ask for, of one pool with two servers and one frontend.
@Suite struct `Questions of monitors` {
    private var status: NodeStatus {
        var pool = BackendStatus(status: "UP", algorithm: "roundrobin")
        pool.usableServers = 2
        (pool.traffic.sessions, pool.traffic.rate, pool.service.queued) = (3, 4, 5)
        var first = ServerStatus(name: "a", address: "192.0.2.1:80", status: "UP 1/3")
        (first.traffic.sessions, first.traffic.rate, first.service.queued) = (6, 7, 8)
        var web = ProxyStatus(name: "web")
        web.backend = pool
        let words = ["no check", "NOLB", "DRAIN", "DOWN 1/2", "MAINT", "INI"]
        web.servers = [first]
        web.servers += words.map { ServerStatus(name: $0, address: "192.0.2.2:80", status: $0) }
        var idle = ProxyStatus(name: "idle")
        idle.backend = BackendStatus(status: "DOWN", algorithm: "roundrobin")
        idle.backend?.service.queued = 3
        var entry = ProxyStatus(name: "in")
        var frontend = FrontendStatus()
        (frontend.traffic.sessions, frontend.traffic.rate) = (9, 10)
        entry.frontend = frontend
        var node = sampleNode()
        node.proxies = [web, idle, entry]
        return node
    }

    private func isFailing(_ question: Monitor.Question) -> Bool {
        var monitor = Monitor(path: "/up")
        monitor.failures = [.init(alternatives: [[.init(questions: [question])]])]
        return !monitor.isServing(status)
    }

    @Test(
        arguments: [
            (.usableServers, 2), (.connections, 3), (.sessionRate, 4), (.waiting, 5),
            (.waitingPerServer, 3),
        ] as [(Monitor.PoolQuantity, Int)])
    func `of a pool`(quantity: Monitor.PoolQuantity, count: Int) {
        #expect(isFailing(.pool("web", quantity, [0...0, count...count])))
        #expect(!isFailing(.pool("web", quantity, [0...(count - 1), (count + 1)...99])))
        #expect(isFailing(.pool("nix", quantity, [0...0])))
    }

    @Test func `where no server is usable, twice as many wait for each`() {
        #expect(isFailing(.pool("idle", .waitingPerServer, [6...6])))
    }

    @Test(
        arguments: [(.connections, 6), (.sessionRate, 7), (.waiting, 8)]
            as [(Monitor.ServerQuantity, Int)])
    func `of a server`(quantity: Monitor.ServerQuantity, count: Int) {
        #expect(isFailing(.server("a", pool: "web", quantity, [count...count])))
        #expect(!isFailing(.server("a", pool: "web", quantity, [(count + 1)...99])))
        #expect(isFailing(.server("x", pool: "web", quantity, [0...0])))
    }

    @Test(
        arguments: [
            ("a", true), ("no check", true), ("NOLB", true), ("DRAIN", true), ("DOWN 1/2", false),
            ("MAINT", false), ("x", false),
        ])
    func `whether a server is up`(name: String, isUp: Bool) {
        #expect(isFailing(.serverIsUp(name, pool: "web")) == isUp)
    }

    @Test func `of a frontend, and what is always so`() {
        #expect(isFailing(.connections("in", [9...9])))
        #expect(!isFailing(.connections("in", [0...8])))
        #expect(isFailing(.sessionRate("in", [10...10])))
        #expect(!isFailing(.sessionRate("in", [0...9])))
        #expect(isFailing(.constant(true)))
        #expect(!isFailing(.constant(false)))
    }
}

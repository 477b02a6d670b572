import Balancer
import LinuxIO
import Testing

extension BalancerTests.Datagrams {
    /// How a server is chosen, where the same sources come to the same servers each time.
    enum Way: CaseIterable {
        case roundrobin, staticRoundrobin, leastconn, first, source, boundedCircle, maglev

        func set(_ plan: inout PoolPlan) {
            func weigh() {
                for (index, weight) in [3, 1, 2].enumerated() {
                    plan.servers[index].weight = weight
                }
            }
            switch self {
            case .roundrobin:
                plan.algorithm = .roundrobin
                weigh()
            case .staticRoundrobin:
                plan.algorithm = .staticRoundrobin
                weigh()
            case .leastconn:
                plan.algorithm = .leastconn
                weigh()
            case .first:
                plan.algorithm = .first
                for index in plan.servers.indices { plan.servers[index].connectionLimit = 2 }
            case .source: plan.algorithm = .source
            case .boundedCircle:
                plan.algorithm = .hash(.source)
                plan.hashType = HashType(isConsistent: true)
                plan.balanceFactor = 125
            case .maglev: plan.algorithm = .maglev
            }
        }
    }

    @Test(arguments: Way.allCases, [1, 2]) func `flows come to the servers that connections do`(
        way: Way, reactors: Int
    ) throws {
        let names = ["a", "b", "c"]
        let sources = (1...6).map { UInt32(0x7f00_0000 + $0 * 37) }
        let holding = try names.map { try TestServer.holding($0) }
        let streams = try RunningBalancer(
            reactors: reactors, servers: servers(Array(zip(names, holding)))
        ) { way.set(&$0.pools[0]) }
        var held: [BlockingSocket] = []
        let expected = sources.map { source in
            held.append(streams.connect(from: source))
            return held[held.count - 1].receive(exactly: 1)
        }
        let named = try names.map { try NamedServer($0) }
        let running = try Running(named, reactors: reactors) { plan in
            for (index, name) in names.enumerated() { plan.pools[0].servers[index].name = name }
            way.set(&plan.pools[0])
        }
        let clients = sources.map { DatagramClient(to: running.address, from: $0) }
        #expect(clients.map { $0.ask("") } == expected)
        #expect(Set(expected).count > 1)
        // Each stays where it is.
        #expect(clients.map { $0.ask("") } == expected)
        let counts = { (snapshot: BalancerSnapshot) in
            snapshot.pools[0].servers.map { [$0.currentSessions, $0.totalSessions] }
        }
        #expect(
            counts(running.balancer.snapshot()) == counts(streams.balancer.snapshot()))
    }

    @Test func `random draws let every server have flows`() throws {
        let named = try ["a", "b", "c"].map { try NamedServer($0) }
        let running = try Running(named) { $0.pools[0].algorithm = .random(draws: 2) }
        let clients = (0..<30).map { _ in DatagramClient(to: running.address) }
        #expect(Set(clients.map { $0.ask("") }) == ["a", "b", "c"])
    }

    @Test func `a client of one family is served by either`() throws {
        let loopback = StreamAddress.ipv6(IPEndpoint(high: 0, low: 1, port: 0))
        let named = [try NamedServer("4"), try NamedServer("6", on: loopback)]
        for address in [loopback, anyPort] {
            let running = try Running(named, on: address)
            let clients = (0..<4).map { _ in DatagramClient(to: running.address) }
            #expect(clients.map { $0.ask("x") } == ["4x", "6x", "4x", "6x"])
        }
    }

    @Test func `states, shares and backups hold for flows`() throws {
        let named = try ["a", "b", "c"].map { try NamedServer($0) }
        let running = try Running(named) { $0.pools[0].servers[2].isBackup = true }
        let balancer = running.balancer
        func answer() -> String { DatagramClient(to: running.address).ask("") }
        let first = DatagramClient(to: running.address)
        #expect(first.ask("") == "a")
        balancer.setAdministrativeState(pool: 0, server: 0, .drain)
        #expect([answer(), answer(), first.ask("")] == ["b", "b", "a"])
        balancer.setWeight(pool: 0, server: 1, 0)
        #expect([answer(), answer(), first.ask("")] == ["c", "c", "a"])
        balancer.setAdministrativeState(pool: 0, server: 0, .ready)
        balancer.setWeight(pool: 0, server: 1, 3)
        let turns = (0..<8).map { _ in answer() }
        #expect(turns.count { $0 == "a" } == 2 && turns.count { $0 == "b" } == 6)
    }

    @Test func `who was at a server that went down asks another one`() throws {
        let named = try ["a", "b"].map { try NamedServer($0) }
        let running = try Running(named) { plan in
            plan.frontends[0].logging = ConnectionLogging(moment: .ending)
            plan.pools[0].servers[0].shutsSessionsWhenDown = true
        }
        let client = DatagramClient(to: running.address)
        #expect(client.ask("1") == "a1")
        running.balancer.setHealth(pool: 0, server: 0, isUp: false)
        #expect(eventually { running.balancer.connectionCount == 0 })
        #expect(client.ask("2") == "b2")
        var endings: [String] = []
        #expect(
            eventually {
                running.balancer.records?.take { record, _ in
                    endings.append(record.ending.description)
                }
                return !endings.isEmpty
            })
        #expect(endings == ["D-"])
    }
}

import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests.Datagrams {
    /// Flows are given to servers as connections are: each trial asks a balancer of either kind.
    @Suite struct `Selection` {
        /// An algorithm, and who asks in which order; everybody stays.
        struct Trial: Sendable, CustomTestStringConvertible {
            let testDescription: String
            var algorithm: PoolPlan.Algorithm
            var weights = [1, 1, 1]
            /// The last octet of each client's address.
            var clients: [UInt32]
            /// How many servers get somebody.
            var owners = 3
            var adjust: @Sendable (inout PoolPlan) -> Void = { _ in }

            func apply(to plan: inout BalancerPlan) {
                plan.pools[0].algorithm = algorithm
                for index in plan.pools[0].servers.indices {
                    plan.pools[0].servers[index].name = "s\(index)"
                    plan.pools[0].servers[index].weight = weights[index]
                }
                adjust(&plan.pools[0])
            }
        }

        private static func same(_ count: Int) -> [UInt32] { Array(repeating: 9, count: count) }
        private static let many = Array(1...24 as ClosedRange<UInt32>)

        static let trials = [
            Trial(
                testDescription: "roundrobin", algorithm: .roundrobin, weights: [4, 2, 3],
                clients: same(18)),
            Trial(
                testDescription: "static-rr", algorithm: .staticRoundrobin, weights: [5, 1, 1],
                clients: same(14)),
            Trial(
                testDescription: "leastconn", algorithm: .leastconn, weights: [3, 2, 1],
                clients: same(24)),
            Trial(testDescription: "first", algorithm: .first, clients: same(5)) { pool in
                for index in 0..<3 { pool.servers[index].connectionLimit = 2 }
            },
            Trial(testDescription: "source", algorithm: .source, clients: many),
            Trial(testDescription: "hash src", algorithm: .hash(.source), clients: many),
            Trial(
                testDescription: "hash src on a circle", algorithm: .hash(.source),
                weights: [3, 1, 2], clients: many
            ) { $0.hashType = HashType(isConsistent: true) },
            // All have one.
            Trial(
                testDescription: "hash dst", algorithm: .hash(.destination), clients: many,
                owners: 1),
            Trial(
                testDescription: "a circle with a bound", algorithm: .source, clients: same(30),
                owners: 2
            ) {
                $0.hashType = HashType(isConsistent: true)
                $0.balanceFactor = 150
            },
            Trial(testDescription: "maglev", algorithm: .maglev, clients: many),
        ]

        @Test(arguments: trials, [1, 2])
        func `each algorithm leads flows where it leads connections`(
            trial: Trial, reactors: Int
        ) throws {
            let ofFlows = try ["a", "b", "c"].map { try NamedServer($0) }
            let running = try Running(ofFlows, reactors: reactors, adjusting: trial.apply)
            let flows = trial.clients.map { running.client($0) }
            let order = running.owners(of: flows)

            let ofConnections = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let beside = try RunningBalancer(
                servers: servers(ofConnections), adjusting: trial.apply)
            var held: [BlockingSocket] = []
            let expected = trial.clients.map { octet in
                let socket = beside.connect(from: 0x7f00_0000 | octet)
                held.append(socket)
                return socket.receive(exactly: 1)
            }.joined()
            #expect(order == expected)
            #expect(Set(order).count == trial.owners)
            // Who has a server stays there.
            #expect(running.owners(of: flows) == order)
            let counts = running.pool.servers.map(\.totalSessions)
            #expect(counts == beside.pool.servers.map(\.totalSessions))
            #expect(running.isEachReactorBusy)
        }

        @Test func `a hash of ports leads flows by their own and their listener's`() throws {
            let named = try ["a", "b", "c"].map { try NamedServer($0) }
            let type = HashType(function: .crc32)
            func owner(_ key: ConnectionKey, _ port: UInt16) -> String {
                let hash = ClientKey.hash(key, type).value(of: .number(UInt32(port))) ?? 0
                return ["a", "b", "c"][Int(hash % 3)]
            }
            for key in [ConnectionKey.sourcePort, .destinationPort] {
                let running = try Running(named) {
                    $0.pools[0].algorithm = .hash(key)
                    $0.pools[0].hashType = type
                }
                let flows = (0..<20).map { _ in running.client() }
                let expected = flows.map { flow in
                    let own = flow.socket.number
                    return owner(
                        key,
                        key == .sourcePort
                            ? StreamSocket.localEndpoint(of: own).port
                            : StreamSocket.peerEndpoint(of: own).port)
                }.joined()
                #expect(running.owners(of: flows) == expected)
            }
        }

        @Test func `random draws by weight and load, and passes over who is full`() throws {
            let named = try ["a", "b"].map { try NamedServer($0) }
            let running = try Running(named) {
                $0.pools[0].algorithm = .random(draws: 2)
                $0.pools[0].servers[0].weight = 3
                $0.pools[0].servers[1].connectionLimit = 14
            }
            let flows = (0..<40).map { _ in running.client() }
            let order = running.owners(of: flows)
            // A quarter of 40, as near as two draws come.
            #expect((7...13).contains(order.count { $0 == "b" }), "\(order)")
            running.balancer.setWeight(pool: 0, server: 0, 1)
            running.balancer.setConnectionLimit(pool: 0, server: 0, order.count { $0 == "a" })
            let rest = 14 - order.count { $0 == "b" }
            let late = (0..<rest).map { _ in running.client() }
            #expect(running.owners(of: late) == String(repeating: "b", count: rest))
        }

        @Test(arguments: [1, 2])
        func `backups, drained servers and those that go down take flows as connections`(
            reactors: Int
        ) throws {
            let named = try ["a", "b", "c", "d"].map { try NamedServer($0) }
            let running = try Running(named, reactors: reactors) {
                for index in 2...3 { $0.pools[0].servers[index].isBackup = true }
            }
            var held: [DatagramClient] = []
            func next(_ count: Int) -> String {
                let clients = (0..<count).map { _ in running.client() }
                held += clients
                return running.owners(of: clients)
            }
            var given = next(4)
            #expect(given == "abab")
            running.balancer.setAdministrativeState(pool: 0, server: 0, .drain)
            given += next(3)
            #expect(given.suffix(3) == "bbb")
            running.balancer.setHealth(pool: 0, server: 1, isUp: false)
            given += next(3)
            #expect(given.suffix(3) == "ccc")
            running.balancer.setHealth(pool: 0, server: 2, isUp: false)
            given += next(2)
            #expect(given.suffix(2) == "dd")
            running.balancer.setAdministrativeState(pool: 0, server: 0, .maintenance)
            // Flows stay where they are, whatever becomes of their server, as connections do.
            #expect(running.owners(of: held) == given)
            running.balancer.setAdministrativeState(pool: 0, server: 0, .ready)
            #expect(next(2) == "aa")
            #expect(running.pool.servers.map(\.currentSessions) == [4, 5, 3, 2])
            #expect(running.isEachReactorBusy)
        }

        @Test func `all backups serve where that is asked for`() throws {
            let named = try ["a", "b", "c"].map { try NamedServer($0) }
            let running = try Running(named) {
                for index in 1...2 { $0.pools[0].servers[index].isBackup = true }
                $0.pools[0].backupUse = .all
            }
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.owners(of: (0..<4).map { _ in running.client() }) == "bcbc")
        }

        @Test(arguments: [
            PoolPlan.Algorithm.roundrobin, .staticRoundrobin, .leastconn, .random(draws: 2),
        ])
        func `a weight that changes leads new flows, and moves none`(
            algorithm: PoolPlan.Algorithm
        ) throws {
            let named = try ["a", "b"].map { try NamedServer($0) }
            let running = try Running(named) {
                $0.pools[0].algorithm = algorithm
                $0.pools[0].servers[0].weight = 0
            }
            let first = (0..<4).map { _ in running.client() }
            #expect(running.owners(of: first) == "bbbb")
            running.balancer.setWeight(pool: 0, server: 0, 1)
            running.balancer.setWeight(pool: 0, server: 1, 0)
            let second = (0..<4).map { _ in running.client() }
            #expect(running.owners(of: second) == "aaaa")
            running.balancer.setWeight(pool: 0, server: 0, 3)
            running.balancer.setWeight(pool: 0, server: 1, 1)
            #expect(running.owners(of: first + second) == "bbbbaaaa")
            guard algorithm == .roundrobin || algorithm == .staticRoundrobin else { return }
            let third = running.owners(of: (0..<8).map { _ in running.client() })
            #expect(third.count { $0 == "a" } == 6, "\(third)")
        }
    }
}

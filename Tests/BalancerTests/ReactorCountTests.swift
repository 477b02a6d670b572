import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Orders and limits hold exactly, however many reactors share them; the tests of roundrobin,
    /// leastconn, source, queues, rates and the process's limit stand with those of their subjects.
    @Suite(.serialized) struct `One reactor and two` {
        /// What to ask of a balancer of servers `a`, `b`, …, that all hold their connections.
        struct Case: Sendable, CustomTestStringConvertible {
            let name: String
            var algorithm = PoolPlan.Algorithm.roundrobin
            var weights = [1, 1, 1]
            /// Whether each connection ends before the next one comes.
            var isBrief = false
            /// The last octet of each client's address.
            var clients: [UInt32]
            let order: String
            var adjust: @Sendable (inout BalancerPlan) -> Void = { _ in }

            var testDescription: String { name }
        }

        private static let same = [UInt32](repeating: 9, count: 30)

        private static let cases = [
            Case(
                name: "static-rr", algorithm: .staticRoundrobin, weights: [5, 1, 1], isBrief: true,
                clients: Array(repeating: 1, count: 14), order: "aaabaacaaabaac"),
            Case(
                name: "first", algorithm: .first, clients: Array(repeating: 1, count: 5),
                order: "aabbc"
            ) { plan in
                for index in 0..<3 { plan.pools[0].servers[index].connectionLimit = 2 }
            },
            Case(
                name: "hash src", algorithm: .hash(.source), isBrief: true, clients: Array(1...12),
                order: "cabcabcabcab"),
            Case(
                name: "hash src on a circle", algorithm: .hash(.source), isBrief: true,
                clients: Array(1...12), order: "bbacbcaacbca"
            ) { $0.pools[0].hashType = HashType(isConsistent: true) },
            Case(
                name: "a circle with a bound", algorithm: .source, clients: same,
                order: "accacacacacacacacacacacacacaca"
            ) {
                $0.pools[0].hashType = HashType(isConsistent: true)
                $0.pools[0].balanceFactor = 150
            },
            Case(
                name: "maglev", algorithm: .maglev, isBrief: true, clients: Array(1...12),
                order: "cabacacbabca"),
            Case(
                name: "leastconn by weight", algorithm: .leastconn, weights: [3, 2, 1],
                clients: Array(repeating: 1, count: 24), order: "abcabaabacbaabacbaabacba"),
            Case(
                // Only one is let to a server that has just come up.
                name: "slow start", algorithm: .leastconn, weights: [1, 1],
                clients: Array(repeating: 1, count: 6), order: "abaaaa"
            ) {
                $0.pools[0].servers[1].slowStart = .seconds(60)
                $0.pools[0].servers[1].connectionLimit = 30
            },
        ]

        @Test(arguments: cases, [1, 2])
        func `an order is the same`(trial: Case, reactors: Int) throws {
            let names = ["a", "b", "c"].prefix(trial.weights.count)
            let named = try names.map { name in
                (name, try trial.isBrief ? TestServer.named(name) : TestServer.holding(name))
            }
            let running = try RunningBalancer(
                reactors: reactors, algorithm: trial.algorithm,
                servers: servers(named, weights: trial.weights), adjusting: trial.adjust)
            if trial.name == "slow start" {
                running.balancer.setHealth(pool: 0, server: 1, isUp: false)
                running.balancer.setHealth(pool: 0, server: 1, isUp: true)
            }
            var held: [BlockingSocket] = []
            var order = ""
            for (number, client) in trial.clients.enumerated() {
                let socket = running.connect(by: number, from: 0x7f00_0000 | client)
                order += trial.isBrief ? socket.receiveAll().text : socket.receive(exactly: 1)
                if !trial.isBrief { held.append(socket) }
            }
            #expect(order == trial.order)
            #expect(running.busyReactorCount == reactors)
        }

        @Test(arguments: [1, 2])
        func `random leaves nobody waiting beside a server with room`(reactors: Int) throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let running = try RunningBalancer(
                reactors: reactors, algorithm: .random(draws: 2), servers: servers(named)
            ) { plan in
                for index in 0..<3 { plan.pools[0].servers[index].connectionLimit = 4 }
            }
            let held = running.connectMany(12)
            let order = held.map { $0.receive(exactly: 1) }.joined()
            for name in "abc" { #expect(order.count { $0 == name } == 4) }
            #expect(running.busyReactorCount == reactors)
            let late = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            held[0].close()
            #expect(late.receive(exactly: 1) == String(order.prefix(1)))
        }

        @Test(arguments: [1, 2])
        func `a server's line and a listener's limit hold under a rush`(reactors: Int) throws {
            let server = try TestServer { $0.send($0.receive(exactly: 1)) }
            let running = try RunningBalancer(
                reactors: reactors, algorithm: .source, servers: servers([("a", server)])
            ) {
                $0.pools[0].servers[0].connectionLimit = 1
                $0.pools[0].servers[0].queueLimit = 2
                $0.frontends[0].listeners = [ListenerPlan(connectionLimit: 4)]
            }
            let clients = running.connectMany(40)
            for client in clients {
                client.send("x")
                client.endSending()
            }
            #expect(clients.allSatisfy { $0.lastWords() == "x" })
            #expect(running.busyReactorCount == reactors)
            let (pool, listener) = (running.pool, running.frontend.listeners[0])
            #expect(pool.servers[0].peakSessions == 1)
            #expect(pool.servers[0].peakQueue <= 2)
            #expect(pool.peakQueue <= 3)
            #expect(listener.peakSessions <= 4 && listener.totalSessions == 40)
        }

        @Test(arguments: [1, 2])
        func `descriptors that run out lose nobody who was accepted`(reactors: Int) async {
            // In a process of its own, whose descriptors are its own to use up.
            await #expect(processExitsWith: .success) { [reactors = reactors as Int] in
                try exhaustDescriptors(reactors: reactors)
            }
        }
    }
}

/// Uses all descriptors up while clients come, and gives them back.
private func exhaustDescriptors(reactors: Int) throws {
    // The kernel completes connections to a socket that nobody accepts from.
    let server = try Socket.listening(
        on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64)
    let address = try Socket.localAddress(of: server.rawValue)
    var limit = rlimit(rlim_cur: 400, rlim_max: 400)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let running = try RunningBalancer(
        reactors: reactors, servers: [ServerPlan(name: "a", address: address)])
    let sockets = (0..<20).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
    var fillers: [Int32] = []
    while true {
        let filler = dup(0)
        if filler < 0 { break }
        fillers.append(filler)
    }
    // Room for one connection whole and half of another.
    for _ in 0..<3 { close(fillers.removeLast()) }
    for socket in sockets { precondition(connectLoopback(socket, running.port)) }
    // On a busy machine they come late.
    precondition(eventually { running.frontend.currentSessions >= 2 }, "nobody came")
    Thread.sleep(for: .milliseconds(200))
    let before = clock()
    Thread.sleep(for: .milliseconds(500))
    precondition(clock() - before < 100_000, "it spins")
    // The one without a socket keeps its slot; of two reactors each may hold one.
    let count = running.frontend.currentSessions
    precondition(count == 2 || count == 3 && reactors == 2)
    precondition(running.pool.servers[0].currentSessions == count)
    for filler in fillers { close(filler) }
    precondition(eventually { running.pool.servers[0].currentSessions == 20 })
    precondition(running.pool.connectionErrors == 0)
}

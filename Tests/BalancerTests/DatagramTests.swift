import Balancer
import LinuxIO
import Testing

extension BalancerTests {
    @Suite struct `Datagrams` {
        @Test(arguments: [1, 2]) func `a source stays with one server, sources take turns`(
            reactors: Int
        ) throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b], reactors: reactors)
            let (first, second) = (running.client(), running.client())
            #expect((0..<3).map { first.ask("\($0)") } == ["a0", "a1", "a2"])
            #expect((0..<3).map { second.ask("\($0)") } == ["b0", "b1", "b2"])
            #expect(first.ask("") == "a")
            let large = String(repeating: "x", count: 60_000)
            #expect(first.ask(large) == "a" + large)
            // An answer is counted once it has been sent.
            #expect(
                eventually {
                    running.balancer.snapshot().pools[0].servers[0].bytesOut == 60_008
                })
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends[0].currentSessions == 2)
            #expect(snapshot.frontends[0].totalSessions == 2)
            #expect(snapshot.pools[0].servers.map(\.totalSessions) == [1, 1])
            #expect(snapshot.pools[0].servers[0].bytesIn == 60_003)
            #expect(running.isEachReactorBusy)
        }

        @Test func `a flow ends when nothing passes, and the next one begins anew`() throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b]) {
                $0.frontends[0].clientTimeout = .milliseconds(100)
            }
            let client = DatagramClient(to: running.address)
            #expect(client.ask("1") == "a1")
            #expect(eventually { running.balancer.connectionCount == 0 })
            #expect(client.ask("2") == "b2")
        }

        @Test func `a full table drops new sources, and is counted`() throws {
            let a = try NamedServer("a")
            let running = try Running([a]) {
                $0.frontends[0].connectionLimit = 2
            }
            let clients = (0..<3).map { _ in DatagramClient(to: running.address) }
            #expect(clients[0].ask("x") == "ax")
            #expect(clients[1].ask("x") == "ax")
            clients[2].send("x")
            #expect(
                eventually {
                    running.balancer.snapshot().frontends[0].refusalsByCause == [.flowsFull: 1]
                })
            #expect(clients[0].ask("y") == "ay")
            #expect(running.balancer.connectionCount == 2)
        }

        @Test func `datagrams of a flow that waits, and of one too many in a second, are counted`()
            throws
        {
            let running = try Running([NamedServer("a")]) {
                $0.frontends[0].sessionRateLimit = 2
                $0.pools[0].servers[0].connectionLimit = 1
            }
            let clients = (0..<3).map { _ in DatagramClient(to: running.address) }
            #expect(clients[0].ask("x") == "ax")
            clients[1].send("x")
            clients[2].send("x")
            #expect(
                eventually {
                    running.balancer.snapshot().frontends[0].refusalsByCause == [.datagramLost: 2]
                })
            // The second one has a flow, which waits; the third has none.
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends[0].totalSessions == 2)
            #expect(snapshot.pools[0].currentQueue == 1)
        }

        @Test func `a server that nobody listens on loses its flows`() throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b])
            let client = DatagramClient(to: running.address)
            #expect(client.ask("1") == "a1")
            a.stop()
            #expect(
                eventually {
                    client.send("2")
                    return running.balancer.snapshot().pools[0].servers[0].connectionErrors > 0
                })
            #expect(eventually { client.ask("3").hasPrefix("b") })
        }

        @Test func `a pool without a server drops, and holds nothing`() throws {
            let a = try NamedServer("a")
            let running = try Running([a])
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let client = DatagramClient(to: running.address)
            client.send("1")
            #expect(eventually { running.balancer.snapshot().pools[0].connectionErrors == 1 })
            #expect(running.balancer.connectionCount == 0)
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(client.ask("2") == "a2")
        }
    }
}

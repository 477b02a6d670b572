import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `The order of servers` {
        @Test(arguments: [1, 2])
        func `roundrobin spreads weights 5, 1, 1 as aaabaac`(reactors: Int) throws {
            let (a, b, c) = (
                try TestServer.named("a"), try TestServer.named("b"), try TestServer.named("c")
            )
            let running = try RunningBalancer(
                reactors: reactors,
                servers: servers([("a", a), ("b", b), ("c", c)], weights: [5, 1, 1]))
            let order = (0..<21).map { running.answer(by: $0) }.joined()
            #expect(order == "aaabaacaaabaacaaabaac")
            #expect(running.busyReactorCount == reactors)
        }

        @Test(arguments: [1, 2])
        func `roundrobin alternates between two servers, whichever reactor accepts`(
            reactors: Int
        ) throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", a), ("b", b)]))
            // Now one of them and now the other, but not by turns.
            let order = (0..<40).map { running.answer(by: $0 % 3) }.joined()
            #expect(order == String(repeating: "ab", count: 20))
            #expect(running.busyReactorCount == reactors)
        }

        @Test(arguments: [1, 2])
        func `leastconn gives held connections to each server in turn`(reactors: Int) throws {
            let (a, b, c) = (
                try TestServer.holding("a"), try TestServer.holding("b"),
                try TestServer.holding("c")
            )
            let running = try RunningBalancer(
                reactors: reactors, algorithm: .leastconn,
                servers: servers([("a", a), ("b", b), ("c", c)]))
            var clients: [BlockingSocket] = []
            var order = ""
            for number in 0..<6 {
                clients.append(running.connect(by: number))
                order += clients.last?.receive(exactly: 1) ?? ""
            }
            #expect(order == "abcabc")
            #expect(running.busyReactorCount == reactors)
        }

        @Test func `leastconn gives weights 2 and 1 two thirds and one third`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                algorithm: .leastconn, servers: servers([("a", a), ("b", b)], weights: [2, 1]))
            let clients = (0..<18).map { _ in running.connect() }
            let order = clients.map { $0.receive(exactly: 1) }.joined()
            #expect(order.filter { $0 == "a" }.count == 12)
            #expect(order.hasPrefix("abaa"))
        }

        @Test func `leastconn prefers the server whose connections have ended`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                algorithm: .leastconn, servers: servers([("a", a), ("b", b)]))
            let clients = (0..<4).map { _ in running.connect() }
            #expect(clients.map { $0.receive(exactly: 1) }.joined() == "abab")
            clients[1].close()
            clients[3].close()
            #expect(running.wait { running.pool.servers[1].currentSessions == 0 })
            #expect(running.connect().receive(exactly: 1) == "b")
        }

        @Test(arguments: [1, 2])
        func `source spreads neighbouring addresses as haproxy does, and keeps each where it is`(
            reactors: Int
        ) throws {
            let (a, b, c) = (
                try TestServer.named("a"), try TestServer.named("b"), try TestServer.named("c")
            )
            let running = try RunningBalancer(
                reactors: reactors, algorithm: .source,
                servers: servers([("a", a), ("b", b), ("c", c)]))
            for round in 0..<2 {
                let order = (1...6).map { number in
                    running.answer(by: number + round, from: 0x7f00_0000 + UInt32(number))
                }.joined()
                #expect(order == "cabcab")
            }
            #expect(running.busyReactorCount == reactors)
        }

        @Test func `a lower weight does not have to pay the debts of the higher one`() {
            var plan = PoolPlan(name: "p")
            plan.servers = [256, 256].map {
                ServerPlan(name: "s", address: .init(address: 0, port: 1), weight: $0)
            }
            var state = PoolState(plan)
            let waiter = Waiter(reactor: 0, connection: 0, generation: 1)
            #expect(state.enter(waiter, key: 0, at: 0) == .server(0))
            _ = state.setWeight(1, of: 0, at: 0)
            _ = state.setWeight(1, of: 1, at: 0)
            let order = (0..<4).map { _ in state.enter(waiter, key: 0, at: 0) }
            #expect(order == [.server(1), .server(0), .server(1), .server(0)])
        }
    }
}

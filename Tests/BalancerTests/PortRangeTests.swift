import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// `source ADDRESS:FIRST-LAST`.
    @Suite struct `Ports of a range` {
        @Test func `each is given once, in turn, and again when it was given back`() {
            let range = PortRange(65_406...65_535)
            let all = (0..<130).compactMap { _ in range.take() }
            #expect(all == Array(65_406...65_535))
            #expect(range.take() == nil)
            range.give(65_500)
            range.give(65_500)
            range.give(80)
            #expect([range.take(), range.take()] == [65_500, nil])
            range.give(65_535)
            range.give(65_406)
            // The one that rested for longer comes first.
            #expect([range.take(), range.take(), range.take()] == [65_535, 65_406, nil])
        }

        /// As many ports in a row that nobody has, below those that the kernel gives out.
        private func free(_ count: UInt16) throws -> ClosedRange<UInt16> {
            var first: UInt16 = 20_000 + UInt16(getpid() % 8_000)
            while true {
                let range = first...(first + count - 1)
                let isFree = range.allSatisfy { port in
                    (try? Socket.listening(
                        on: SocketAddress(address: 0x7f00_0001, port: port), backlog: 1)) != nil
                }
                if isFree { return range }
                first += count
            }
        }

        private func pooled(
            _ address: StreamAddress, _ ports: ClosedRange<UInt16>, of source: IPEndpoint?
        ) -> ServerPlan {
            var plan = ServerPlan.at(address)
            plan.connection.source = .ports(ports, of: source)
            return plan
        }

        @Test func `connections take turns with them, as haproxy's do`() throws {
            let server = try AnsweringServer { _, peer in "\(peer.port)" }
            guard case .ipv4(let end) = server.address else { return }
            let ports = try free(3)
            let (low, high) = (ports.lowerBound, ports.upperBound)
            let haproxy = try HAProxy(sections: [
                """
                    timeout client 5s
                    timeout server 5s
                    timeout connect 5s
                    server s 127.0.0.1:\(end.port) source 127.0.0.1:\(low)-\(high)
                """
            ])
            let theirs = try (0..<4).map { _ in
                try #require(BlockingSocket(to: haproxy.port)).receiveAll().text
            }
            let wanted = [low, low + 1, high, low].map { "\($0)" }
            #expect(theirs == wanted)
            for source in [IPEndpoint(ipv4: 0x7f00_0001, port: 0), nil] {
                // A server of its own, with which no port rests after its last connection.
                let server = try AnsweringServer { _, peer in "\(peer.port)" }
                let running = try FamilyBalancer(pools: [
                    [pooled(server.address, ports, of: source)]
                ])
                #expect((0..<4).map { _ in running.answer() } == wanted)
            }
        }

        @Test func `who finds none free waits for one, and is counted where none comes`() throws {
            let server = try TestServer.holding("a")
            let ports = try free(2)
            let running = try FamilyBalancer(pools: [
                [pooled(.ipv4(server.address), ports, of: IPEndpoint(ipv4: 0x7f00_0001, port: 0))]
            ]) {
                $0.pools[0].connectTimeout = .milliseconds(100)
                $0.pools[0].retries = 20
            }
            let (first, second) = (running.connect(), running.connect())
            #expect([first, second].map { $0.receive(exactly: 1) } == ["a", "a"])
            let third = running.connect()
            #expect(eventually { running.balancer.snapshot().pools[0].retries > 0 })
            #expect(running.frontend.refusalsByCause[.localFailure] == nil)
            first.close()
            #expect(third.receive(exactly: 1) == "a")
            // The server has no part in it.
            #expect(running.balancer.snapshot().pools[0].servers[0].retries == 0)
            let alone = try FamilyBalancer(pools: [
                [pooled(.ipv4(server.address), ports, of: IPEndpoint(ipv4: 0x7f00_0001, port: 0))]
            ]) { $0.pools[0].retries = 0 }
            // The kernel knows of the connections of others.
            #expect(alone.answer() == "")
            #expect(alone.frontend.refusalsByCause == [.localFailure: 1])
            #expect(alone.balancer.snapshot().pools[0].connectionErrors == 1)
        }

        @Test func `a port that somebody else has is passed over at once`() throws {
            let server = try TestServer.holding("a")
            let end = server.address
            let ports = try free(2)
            let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var one: Int32 = 1
            setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, 4)
            let source = IPEndpoint(ipv4: 0x7f00_0001, port: ports.lowerBound)
            #expect(StreamSocket.bind(other, to: RawStreamAddress(source)) == 0)
            #expect(StreamSocket.connect(other, to: RawStreamAddress(.ipv4(end))) == 0)
            let client = BlockingSocket(adopting: other)
            #expect(client.receive(exactly: 1) == "a")
            let running = try FamilyBalancer(pools: [[pooled(.ipv4(end), ports, of: nil)]]) {
                $0.pools[0].retries = 0
            }
            #expect(running.connect().receive(exactly: 1) == "a")
            withExtendedLifetime(client) {}
        }

        @Test func `an attempt that failed gives its port back`() throws {
            let address = try TestServer.refusingAddress()
            let running = try FamilyBalancer(pools: [
                [pooled(.ipv4(address), try free(1), of: nil)]
            ]) { $0.pools[0].retries = 0 }
            for _ in 0..<3 { #expect(running.answer() == "") }
            // The server's fault each time, and not for lack of a port.
            let pool = running.balancer.snapshot().pools[0]
            #expect(pool.servers[0].connectionErrors == 3)
            #expect(running.frontend.refusalsByCause == [:])
        }

        @Test func `a plan that changes leaves them with their connections`() throws {
            let server = try TestServer.holding("a")
            let ports = try free(40)
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [
                    PoolPlan(
                        name: "pool",
                        servers: [pooled(.ipv4(server.address), ports, of: nil)], retries: 0)
                ])
            plan.pools[0].servers[0].name = "s"
            let running = try BalancerTests.Succession.Running(plan)
            let clients = try (0..<20).map { _ in try running.connect() }
            #expect(clients.allSatisfy { $0.receive(exactly: 1) == "a" })
            try running.adopt { $0.pools[0].serverTimeout = .seconds(9) }
            #expect(try running.connect().receive(exactly: 1) == "a")
        }
    }
}

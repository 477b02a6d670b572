import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Numbers that no plan can have` {
        private func plan(_ adjust: (inout BalancerPlan) -> Void) -> BalancerPlan {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: [])])
            adjust(&plan)
            return plan
        }

        @Test func `no connection a second`() {
            let fault = "at most 0 connections of all frontends a second; it may be 1 or more"
            #expect(plan { $0.connectionRateLimit = 0 }.fault == fault)
            #expect(plan { $0.sessionRateLimit = 0 }.fault == fault)
            #expect(plan { $0.securedRateLimit = 0 }.fault == fault)
            #expect(
                plan { $0.frontends[0].sessionRateLimit = 0 }.fault
                    == "at most 0 connections of front a second; it may be 1 or more")
            #expect(plan { $0.frontends[0].sessionRateLimit = 1 }.fault == nil)
        }

        @Test func `a lot below none`() {
            func asking(below bound: Int) -> BalancerPlan {
                plan {
                    let term = Condition.Term([.random(below: bound, [0...0])])
                    $0.frontends[0].rules.connection = [Rule(.accept, if: Condition([[term]]))]
                }
            }
            #expect(
                asking(below: 0).fault == "a rule draws a number below 0; it may be 1 or more")
            #expect(asking(below: 1).fault == nil)
        }

        @Test func `more texts in a header than it has room for`() {
            func telling(_ count: Int) -> BalancerPlan {
                var server = ServerPlan(
                    name: "a", address: SocketAddress(address: 0x7f00_0001, port: 80))
                server.connection.headerTexts = Array(
                    repeating: .init(type: 0xE0, source: .text([])), count: count)
                return plan { $0.pools[0].servers = [server] }
            }
            #expect(telling(17).fault == "17 texts in the header for a; there may be 16")
            #expect(telling(16).fault == nil)
        }

        @Test func `a header that would have to tell what comes after it`() {
            func telling(_ key: ConnectionKey) -> String? {
                var server = ServerPlan(
                    name: "a", address: SocketAddress(address: 0x7f00_0001, port: 80))
                server.connection.headerTexts = [.init(type: 0xE0, source: .key(key))]
                return plan { $0.pools[0].servers = [server] }.fault
            }
            #expect(
                telling(.serverName)
                    == "the header for a is to tell what the client says, which comes after it")
            #expect(telling(.source) == nil)
        }

        @Test func `more ways from frontends to pools than can be numbered`() throws {
            // 2 × 32,767, and one more.
            func leading(_ counts: [Int]) -> BalancerPlan {
                plan {
                    $0.pools = (0..<(counts.max() ?? 0)).map {
                        PoolPlan(name: "p\($0)", servers: [])
                    }
                    $0.frontends = counts.enumerated().map { number, count in
                        var frontend = FrontendPlan(name: "f\(number)", poolIndex: 0)
                        frontend.rules.pools = (1..<count).map { PoolRule($0) }
                        return frontend
                    }
                }
            }
            #expect(leading([32_767, 32_767]).fault == nil)
            #expect(leading([32_767, 32_768]).fault == "65535 paths; there may be 65534")
        }

        @Test func `a port beyond all`() throws {
            var server = ServerPlan(
                name: "a", address: SocketAddress(address: 0x7f00_0001, port: 0))
            server.portOffset = .max
            let end = IPEndpoint(ipv4: 0x7f00_0002, port: 80)
            #expect(
                server.address(forClientsOf: end)
                    == .ipv4(SocketAddress(address: 0x7f00_0001, port: 79)))
        }
    }
}

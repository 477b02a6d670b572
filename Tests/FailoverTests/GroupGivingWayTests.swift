import Failover
import LinuxIO
import Testing
import VRRPCore

extension `On a LAN` {
    /// What the node's own balancer is to a sync group, of which one member alone tracks it.
    @Suite struct `A sync group that lacks the balancer of its node` {
        /// Two routers that advertise once a second, so that peers wait 3.6 s for them.
        private func node(
            _ network: TestNetwork, _ name: String, priority: UInt8, weight: Int,
            weighsMembers: Bool = false, only: UInt8? = nil
        ) throws -> TestNode {
            var settings = try router(priority: priority)
            settings.routers = try [51, 52].filter { only == nil || $0 == only }.map { vrid in
                var router = RouterSettings(
                    name: "VI_\(vrid)", interface: "eth1",
                    vrid: try #require(VRID(rawValue: vrid)), priority: Priority(rawValue: priority)
                )
                router.interval = AdvertisementInterval(.oneSecond, version: .v3)
                router.longestReleaseSkew = .milliseconds(10)
                router.preempts = only == nil
                router.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, vrid))]
                return router
            }
            settings.routers[0].trackedScripts = [TrackedName(name: "balancer", weight: weight)]
            settings.scripts = [ScriptSettings(name: "balancer", source: .fact("balancer"))]
            settings.scripts[0].givesWay = true
            settings.syncGroups = [
                SyncGroupSettings(name: "G", members: settings.routers.map(\.name))
            ]
            settings.syncGroups[0].weighsMembers = weighsMembers
            let node = try TestNode(settings, in: network.namespace(name))
            tell(node, isGood: true)
            return node
        }

        private func tell(_ node: TestNode, isGood: Bool) {
            _ = node.perform { $0.setFact(name: "balancer", isGood: isGood) }
        }

        private func states(_ node: TestNode) -> [RouterState] {
            node.snapshot?.routers.map(\.state) ?? []
        }

        private func becomeActive(_ node: TestNode) -> Bool {
            eventually(within: .seconds(5)) { states(node) == [.active, .active] }
        }

        private func activeCounts(_ node: TestNode) -> [Int] {
            node.snapshot?.routers.map { Int($0.counters.becameActive) } ?? []
        }

        /// As in keepalived; a member that did not track it would be back after 1.6 s if it gave way.
        @Test func `a member that needs it takes all into fault, for as long as it lacks it`()
            throws
        {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 101, weight: 0)
            #expect(becomeActive(a))
            tell(a, isGood: false)
            #expect(states(a) == [.fault, .fault])
            #expect(!eventually(within: .seconds(3)) { states(a) != [.fault, .fault] })
            #expect(a.snapshot?.routers.map(\.counters.gaveWay) == [0, 0])
            tell(a, isGood: true)
            #expect(becomeActive(a))
            #expect(activeCounts(a) == [2, 2])
            a.shutDown()
        }

        @Test func `a weight of one member counts for none, or makes all give way together`() throws
        {
            for weighs in [false, true] {
                let network = try TestNetwork()
                let a = try node(network, "a", priority: 101, weight: 2, weighsMembers: weighs)
                #expect(becomeActive(a))
                let start = MonotonicInstant.now
                tell(a, isGood: false)
                guard weighs else {
                    #expect(!eventually(within: .seconds(2)) { states(a) != [.active, .active] })
                    a.shutDown()
                    continue
                }
                #expect(states(a) == [.backup, .backup])
                #expect(becomeActive(a))
                // Nobody else was there: an interval and a skew time of 0.6 s.
                let away = MonotonicInstant.now - start
                #expect(away > .milliseconds(1500) && away < .milliseconds(2500))
                #expect(!eventually(within: .seconds(2)) { states(a) != [.active, .active] })
                #expect(activeCounts(a) == [2, 2])
                tell(a, isGood: true)
                // What was lacking for a moment only is waited for no longer.
                tell(a, isGood: false)
                tell(a, isGood: true)
                #expect(states(a) == [.active, .active])
                #expect(activeCounts(a) == [3, 3])
                a.shutDown()
            }
        }

        /// Which of the members is told of what is lacking does not matter.
        @Test(arguments: [51, 52] as [UInt8])
        func `it displaces nobody who serves in a member's place, once it lacks nothing more`(
            vrid: UInt8
        ) throws {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 101, weight: 2, weighsMembers: true)
            #expect(becomeActive(a))
            // It is ranked higher, and preempts nobody.
            let b = try node(network, "b", priority: 110, weight: 2, only: vrid)
            #expect(
                eventually(within: .seconds(2)) {
                    b.lines.contains("(VI_\(vrid)) master set to 10.9.0.1")
                })
            tell(a, isGood: false)
            #expect(
                eventually(within: .seconds(1)) {
                    states(b) == [.active]
                        && a.lines.contains("(VI_\(vrid)) master set to 10.9.0.2")
                })
            tell(a, isGood: true)
            #expect(states(a) == [.backup, .backup])
            #expect(!eventually(within: .seconds(2)) { states(b) != [.active] })
            a.shutDown()
            b.shutDown()
        }
    }
}

import Failover
import Glibc
import LinuxIO
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `Planned moves` {
        private func error(
            _ node: TestNode,
            _ body: @escaping @Sendable (FailoverNode) throws(HandoverError) -> Bool
        ) -> String? {
            node.perform { node -> String in
                do throws(HandoverError) { return "\(try body(node))" } catch { return "\(error)" }
            }
        }

        @Test func `release moves the addresses away for good, takeover back`() throws {
            let network = try TestNetwork()
            let a = try TestNode(router(priority: 150), in: network.namespace("a"))
            #expect(a.waitForState(.active, within: .seconds(2)) != nil)
            let b = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(100_000)

            let start = MonotonicInstant.now
            #expect(
                error(a) { node throws(HandoverError) in try node.release(router: "VI_1") }
                    == "true")
            let moved = try #require(b.waitForState(.active, since: start, within: .seconds(1)))
            // Skew time of priority 100 at 0.1 s: 61 ms.
            #expect(moved - start < .milliseconds(120))
            // Longer than a's down interval of 341 ms: it does not preempt.
            usleep(700_000)
            #expect(a.snapshot?.routers.first?.state == .backup)
            #expect(
                a.snapshot?.routers.first?.notes
                    == [
                        "gave way: leaves the Active router alone while there is one, or until a takeover"
                            + " is asked for"
                    ])

            let back = MonotonicInstant.now
            #expect(
                error(a) { node throws(HandoverError) in try node.takeOver(router: "VI_1") }
                    == "true")
            #expect(a.waitForState(.active, since: back, within: .milliseconds(100)) != nil)
            #expect(b.waitForState(.backup, since: back, within: .milliseconds(200)) != nil)
            #expect(a.snapshot?.routers.first?.raise == 0)
            a.shutDown()
            b.shutDown()
        }

        @Test func `takeover against a higher priority raises the own one, and holds`() throws {
            let network = try TestNetwork()
            let a = try TestNode(router(priority: 150), in: network.namespace("a"))
            #expect(a.waitForState(.active, within: .seconds(2)) != nil)
            let b = try TestNode(router(priority: 100), in: network.namespace("b"))
            #expect(b.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(1)))
            let start = MonotonicInstant.now
            #expect(
                error(b) { node throws(HandoverError) in try node.takeOver(router: "VI_1") }
                    == "true")
            #expect(a.waitForState(.backup, since: start, within: .milliseconds(200)) != nil)
            usleep(700_000)
            #expect(b.snapshot?.routers.first?.state == .active)
            #expect(b.snapshot?.routers.first?.effectivePriority.rawValue == 151)
            #expect(a.snapshot?.routers.first?.state == .backup)
            #expect(b.lines.contains("(VI_1) taking over: the operator wants it"))
            // And back: b's priority falls to its own.
            #expect(
                error(b) { node throws(HandoverError) in try node.release(router: "VI_1") }
                    == "true")
            #expect(a.waitForState(.active, since: start, within: .seconds(1)) != nil)
            #expect(b.snapshot?.routers.first?.effectivePriority.rawValue == 100)
            a.shutDown()
            b.shutDown()
        }

        @Test func `what can't be done is said`() throws {
            let network = try TestNetwork()
            let node = try TestNode(
                router(priority: 100) { $0.interface = "eth7" }, in: network.namespace("a"))
            #expect(
                error(node) { node throws(HandoverError) in try node.takeOver(router: "VI_1") }
                    == "VI_1 can't take over: interface eth7 does not exist")
            #expect(
                error(node) { node throws(HandoverError) in try node.release(router: "VI_9") }
                    == "no virtual router is named 'VI_9'; there are: VI_1")
            node.shutDown()
        }
    }

    @Suite struct `A balancer that fails beside its node` {
        /// A node whose priority a fact raises by 2; it advertises once a second, so that its peers wait
        /// 3.6 s for it.
        private func node(
            _ network: TestNetwork, _ name: String, priority: UInt8, givesWay: Bool = true,
            preempts: Bool = true
        ) throws -> TestNode {
            var settings = try router(priority: priority) {
                $0.preempts = preempts
                $0.trackedScripts = [TrackedName(name: "balancer", weight: 2)]
                $0.interval = AdvertisementInterval(.oneSecond, version: .v3)
                $0.longestReleaseSkew = .milliseconds(10)
            }
            settings.scripts = [ScriptSettings(name: "balancer", source: .fact("balancer"))]
            settings.scripts[0].givesWay = givesWay
            let node = try TestNode(settings, in: network.namespace(name))
            tell(node, isGood: true)
            return node
        }

        private func tell(_ node: TestNode, isGood: Bool) {
            _ = node.perform { $0.setFact(name: "balancer", isGood: isGood) }
        }

        @Test(arguments: [true, false])
        func `the other node takes over at once where the fact gives way`(givesWay: Bool) throws {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 101, givesWay: givesWay)
            #expect(a.waitForState(.active, within: .seconds(5)) != nil)
            let b = try node(network, "b", priority: 100)
            #expect(b.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(2)))
            let start = MonotonicInstant.now
            tell(a, isGood: false)
            let moved = try #require(b.waitForState(.active, since: start, within: .seconds(5)))
            if givesWay {
                #expect(moved - start < .milliseconds(200))
                #expect(a.lines.contains("(VI_1) giving way: balancer failed"))
            } else {
                #expect(moved - start > .seconds(2))
            }
            // It preempts as ever, once it has what it lacked: the other one serves until then.
            let back = MonotonicInstant.now
            tell(a, isGood: true)
            let returned = try #require(a.waitForState(.active, since: back, within: .seconds(5)))
            #expect(returned - back > .seconds(2))
            a.shutDown()
            b.shutDown()
        }

        @Test func `without another node it is Active again as soon as it has what it lacked`()
            throws
        {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 101)
            #expect(a.waitForState(.active, within: .seconds(5)) != nil)
            tell(a, isGood: false)
            #expect(a.snapshot?.routers.first?.state == .backup)
            let back = MonotonicInstant.now
            tell(a, isGood: true)
            let returned = try #require(a.waitForState(.active, since: back, within: .seconds(5)))
            #expect(returned - back < .milliseconds(200))
            // Without it, it is so after an interval and a skew time of 0.6 s: nobody else was there.
            let start = MonotonicInstant.now
            tell(a, isGood: false)
            let alone = try #require(a.waitForState(.active, since: start, within: .seconds(5)))
            #expect(alone - start > .milliseconds(1500) && alone - start < .milliseconds(1800))
            #expect(a.snapshot?.routers.first?.effectivePriority.rawValue == 101)
            a.shutDown()
        }

        @Test func `who took over is left alone after a fault, where nobody preempts`()
            throws
        {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 101, preempts: false)
            // It hears the others out for twice as long.
            #expect(a.waitForState(.active, within: .seconds(10)) != nil)
            let b = try node(network, "b", priority: 100)
            #expect(b.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(2)))
            tell(a, isGood: false)
            #expect(a.waitForLine("(VI_1) master set to 10.9.0.2", within: .seconds(2)))
            let down = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "down")
            #expect(a.waitForState(.fault, since: down, within: .seconds(1)) != nil)
            let up = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "up")
            #expect(a.waitForState(.backup, since: up, within: .seconds(1)) != nil)
            // It has yet to hear again who is Active.
            tell(a, isGood: true)
            #expect(a.waitForState(.active, since: up, within: .milliseconds(1500)) == nil)
            #expect(b.snapshot?.routers.first?.state == .active)
            a.shutDown()
            b.shutDown()
        }

        @Test func `weights that do not suffice count all the same`() throws {
            let network = try TestNetwork()
            let a = try node(network, "a", priority: 150)
            #expect(a.waitForState(.active, within: .seconds(5)) != nil)
            let b = try node(network, "b", priority: 100)
            #expect(b.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(2)))
            let start = MonotonicInstant.now
            tell(a, isGood: false)
            #expect(b.waitForState(.active, since: start, within: .milliseconds(200)) != nil)
            #expect(a.waitForState(.active, since: start, within: .seconds(5)) != nil)
            #expect(b.waitForState(.backup, since: start, within: .seconds(1)) != nil)
            a.shutDown()
            b.shutDown()
        }
    }
}

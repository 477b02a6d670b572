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
                    == ["gave way: leaves the Active router alone while there is one"])

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
}

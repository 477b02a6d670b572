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

@Suite struct `Plan of a reload` {
    @Test func `nothing changes`() throws {
        let configuration = try router(priority: 100)
        #expect(FailoverPlan(from: configuration, to: configuration).steps.isEmpty)
    }

    @Test func `each kind of change`() throws {
        var old = try router(priority: 100)
        old.scripts = [ScriptSettings(name: "chk", source: .command(["true"]))]
        var gone = old.routers[0]
        gone.name = "VI_2"
        gone.vrid = try #require(VRID(52))
        var anew = old.routers[0]
        anew.name = "VI_3"
        anew.vrid = try #require(VRID(53))
        old.routers += [gone, anew]
        var new = old
        new.routers.remove(at: 1)
        new.routers[0].priority = Priority(rawValue: 120)
        new.routers[0].addresses = [
            HeldAddress(address: IPv4Address(10, 9, 0, 101), prefixLength: 24)
        ]
        new.routers[1].interval = AdvertisementInterval(.oneSecond, version: .v2)
        var added = gone
        added.name = "VI_4"
        added.vrid = try #require(VRID(54))
        new.routers.append(added)
        new.scripts[0].interval = .seconds(5)
        new.files = [TrackedFileSettings(name: "load", path: "/run/load")]
        #expect(
            FailoverPlan(from: old, to: new).steps.map(\.description) == [
                "virtual router VI_2: removed", "script chk: changed in place: settings",
                "tracked file load: added",
                "virtual router VI_1: changed in place: priority 100 becomes 120, address 10.9.0.100/32 goes, address 10.9.0.101/24 comes",
                "virtual router VI_3: resigns and starts anew: it speaks version 2 from then on",
                "virtual router VI_4: added",
            ])
    }
}

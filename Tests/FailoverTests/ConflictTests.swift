import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private let addressOfB = IPv4Address(10, 9, 0, 2)
private let shared = VirtualAddressList(IPv4Address(10, 9, 0, 100))

extension TestNode {
    fileprivate var counters: RouterCounters? { snapshot?.routers.first?.counters }

    /// How often something was told.
    fileprivate func count(_ isCounted: (VirtualRouter.Observation) -> Bool) -> Int {
        events.count { event in
            guard case .router(_, .observed(let observation)) = event else { return false }
            return isCounted(observation)
        }
    }
}

extension `On a LAN` {
    @Suite struct `Another router that believes to be Active` {
        @Test func `after a split, the winner's state is told again with the greatest epoch`()
            throws
        {
            let network = try TestNetwork()
            let files = ["a", "b"].map { "/tmp/\(network.prefix).epoch-\($0)" }
            let pipe = "/tmp/\(network.prefix).states"
            defer { files.forEach { unlink($0) } }
            func settings(_ priority: UInt8, _ file: String) throws -> FailoverConfiguration {
                try router(priority: priority) {
                    $0.notifications.any = [
                        "sh", "-c", "echo $3 $LBCTL_EPOCH >> \(file)", "note",
                    ]
                }
            }
            func states(_ file: String) -> [(word: Substring, epoch: Int64)] {
                ((try? run("cat", file)) ?? "").split(separator: "\n").compactMap { line in
                    let words = line.split(separator: " ")
                    return words.count == 2 ? Int64(words[1]).map { (words[0], $0) } : nil
                }
            }
            var preferred = try settings(101, files[0])
            preferred.notificationFIFOs = [NotificationFIFOSettings(path: pipe)]
            preferred.syncGroups = [SyncGroupSettings(name: "G", members: ["VI_1"])]
            let first = try TestNode(preferred, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            func cable(_ isIn: Bool) throws {
                try run(
                    ["ip", "-n", network.switchboard, "link", "set", "port-b"]
                        + (isIn ? ["master", "br0"] : ["nomaster"]))
            }
            try cable(false)
            let second = try TestNode(settings(100, files[1]), in: network.namespace("b"))
            #expect(second.waitForState(.active, within: .seconds(2)) != nil)
            #expect(eventually(within: .seconds(1)) { states(files[1]).last?.word == "MASTER" })
            try cable(true)
            #expect(eventually(within: .seconds(2)) { states(files[0]).count == 3 })
            let (winner, loser) = (states(files[0]), states(files[1]))
            try #require(winner.count == 3)
            try #require(loser.count >= 2)
            #expect(winner.map(\.word) == ["BACKUP", "MASTER", "MASTER"])
            #expect(loser.prefix(2).map(\.word) == ["BACKUP", "MASTER"])
            #expect(winner[1].epoch < loser[1].epoch)
            #expect(loser[1].epoch < winner[2].epoch)
            #expect(first.counters?.conflictsWon == 1)
            let lines = try run("sh", "-c", "timeout 1 cat \(pipe); true").split(separator: "\n")
            #expect(lines.suffix(2) == ["INSTANCE \"VI_1\" MASTER 101", "GROUP \"G\" MASTER 0"])
            #expect(lines.count { $0 == "INSTANCE \"VI_1\" MASTER 101" } == 2)
            first.shutDown()
            second.shutDown()
        }

        @Test func `is resigned to in its own form too, if this node is killed`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.inside("b") {
                let other = VirtualAddressList(IPv4Address(10, 9, 0, 101))
                try Forger(source: addressOfB).advertise(99, other)
            }
            let change = FailoverEvent.router(name: "VI_1", .lastWordsChanged)
            #expect(eventually(within: .seconds(1)) { node.events.contains(change) })
            #expect(node.bequeath(in: network.namespace("a")) == [])
            // The last octet of the only address that each lists.
            func lastWords() -> [UInt8] {
                wire.frames.filter { $0.advertisement?.priority == 0 }.map { $0.bytes[45] }
            }
            #expect(eventually(within: .seconds(1)) { lastWords() == [101, 100, 101, 100] })
            wire.stop()
        }

        @Test func `a flood of lower priorities costs a few lines, runs and announcements`() throws
        {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let file = "/tmp/\(network.prefix).inferior"
            let pipe = "/tmp/\(network.prefix).flood"
            defer { unlink(file) }
            var settings = try router(priority: 100) {
                $0.notifications.heardInferior = ["sh", "-c", "echo run >> \(file)"]
            }
            settings.notificationFIFOs = [NotificationFIFOSettings(path: pipe)]
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            _ = node.snapshot
            let before = wire.frames.count
            let start = MonotonicInstant.now
            try network.inside("b") {
                let forger = try Forger(source: addressOfB)
                for number in 0..<400 {
                    forger.advertise(99, shared)
                    if number.isMultiple(of: 10) { usleep(10_000) }
                }
            }
            let took = MonotonicInstant.now - start
            #expect(eventually(within: .seconds(1)) { node.counters?.inferiorsHeard == 400 })
            let told = node.count { observation in
                if case .inferiorAnswered = observation { true } else { false }
            }
            #expect((1...9).contains(told))
            let frames = wire.frames.dropFirst(before).filter { $0.at < start + took }
            // One burst at once and one for each second begun.
            let bursts = frames.count { $0.announced != nil } / 5
            #expect(bursts >= 1)
            #expect(bursts <= Int(took / .seconds(1)) + 2)
            // 16 answers an interval at most.
            let answers = frames.count { $0.advertisement?.source == [10, 9, 0, 1] }
            #expect(answers > 3)
            #expect(answers <= (Int(took / .milliseconds(100)) + 1) * 17)
            let lines = try run("sh", "-c", "timeout 1 cat \(pipe); true").split(separator: "\n")
            #expect((1...9).contains(lines.count { $0.contains("MASTER_RX_LOWER_PRI") }))
            node.shutDown()
            #expect((1...9).contains(try run("cat", file).split(separator: "\n").count))
            wire.stop()
        }

        @Test
        func `who says a high priority and then none moves the addresses, and tells little else`()
            throws
        {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.inside("b") {
                let forger = try Forger(source: addressOfB)
                for number in 0..<80 {
                    forger.advertise(number.isMultiple(of: 2) ? 200 : 0, shared)
                    usleep(45_000)
                }
            }
            node.shutDown()
            func count(_ text: String) -> Int { node.lines.count { $0.contains(text) } }
            // Where it stands is told each time.
            #expect(count("Entering MASTER STATE") > 12)
            #expect(count("Entering BACKUP STATE") > 12)
            #expect((1...9).contains(count("with higher priority 200")))
            #expect((1...9).contains(count("Receive advertisement timeout")))
            #expect((1...9).contains(count("received priority 0 advertisement")))
        }

        @Test func `nor does it cost a Backup more than a few lines`() throws {
            let network = try TestNetwork()
            let node = try TestNode(
                router(priority: 100) {
                    $0.interval = AdvertisementInterval(.oneSecond, version: .v3)
                },
                in: network.namespace("a"))
            #expect(node.waitForState(.backup, within: .seconds(1)) != nil)
            try network.inside("b") {
                let forger = try Forger(source: addressOfB)
                for number in 0..<100 {
                    forger.advertise(UInt8(1 + number % 90), shared)
                    forger.advertise(0, shared)
                }
            }
            #expect(eventually(within: .seconds(1)) { node.counters?.received ?? 0 >= 100 })
            let told = node.count { observation in
                if case .inferiorDiscarded = observation { true } else { false }
            }
            #expect((1...9).contains(told))
            let releases = node.events.count { event in
                if case .router(_, .heardRelease) = event { true } else { false }
            }
            #expect((1...9).contains(releases))
            node.shutDown()
        }
    }
}

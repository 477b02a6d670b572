import Failover
import Glibc
import LinuxIO
import Netlink
import Reactor
import Testing
import VRRPCore

/// What a node that has not started yet would do to follow another configuration.
func plan(
    from old: FailoverConfiguration, to new: FailoverConfiguration
) throws -> [FailoverPlan.Step] {
    let node = try FailoverNode(configuration: old, loop: EventLoop()) { _ in }
    return try node.plan(for: new).steps
}

/// The names of what a value is made of.
private func parts(of value: Any) -> [String] {
    Mirror(reflecting: value).children.compactMap(\.label)
}

/// Everything that can differ between two configurations of the same virtual router, by the name of
/// the property, each with what a plan says of it.
private let changes:
    [(property: String, words: String, change: @Sendable (inout RouterSettings) -> Void)] = [
        ("name", "name VI_1 becomes VI_9", { $0.name = "VI_9" }),
        ("priority", "priority 100 becomes 90", { $0.priority = Priority(rawValue: 90) }),
        (
            "interval", "advertisement interval 0.1 seconds becomes 1.0 seconds",
            { $0.interval = AdvertisementInterval(.oneSecond, version: .v3) }
        ),
        ("preempts", "preemption true becomes false", { $0.preempts = false }),
        (
            "lostAdvertisements", "missing advertisements that count as a failure 3 becomes 4",
            { $0.lostAdvertisements = 4 }
        ),
        (
            "answersInferiors", "answers to routers of lower priority",
            { $0.answersInferiors = false }
        ),
        ("longestReleaseSkew", "the wait after a release", { $0.longestReleaseSkew = nil }),
        ("ignoresOthersAsOwner", "what an owner hears", { $0.ignoresOthersAsOwner = true }),
        (
            "transport", "how advertisements travel",
            { $0.transport = .unicast([UnicastPeer(address: .v4(IPv4Address(10, 9, 0, 2)))]) }
        ),
        ("admitsUnknownPeers", "how advertisements travel", { $0.admitsUnknownPeers = true }),
        ("unicastHopLimit", "how advertisements travel", { $0.unicastHopLimit = 64 }),
        ("followsSource", "how advertisements travel", { $0.followsSource = true }),
        (
            "familyWithoutAddresses", "how advertisements travel",
            { $0.familyWithoutAddresses = .ipv6 }
        ),
        (
            "sourceAddress", "how advertisements travel",
            { $0.sourceAddress = .v4(IPv4Address(10, 9, 0, 1)) }
        ),
        ("needsSourceAddress", "what it tracks", { $0.needsSourceAddress = true }),
        ("password", "authentication", { $0.password = Password("1111") }),
        (
            "authentication", "authentication",
            {
                $0.authentication = AuthenticationKeys([1: [UInt8](0...31)]).map {
                    RouterAuthentication(
                        settings: MessageAuthentication(
                            activeKeyID: 1, mode: .enforce, windowSeconds: 5), keys: $0)
                }
            }
        ),
        (
            "preemptDelay", "preemption delay 0.0 seconds becomes 5.0 seconds",
            { $0.preemptDelay = .seconds(5) }
        ),
        ("checksumCoverage", "form of the checksum", { $0.checksumCoverage = .message }),
        ("addresses", "address 10.9.0.100/32 goes", { $0.addresses[0].prefixLength = 24 }),
        (
            "virtualMAC", "virtual hardware address",
            {
                $0.virtualMAC = HardwareAddress(octets: [0, 0, 0x5E, 0, 1, 51]).map {
                    VirtualMAC(linkName: "vrrp.51", address: $0)
                }
            }
        ),
        (
            "acceptsTraffic", "acceptance of packets to the addresses true becomes false",
            { $0.acceptsTraffic = false }
        ),
        ("tracksOwnInterface", "what it tracks", { $0.tracksOwnInterface = false }),
        (
            "routes", "route to 10.5.0.0/16 on eth1 in table 254 comes",
            {
                $0.routes = [
                    HeldRoute(
                        Route(to: InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16)),
                        interface: "eth1")
                ]
            }
        ),
        (
            "rules", "rule 500 comes",
            { $0.rules = [HeldRule(Rule(.v4, priority: 500, .lookUp(.main)))] }
        ),
        (
            "excludedAddresses", "address 10.9.0.101/32 comes",
            { $0.excludedAddresses = [HeldAddress(address: IPv4Address(10, 9, 0, 101))] }
        ),
        (
            "trackedScripts", "what it tracks",
            { $0.trackedScripts = [TrackedName(name: "chk", weight: 1)] }
        ),
        (
            "trackedFiles", "what it tracks",
            { $0.trackedFiles = [TrackedName(name: "load", weight: 1)] }
        ),
        (
            "trackedProcesses", "what it tracks",
            { $0.trackedProcesses = [TrackedName(name: "web", weight: 1)] }
        ),
        (
            "trackedInterfaces", "what it tracks",
            { $0.trackedInterfaces = [TrackedName(name: "lo", weight: 1)] }
        ),
        ("announcements", "announcements", { $0.announcements.repetitions = 1 }),
        ("notifications", "notifications", { $0.notifications.any = ["true"] }),
        ("tellsPriorityChanges", "notification of priorities", { $0.tellsPriorityChanges = true }),
        ("sendsMail", "mail", { $0.sendsMail = true }),
    ]

/// A node with something to track of each kind.
private func node(
    _ change: (inout RouterSettings) -> Void = { _ in }
) throws
    -> FailoverConfiguration
{
    var configuration = try router(priority: 100, change)
    configuration.scripts = [ScriptSettings(name: "chk", source: .command(["true"]))]
    configuration.files = [TrackedFileSettings(name: "load", path: "/run/lbctl-no-such-file")]
    configuration.processes = [TrackedProcessSettings(name: "web", command: ["no-such-program"])]
    return configuration
}

@Suite struct `Plan of a reload` {
    @Test func `nothing changes`() throws {
        #expect(try plan(from: node(), to: node()).isEmpty)
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
            try plan(from: old, to: new).map(\.description) == [
                "virtual router VI_2: removed", "script chk: changed in place: settings",
                "tracked file load: added",
                "virtual router VI_1: changed in place: priority 100 becomes 120, address 10.9.0.100/32 goes, address 10.9.0.101/24 comes",
                "virtual router VI_3: resigns and starts anew: it speaks version 2 from then on",
                "virtual router VI_4: added",
            ])
    }

    @Test func `no property of a virtual router changes in silence`() throws {
        // What it is recognised by makes another router of it.
        let identity = ["interface", "vrid"]
        let properties = parts(of: try node().routers[0])
        #expect(Set(changes.map(\.property) + identity) == Set(properties))
        for (property, words, change) in changes {
            let steps = try plan(from: node(), to: node(change))
            #expect(steps.count == 1, "\(property)")
            guard case .changed(let told) = steps.first?.change else {
                Issue.record("\(property): \(steps)")
                continue
            }
            #expect(told.first == words, "\(property)")
        }
    }

    @Test func `nor any of the node`() throws {
        let changes: [(property: String, words: String, (inout FailoverConfiguration) -> Void)] = [
            ("routers", "virtual router VI_1: removed", { $0.routers = [] }),
            (
                "syncGroups", "sync group G: added",
                { $0.syncGroups = [SyncGroupSettings(name: "G", members: ["VI_1"])] }
            ),
            (
                "startupDelay",
                "election: changed in place: the delay at the start, from the next start on",
                { $0.startupDelay = .seconds(1) }
            ),
            (
                "delayAfterBoot",
                "election: changed in place: the delay at the start, from the next start on",
                { $0.delayAfterBoot = .seconds(1) }
            ),
            (
                "announcementSpacing",
                "election: changed in place: time between announcements",
                { $0.announcementSpacing.ipv4 = .milliseconds(1) }
            ),
            (
                "linkDelays", "election: changed in place: delays of interfaces",
                { $0.linkDelays = ["eth1": LinkDelays(down: .zero, up: .seconds(1))] }
            ),
            (
                "mail", "election: changed in place: how mail is sent",
                { $0.mail = MailSettings(program: ["true"], nodeName: "a") }
            ),
            ("scripts", "script chk: removed", { $0.scripts = [] }),
            ("files", "tracked file load: removed", { $0.files = [] }),
            ("processes", "tracked process web: removed", { $0.processes = [] }),
            (
                "notificationFIFOs", "named pipe /run/p: added",
                { $0.notificationFIFOs = [NotificationFIFOSettings(path: "/run/p")] }
            ),
            (
                "tellsStatesOnReload",
                "election: changed in place: what named pipes are told on a reload",
                { $0.tellsStatesOnReload = true }
            ),
            (
                "tellsUnknownVRIDs", "election: changed in place: unknown VRIDs are logged",
                { $0.tellsUnknownVRIDs = true }
            ),
        ]
        let old = try node()
        #expect(Set(changes.map(\.property)) == Set(parts(of: old)))
        for (property, words, change) in changes {
            var new = old
            change(&new)
            #expect(try plan(from: old, to: new).map(\.description) == [words], "\(property)")
        }
    }

    @Test func `nor any of a sync group`() throws {
        let changes: [(property: String, words: String, (inout SyncGroupSettings) -> Void)] = [
            ("members", "members", { $0.members = ["VI_1", "VI_2"] }),
            (
                "tracked", "what it tracks",
                { $0.tracked.scripts = [TrackedName(name: "chk", weight: 1)] }
            ),
            ("weighsMembers", "weights of its members", { $0.weighsMembers = true }),
            ("notifications", "notifications", { $0.notifications.any = ["true"] }),
            ("sendsMail", "mail", { $0.sendsMail = true }),
        ]
        var old = try node()
        old.routers += try router(priority: 100) {
            $0.name = "VI_2"
            $0.vrid = VRID(52) ?? $0.vrid
        }.routers
        old.syncGroups = [SyncGroupSettings(name: "G", members: ["VI_1"])]
        #expect(Set(changes.map(\.property) + ["name"]) == Set(parts(of: old.syncGroups[0])))
        for (property, words, change) in changes {
            var new = old
            change(&new.syncGroups[0])
            #expect(
                try plan(from: old, to: new).map(\.description)
                    == ["sync group G: changed in place: \(words)"], "\(property)")
        }
    }
}

extension TestNode {
    /// Plans a reload, carries it out, and says what each virtual router came to.
    fileprivate func follow(_ next: FailoverConfiguration) throws -> [FailoverPlan.Step] {
        let steps = perform { node -> [FailoverPlan.Step]? in
            let steps = try? node.plan(for: next).steps
            guard (try? node.reconfigure(next)) != nil else { return nil }
            return steps
        }
        return try #require(steps ?? nil)
    }

    fileprivate func counters(_ name: String) throws -> RouterCounters {
        try #require(snapshot?.routers.first { $0.settings.name == name }?.counters)
    }
}

extension `On a LAN` {
    @Suite struct `A plan that is carried out` {
        @Test func `what is changed in place never resigns, whatever it is`() throws {
            let network = try TestNetwork()
            let running = try TestNode(node(), in: network.namespace("a"))
            #expect(running.waitForState(.active, within: .seconds(2)) != nil)
            for (property, _, change) in changes {
                for next in [try node(change), try node()] {
                    let steps = try running.follow(next)
                    guard case .changed = steps.first?.change else {
                        Issue.record("\(property): \(steps)")
                        continue
                    }
                    let router = try #require(running.snapshot?.routers.first)
                    #expect(router.state == .active, "\(property)")
                    #expect(router.counters.becameActive == 1, "\(property)")
                    #expect(router.counters.releasesSent == 0, "\(property)")
                    #expect(Set(router.heldAddresses) == Set(next.routers[0].held), "\(property)")
                }
            }
            #expect(!running.lines.contains { $0.contains("FAULT") })
            running.shutDown()
        }

        @Test func `another version of one member of a group stops this one alone`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            func pair(_ version: VRRPVersion) throws -> FailoverConfiguration {
                var pair = try router(priority: 100)
                pair.routers += try router(priority: 100) {
                    $0.name = "VI_2"
                    $0.vrid = VRID(52) ?? $0.vrid
                    $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 101))]
                    if version == .v2 {
                        $0.interval = AdvertisementInterval(.oneSecond, version: .v2)
                    }
                }.routers
                pair.syncGroups = [SyncGroupSettings(name: "G", members: ["VI_1", "VI_2"])]
                return pair
            }
            let running = try TestNode(pair(.v3), in: network.namespace("a"))
            #expect(
                eventually(within: .seconds(5)) {
                    running.snapshot?.groups.first?.state == .active
                })
            let steps = try running.follow(pair(.v2))
            #expect(
                steps.map(\.description) == [
                    "virtual router VI_2: resigns and starts anew: it speaks version 2 from then on"
                ])
            let (first, second) = (try running.counters("VI_1"), try running.counters("VI_2"))
            #expect(first.releasesSent == 0)
            #expect(first.releasedActive == 0)
            // It takes over along with the other one, which is Active.
            #expect(second.becameActive == 1)
            #expect(running.snapshot?.groups.first?.state == .active)
            #expect(try network.taggedAddresses("a").count == 2)
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains { $0.advertisement?.priority == 0 && $0.bytes[35] == 52 }
                })
            #expect(
                !wire.frames.contains { $0.advertisement?.priority == 0 && $0.bytes[35] == 51 })
            running.shutDown()
            wire.stop()
        }

        @Test func `peers beyond the link change the source over IPv6, which restarts the router`()
            throws
        {
            let network = try TestNetwork()
            let off = "echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad"
            try run("ip", "netns", "exec", network.namespace("a"), "sh", "-c", off)
            try network.ip("a", "link", "set", "eth1", "down")
            try network.ip("a", "link", "set", "eth1", "up")
            try network.ip("a", "addr", "add", "2001:db8::1/64", "dev", "eth1", "nodad")
            let addresses = [HeldAddress(address: try #require(IPAddress("2001:db8::100")))]
            let peer = try #require(IPAddress("2001:db8::2"))
            let running = try TestNode(
                router(priority: 100) { $0.addresses = addresses }, in: network.namespace("a"))
            #expect(running.waitForState(.active, within: .seconds(2)) != nil)
            let steps = try running.follow(
                router(priority: 100) {
                    $0.addresses = addresses
                    $0.transport = .unicast([UnicastPeer(address: peer)])
                })
            #expect(
                steps.map(\.description) == [
                    "virtual router VI_1: resigns and starts anew: it sends from 2001:db8::1 from then on"
                ])
            #expect(running.lines.contains("(VI_1) sent 0 priority"))
            #expect(running.snapshot?.routers.first?.state == .backup)
            running.shutDown()
        }

        @Test func `a script that is new stops nothing before its first result`() throws {
            let network = try TestNetwork()
            let running = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(running.waitForState(.active, within: .seconds(2)) != nil)
            var next = try router(priority: 100) {
                $0.trackedScripts = [TrackedName(name: "slow", weight: 0)]
            }
            next.scripts = [
                ScriptSettings(name: "slow", source: .command(["sh", "-c", "sleep 0.3; false"]))
            ]
            next.scripts[0].fall = 5
            _ = try running.follow(next)
            #expect(running.lines.contains("VRRP_Script(slow) considered successful on reload"))
            #expect(running.snapshot?.routers.first?.state == .active)
            // The first one decides at once, whatever `fall` says.
            #expect(running.waitForLine("(VI_1) Entering FAULT STATE", within: .seconds(1)))
            running.shutDown()
        }
    }
}

extension RouterSettings {
    fileprivate var held: [HeldAddress] { addresses + excludedAddresses }
}

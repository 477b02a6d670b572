#if Program
import Failover
import Netlink
import NodeConfiguration
import Testing
import VRRPCore

@testable import lbctl

/// What the node does by a keepalived file: `head` before one `vrrp_instance` with these lines.
private func configuration(
    _ lines: String, head: String = "", interface: String = "interface eth1", name: String = "VI_1"
) throws -> FailoverConfiguration {
    let text = """
        \(head)
        vrrp_instance \(name) {
        \(interface)
        virtual_router_id 51
        virtual_ipaddress { 172.17.0.5 }
        \(lines)
        }
        """
    var loader = ConfigurationLoader(format: .keepalived)
    loader.defaultScriptUser = nil
    let loaded = loader.load([InputFile(name: "f", bytes: Array(text.utf8))])
    return FailoverConfiguration(try #require(loaded.model, "\(loaded.diagnostics)"))
}

private func ip(_ text: String) -> IPAddress { IPAddress(text) ?? .v6(.unspecified) }

private func internet(_ text: String) -> InternetAddress { InternetAddress(ip(text)) }

/// What the file above means without further lines.
private func plainRouter() throws -> RouterSettings {
    var router = RouterSettings(
        name: "VI_1", interface: "eth1", vrid: try #require(VRID(51)),
        priority: Priority(rawValue: 100))
    router.interval = AdvertisementInterval(.oneSecond, version: .v2)
    router.addresses = [HeldAddress(address: IPv4Address(172, 17, 0, 5), prefixLength: 32)]
    router.admitsUnknownPeers = false
    return router
}

/// The values of what something is made of, in words, by their names.
private func parts(of value: Any) -> [String: String] {
    Dictionary(
        uniqueKeysWithValues: Mirror(reflecting: value).children.compactMap { child in
            child.label.map { ($0, "\(child.value)") }
        })
}

/// The names of the parts in which two values differ.
private func differences<Value>(_ one: Value, _ other: Value) -> Set<String> {
    let (one, other) = (parts(of: one), parts(of: other))
    return Set(one.keys.filter { one[$0] != other[$0] })
}

private typealias RouterRow = (
    property: String, head: String, lines: String, change: @Sendable (inout RouterSettings) -> Void
)

/// What a file may say, and what it changes about the virtual router.
private let routerRows: [RouterRow] = [
    ("vrid", "", "virtual_router_id 52", { $0.vrid = VRID(52) ?? $0.vrid }),
    ("interface", "", "interface eth2", { $0.interface = "eth2" }),
    ("priority", "", "priority 90", { $0.priority = Priority(rawValue: 90) }),
    (
        "interval", "", "version 3\nadvert_int 0.25",
        { $0.interval = Centiseconds(rawValue: 25).map { .v3($0) } ?? $0.interval }
    ),
    ("preempts", "", "nopreempt", { $0.preempts = false }),
    ("preemptDelay", "", "preempt_delay 7.5", { $0.preemptDelay = .milliseconds(7500) }),
    ("lostAdvertisements", "", "down_timer_adverts 5", { $0.lostAdvertisements = 5 }),
    ("longestReleaseSkew", "", "strict_mode", { $0.longestReleaseSkew = nil }),
    ("answersInferiors", "", "lower_prio_no_advert", { $0.answersInferiors = false }),
    ("ignoresOthersAsOwner", "", "owner_ignore_adverts", { $0.ignoresOthersAsOwner = true }),
    (
        "transport", "", "mcast_dst_ip 224.0.0.99",
        { $0.transport = .multicast(group: ip("224.0.0.99")) }
    ),
    (
        "transport", "global_defs {\nvrrp_mcast_group4 224.0.0.98\n}", "",
        { $0.transport = .multicast(group: ip("224.0.0.98")) }
    ),
    (
        "sourceAddress", "", "mcast_src_ip 172.17.0.6",
        { $0.sourceAddress = ip("172.17.0.6") }
    ),
    (
        "needsSourceAddress", "", "mcast_src_ip 172.17.0.6\ntrack_src_ip",
        {
            $0.sourceAddress = ip("172.17.0.6")
            $0.needsSourceAddress = true
        }
    ),
    (
        "admitsUnknownPeers", "", "unicast_peer {\n172.17.0.7\n}",
        {
            $0.transport = .unicast([UnicastPeer(address: ip("172.17.0.7"), hopLimits: 0...255)])
            $0.admitsUnknownPeers = true
        }
    ),
    (
        "unicastHopLimit", "",
        "check_unicast_src\nunicast_ttl 64\nunicast_peer {\n172.17.0.7 min_ttl 3 max_ttl 9\n}",
        {
            $0.transport = .unicast([UnicastPeer(address: ip("172.17.0.7"), hopLimits: 3...9)])
            $0.unicastHopLimit = 64
        }
    ),
    (
        "password", "", "authentication {\nauth_type PASS\nauth_pass 1234\n}",
        { $0.password = Password("1234") }
    ),
    (
        "authentication", "",
        """
        auth_hmac {
        key 1 0123456789abcdef0123456789abcdef
        key 2 hex:\(String(repeating: "07", count: 32))
        active_key 2
        mode receive-only
        anti_replay monotonic
        time_window 17
        }
        """,
        {
            let keys: [UInt8: [UInt8]] = [
                1: Array("0123456789abcdef0123456789abcdef".utf8),
                2: [UInt8](repeating: 7, count: 32),
            ]
            $0.authentication = AuthenticationKeys(keys).map {
                RouterAuthentication(
                    settings: MessageAuthentication(
                        activeKeyID: 2, mode: .receiveOnly, antiReplay: .monotonic,
                        windowSeconds: 17), keys: $0)
            }
        }
    ),
    (
        "checksumCoverage", "", "version 3\nv3_checksum_as_v2",
        {
            $0.interval = .v3(.oneSecond)
            $0.checksumCoverage = .message
        }
    ),
    (
        "addresses", "",
        """
        virtual_ipaddress {
        10.0.0.1/24 brd 10.0.0.255 dev eth2 label eth2:v scope link no_track noprefixroute \
        preferred_lft 30 autojoin
        10.0.0.2 peer 10.0.0.3/30
        }
        """,
        {
            var full = HeldAddress(address: IPv4Address(10, 0, 0, 1), prefixLength: 24)
            full.broadcast = IPv4Address(10, 0, 0, 255)
            full.interface = "eth2"
            full.label = "eth2:v"
            full.scope = .link
            full.isTracked = false
            full.flags = [.noPrefixRoute, .joinsGroup]
            full.preferredLifetime = 30
            var pointed = HeldAddress(address: IPv4Address(10, 0, 0, 2), prefixLength: 32)
            pointed.peerAddress = internet("10.0.0.3")
            pointed.peer = InternetPrefix(internet("10.0.0.3"), length: 30)
            $0.addresses += [full, pointed]
        }
    ),
    (
        "excludedAddresses", "",
        "virtual_ipaddress_excluded {\n2001:db8::1/64 home mngtmpaddr -nodad\n}",
        {
            var held = HeldAddress(address: ip("2001:db8::1"), prefixLength: 64)
            held.flags = [.home, .managesTemporary]
            held.checksDuplicates = true
            $0.excludedAddresses = [held]
            // What it would be without the others.
            $0.familyWithoutAddresses = .ipv6
        }
    ),
    (
        "virtualMAC", "", "use_vmac name vip 02:00:00:00:00:07\nvmac_xmit_base",
        {
            var link = VirtualMAC(
                linkName: "vip", address: HardwareAddress(rawValue: 0x0200_0000_0007))
            link.advertisesFromBase = true
            $0.virtualMAC = link
        }
    ),
    (
        "virtualMAC", "", "use_vmac",
        {
            $0.virtualMAC = VirtualMAC(
                linkName: "vrrp.51", address: HardwareAddress(rawValue: 0x0000_5e00_0133))
        }
    ),
    ("acceptsTraffic", "", "no_accept", { $0.acceptsTraffic = false }),
    ("tracksOwnInterface", "", "dont_track_primary", { $0.tracksOwnInterface = false }),
    (
        "routes", "",
        """
        virtual_routes {
        10.5.0.0/16 via 10.0.0.9 dev eth3 src 10.0.0.1 metric 7 table 99 scope link onlink no_track
        blackhole 10.6.0.0/16
        }
        """,
        {
            var route = Route(
                to: InternetPrefix(internet("10.5.0.0"), length: 16), gateway: internet("10.0.0.9"),
                table: RouteTable(rawValue: 99))
            route.source = internet("10.0.0.1")
            route.metric = 7
            route.scope = .link
            route.isGatewayOnLink = true
            var held = HeldRoute(route, interface: "eth3")
            held.isTracked = false
            var hole = Route(to: InternetPrefix(internet("10.6.0.0"), length: 16))
            hole.kind = .blackhole
            $0.routes = [held, HeldRoute(hole)]
        }
    ),
    (
        "rules", "",
        """
        virtual_rules {
        not from 10.7.0.0/16 to 10.8.0.0/16 iif eth1 oif eth2 fwmark 3/7 priority 5 table 9 no_track
        from 10.9.0.0/16 priority 6 prohibit
        }
        """,
        {
            var rule = Rule(.v4, priority: 5, .lookUp(RouteTable(rawValue: 9)))
            rule.isInverted = true
            rule.from = InternetPrefix(internet("10.7.0.0"), length: 16)
            rule.to = InternetPrefix(internet("10.8.0.0"), length: 16)
            rule.incomingInterface = "eth1"
            rule.outgoingInterface = "eth2"
            rule.mark = Rule.Mark(3, mask: 7)
            var held = HeldRule(rule)
            held.isTracked = false
            var refusing = Rule(.v4, priority: 6, .prohibit)
            refusing.from = InternetPrefix(internet("10.9.0.0"), length: 16)
            $0.rules = [held, HeldRule(refusing)]
        }
    ),
    (
        "trackedScripts", "vrrp_script c {\nscript /bin/true\nweight 3 reverse\n}",
        "track_script {\nc\n}",
        {
            $0.trackedScripts = [tracked("c", 3, isReversed: true)]
        }
    ),
    (
        "trackedFiles", "track_file f {\nfile /run/f\n}", "track_file {\nf weight 2 reverse\n}",
        { $0.trackedFiles = [tracked("f", 2, isReversed: true)] }
    ),
    (
        "trackedFiles", "track_file f {\nfile /run/f\n}", "track_file {\nf\n}",
        { $0.trackedFiles = [tracked("f", 1)] }
    ),
    (
        "trackedProcesses", "vrrp_track_process p {\nprocess /bin/p\nweight 9\n}",
        "track_process {\np\n}", { $0.trackedProcesses = [tracked("p", 9)] }
    ),
    (
        "trackedInterfaces", "", "track_interface {\neth4 weight 6 reverse\neth5\n}",
        { $0.trackedInterfaces = [tracked("eth4", 6, isReversed: true), tracked("eth5", 0)] }
    ),
    ("announcements", "", "garp_master_repeat 7", { $0.announcements.repetitions = 7 }),
    (
        "announcements", "", "garp_master_delay 8",
        { $0.announcements.secondBurstDelay = .seconds(8) }
    ),
    (
        "announcements", "", "garp_master_refresh 9",
        { $0.announcements.refreshInterval = .seconds(9) }
    ),
    (
        "announcements", "", "garp_master_refresh_repeat 10",
        { $0.announcements.refreshRepetitions = 10 }
    ),
    (
        "announcements", "", "garp_lower_prio_repeat 11",
        { $0.announcements.contestRepetitions = 11 }
    ),
    (
        "announcements", "", "garp_lower_prio_delay 12",
        { $0.announcements.contestBurstDelay = .seconds(12) }
    ),
    ("announcements", "", "garp_extra_if 13", { $0.announcements.refreshInterval = .seconds(13) }),
    ("notifications", "", "notify_master /m", { $0.notifications.active = ["/m"] }),
    ("notifications", "", "notify_backup \"/b 1\"", { $0.notifications.backup = ["/b", "1"] }),
    ("notifications", "", "notify_fault /f", { $0.notifications.fault = ["/f"] }),
    ("notifications", "", "notify_stop /s", { $0.notifications.stop = ["/s"] }),
    ("notifications", "", "notify_deleted /d", { $0.notifications.deleted = ["/d"] }),
    (
        "notifications", "", "notify_master_rx_lower_pri /l",
        { $0.notifications.heardInferior = ["/l"] }
    ),
    ("notifications", "", "notify /a", { $0.notifications.any = ["/a"] }),
    ("tellsPriorityChanges", "", "notify_priority_changes", { $0.tellsPriorityChanges = true }),
    (
        "tellsPriorityChanges", "vrrp_sync_group G {\ngroup { VI_1 }\nnotify_priority_changes\n}",
        "", { $0.tellsPriorityChanges = true }
    ),
    ("sendsMail", "", "smtp_alert", { $0.sendsMail = true }),
    ("sendsMail", "global_defs {\nsmtp_alert_vrrp\nsmtp_alert off\n}", "", { $0.sendsMail = true }),
    ("sendsMail", "global_defs {\nsmtp_alert off\nsmtp_alert_vrrp\n}", "", { $0.sendsMail = true }),
    ("sendsMail", "global_defs {\nsmtp_alert\n}", "", { $0.sendsMail = true }),
]

private func tracked(_ name: String, _ weight: Int, isReversed: Bool = false) -> TrackedName {
    var tracked = TrackedName(name: name, weight: weight)
    tracked.isReversed = isReversed
    return tracked
}

/// What `global_defs` and the blocks beside the instances say, and what it changes about the node.
private let nodeRows:
    [(property: String, head: String, change: @Sendable (inout FailoverConfiguration) -> Void)] = [
        (
            "syncGroups",
            """
            vrrp_script c {
            script /bin/true
            }
            track_file f {
            file /run/f
            }
            vrrp_track_process p {
            process /bin/p
            }
            vrrp_sync_group G {
            group { VI_1 }
            sync_group_tracking_weight
            notify_master /m
            smtp_alert
            track_script {
            c weight 1
            }
            track_file {
            f weight 2
            }
            track_process {
            p weight 3
            }
            track_interface {
            eth9 weight 4
            }
            }
            """,
            { node in
                var group = SyncGroupSettings(name: "G", members: ["VI_1"])
                group.weighsMembers = true
                group.notifications.active = ["/m"]
                group.sendsMail = true
                group.tracked.scripts = [tracked("c", 1)]
                group.tracked.files = [tracked("f", 2)]
                group.tracked.processes = [tracked("p", 3)]
                group.tracked.interfaces = [tracked("eth9", 4)]
                node.syncGroups = [group]
                node.scripts = [ScriptSettings(name: "c", source: .command(["/bin/true"]))]
                node.files = [TrackedFileSettings(name: "f", path: "/run/f")]
                node.processes = [TrackedProcessSettings(name: "p", command: ["/bin/p"])]
            }
        ),
        (
            "startupDelay", "global_defs {\nvrrp_startup_delay 3.5\n}",
            { $0.startupDelay = .milliseconds(3500) }
        ),
        (
            "delayAfterBoot", "global_defs {\nvrrp_delay_after_boot 4\n}",
            { $0.delayAfterBoot = .seconds(4) }
        ),
        (
            "linkDelays", "interface_up_down_delays {\neth1 0.5 2\n}",
            { $0.linkDelays = ["eth1": LinkDelays(down: .milliseconds(500), up: .seconds(2))] }
        ),
        (
            "announcementSpacing", "global_defs {\nvrrp_garp_interval 0.1\n}",
            { $0.announcementSpacing.ipv4 = .milliseconds(100) }
        ),
        (
            "announcementSpacing", "global_defs {\nvrrp_gna_interval 0.2\n}",
            { $0.announcementSpacing.ipv6 = .milliseconds(200) }
        ),
        (
            "mail",
            """
            global_defs {
            router_id lb7
            notification_email { a@example.test }
            notification_email_from b@example.test
            smtp_server 192.0.2.25 26
            smtp_helo_name h.example.test
            smtp_connect_timeout 9
            no_email_faults
            }
            """,
            { node in
                var mail = MailSettings(
                    program: [
                        "/proc/self/exe", "mail", "--server", "192.0.2.25", "--port", "26",
                        "--helo", "h.example.test", "--from", "b@example.test", "--timeout", "9.0",
                        "--to", "a@example.test", "--",
                    ], nodeName: "lb7")
                mail.omitsFaults = true
                node.mail = mail
            }
        ),
        (
            "scripts",
            """
            vrrp_script c {
            script "/bin/test -e /run/c"
            interval 2
            timeout 1.5
            rise 3
            fall 4
            init_fail
            }
            """,
            { node in
                var script = ScriptSettings(
                    name: "c", source: .command(["/bin/test", "-e", "/run/c"]))
                script.interval = .seconds(2)
                script.timeout = .milliseconds(1500)
                script.rise = 3
                script.fall = 4
                script.startsFailed = true
                node.scripts = [script]
            }
        ),
        (
            "files", "track_file f {\nfile /run/f\ninit_file 5 overwrite\n}",
            { node in
                var file = TrackedFileSettings(name: "f", path: "/run/f")
                file.initialNumber = 5
                file.overwrites = true
                node.files = [file]
            }
        ),
        (
            "processes",
            """
            vrrp_track_process p {
            process /bin/p -x
            param_match partial
            full_command
            quorum 2
            quorum_max 6
            fork_delay 3
            terminate_delay 4
            }
            vrrp_track_process q {
            process /bin/q -y
            param_match initial
            delay 5
            }
            """,
            { node in
                var p = TrackedProcessSettings(name: "p", command: ["/bin/p", "-x"])
                p.argumentMatch = .partial
                p.matchesWholePath = true
                p.quorum = 2
                p.quorumLimit = 6
                p.gainDelay = .seconds(3)
                p.lossDelay = .seconds(4)
                var q = TrackedProcessSettings(name: "q", command: ["/bin/q", "-y"])
                q.argumentMatch = .initial
                q.gainDelay = .seconds(5)
                q.lossDelay = .seconds(5)
                node.processes = [p, q]
            }
        ),
        (
            "notificationFIFOs",
            """
            global_defs {
            notify_fifo /run/p daemon
            notify_fifo_script /bin/reader root
            vrrp_notify_fifo /run/q
            }
            """,
            { node in
                var owned = NotificationFIFOSettings(path: "/run/p")
                owned.owner = "daemon:"
                owned.reader = ScriptUser(user: "root").running(["/bin/reader"])
                node.notificationFIFOs = [owned, NotificationFIFOSettings(path: "/run/q")]
            }
        ),
        (
            "tellsStatesOnReload", "global_defs {\nfifo_write_vrrp_states_on_reload\n}",
            { $0.tellsStatesOnReload = true }
        ),
        (
            "tellsUnknownVRIDs", "global_defs {\nlog_unknown_vrids\n}",
            { $0.tellsUnknownVRIDs = true }
        ),
    ]

/// Each word of a keepalived file reaches the election: a line of the way that is lost fails one of
/// these.
@Suite struct `From the text to the election` {
    @Test func `what is not said has the protocol's values`() throws {
        var node = FailoverConfiguration()
        node.routers = [try plainRouter()]
        #expect(try configuration("") == node)
    }

    @Test func `each property of a virtual router comes from the file`() throws {
        let plain = try plainRouter()
        for (property, head, lines, change) in routerRows {
            var wanted = plain
            change(&wanted)
            #expect(differences(wanted, plain).contains(property), "\(property): \(lines)")
            let made = try #require(try configuration(lines, head: head).routers.first)
            #expect(differences(made, wanted) == [], "\(head) \(lines)")
            #expect(made == wanted, "\(head) \(lines)")
        }
        // Their own tests follow: no line alone says them.
        let others: Set = ["name", "followsSource", "familyWithoutAddresses"]
        #expect(Set(routerRows.map(\.property)).union(others) == Set(parts(of: plain).keys))
    }

    @Test func `each part of the values that have parts comes from the file`() throws {
        var announced: Set<String> = []
        var told: Set<String> = []
        var held: Set<String> = []
        let plain = try plainRouter()
        for row in routerRows {
            var wanted = plain
            row.change(&wanted)
            announced.formUnion(differences(wanted.announcements, plain.announcements))
            told.formUnion(differences(wanted.notifications, plain.notifications))
            for address in wanted.addresses + wanted.excludedAddresses {
                held.formUnion(differences(address, plain.addresses[0]))
            }
        }
        #expect(announced == Set(parts(of: plain.announcements).keys))
        #expect(told == Set(parts(of: plain.notifications).keys))
        #expect(held == Set(parts(of: plain.addresses[0]).keys))
    }

    @Test func `each property of the node comes from the file`() throws {
        var plain = FailoverConfiguration()
        plain.routers = [try plainRouter()]
        for (property, head, change) in nodeRows {
            var wanted = plain
            change(&wanted)
            #expect(differences(wanted, plain).contains(property), "\(property): \(head)")
            let made = try configuration("", head: head)
            #expect(differences(made, wanted) == [], "\(head)")
            #expect(made == wanted, "\(head)")
        }
        #expect(Set(nodeRows.map(\.property) + ["routers"]) == Set(parts(of: plain).keys))
    }

    @Test func `each part of what the node tracks and of a group comes from the file`() throws {
        var node = FailoverConfiguration()
        for row in nodeRows where row.property != "syncGroups" { row.change(&node) }
        let script = ScriptSettings(name: "", source: .fact(""))
        // Only what the node says of its own balancer gives way.
        let own = ScriptSettings(
            TrackScript(name: "", source: .ownBalancer(replacing: ["killall"])))
        #expect(differences(own, script) == ["source", "givesWay"])
        #expect(differences(node.scripts[0], own) == Set(parts(of: script).keys))
        let file = TrackedFileSettings(name: "", path: "")
        #expect(differences(node.files[0], file) == Set(parts(of: file).keys))
        let process = TrackedProcessSettings(name: "", command: [])
        #expect(differences(node.processes[0], process) == Set(parts(of: process).keys))
        for row in nodeRows where row.property == "syncGroups" { row.change(&node) }
        let group = SyncGroupSettings(name: "", members: [])
        #expect(differences(node.syncGroups[0], group) == Set(parts(of: group).keys))
    }

    @Test func `a name, an interface that has the source, a family without addresses`() throws {
        #expect(try configuration("", name: "other").routers.map(\.name) == ["other"])
        let following = try configuration(
            "unicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}", interface: "")
        #expect(following.routers.map(\.followsSource) == [true])
        #expect(following.routers.map(\.sourceAddress) == [ip("10.0.0.1")])
        let text = """
            vrrp_instance V {
            interface eth1
            virtual_router_id 1
            no_virtual_ipaddress
            native_ipv6
            }
            """
        let model = ConfigurationLoader().load([InputFile(name: "f", bytes: Array(text.utf8))])
            .model
        let node = FailoverConfiguration(try #require(model))
        #expect(node.routers.map(\.familyWithoutAddresses) == [.ipv6])
    }

    @Test func `pools and named checks are facts that are tracked`() throws {
        let balancer = """
            backend web
            server s 192.0.2.1:80
            check gateway
            target 192.0.2.1:80
            """
        let text = """
            vrrp_instance V {
            interface eth1
            virtual_router_id 1
            virtual_ipaddress { 172.17.0.5 }
            track_backend {
            web weight 4 reverse
            }
            track_check {
            gateway
            }
            }
            """
        let loaded = ConfigurationLoader().load([
            InputFile(name: "b", bytes: Array(balancer.utf8)),
            InputFile(name: "k", bytes: Array(text.utf8)),
        ])
        let node = FailoverConfiguration(try #require(loaded.model, "\(loaded.diagnostics)"))
        #expect(
            node.routers[0].trackedScripts == [
                tracked("backend web", 4, isReversed: true), tracked("check gateway", 0),
            ])
        #expect(
            node.scripts == [
                ScriptSettings(name: "backend web", source: .fact("backend web")),
                ScriptSettings(name: "check gateway", source: .fact("check gateway")),
            ])
    }
}
#endif

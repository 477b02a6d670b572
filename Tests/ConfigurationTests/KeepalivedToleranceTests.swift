import NodeConfiguration
import Testing
import VRRPCore

/// What keepalived runs with a line in its log, or without one (`keepalived -t` of 2.2.7).
@Suite struct `Files that keepalived runs` {
    @Test(arguments: [
        (
            "state MASTER\npreempt_delay 5",
            "f:6:1: warning: 'preempt_delay' has no effect with state MASTER (write state BACKUP, which changes nothing else), as in keepalived"
        ),
        (
            "nopreempt\npreempt_delay 5",
            "f:6:1: warning: 'preempt_delay' has no effect with nopreempt, since there is nothing to delay, as in keepalived"
        ),
        (
            "priority 255\npreempt_delay 5",
            "f:6:1: warning: 'preempt_delay' has no effect with priority 255, since the owner takes its addresses at once, as in keepalived"
        ),
        (
            "state MASTRE",
            "f:5:7: warning: state 'MASTRE': must be MASTER or BACKUP; BACKUP is taken, as keepalived does; did you mean 'MASTER'?"
        ),
        ("priority 1 2", "f:5:12: warning: '2' is more than 'priority' takes: it is ignored"),
        ("nopreempt yes", "f:5:11: warning: 'yes' is more than 'nopreempt' takes: it is ignored"),
        (
            "garp_master_repeat 0",
            "f:5:20: warning: garp_master_repeat 0: must be 1 to 100; 1 is taken"
        ),
        (
            "garp_master_repeat 2000000000",
            "f:5:20: warning: garp_master_repeat 2000000000: must be 1 to 100; 100 is taken"
        ),
        (
            "garp_master_refresh_repeat 101",
            "f:5:28: warning: garp_master_refresh_repeat 101: must be 1 to 100; 100 is taken"
        ),
        (
            "virtual_ipaddress {\n172.17.0.5\n}",
            "f:6:1: warning: 172.17.0.5 is listed twice: the first one counts"
        ),
        (
            "virtual_ipaddress {\n172.17.0.5 label eth1:1\n}",
            "f:6:1: warning: 172.17.0.5 is listed twice: the first one counts, and what this line says besides is lost"
        ),
        (
            "virtual_ipaddress_excluded {\n172.17.0.5\n}",
            "f:6:1: warning: 172.17.0.5 is listed twice: the first one counts"
        ),
        (
            "virtual_ipaddress_excluded {\n10.0.0.1 -nodad\n}",
            "f:6:10: warning: '-nodad' has no effect: it is for IPv6 addresses only"
        ),
        (
            "virtual_routes {\nblackhole 10.0.0.0/8 dev eth1\n}",
            "f:6:11: warning: a blackhole route has no way: 'via' and 'dev' are ignored"
        ),
        (
            "unicast_src_ip 10.0.0.1/24\nunicast_peer {\n10.0.0.2\n}",
            "f:5:16: warning: '10.0.0.1/24': one router is meant, so the prefix length has no effect; write 10.0.0.1"
        ),
        (
            "unicast_peer {\n10.0.0.2/24 max_ttl 1\n}",
            "f:6:1: warning: '10.0.0.2/24': one router is meant, so the prefix length has no effect; write 10.0.0.2"
        ),
        (
            "virtual_ipaddress_excluded {\n10.0.0.3 dev 10.0.0.4\n}",
            "f:6:14: warning: interface '10.0.0.4': looks like an address; write the name of the interface that has it, such as eth0"
        ),
        (
            "unicast_peer {\n}",
            "f:5:1: warning: 'unicast_peer' without a peer: advertisements are multicast, as in keepalived; 'unicast_fault_no_peer' forbids it"
        ),
        (
            "unicast_peer {\n10.0.0.2\n10.0.0.2\n}",
            "f:7:1: warning: 10.0.0.2 is listed twice"
        ),
        (
            "track_interface {\neth2\neth2 weight 5\n}",
            "f:7:1: warning: 'eth2' is listed twice: the first one counts"
        ),
        (
            "track_interface {\neth2 weight -254\n}",
            "f:6:6: warning: weight -254: -253 is taken, as keepalived does"
        ),
        (
            "authentication {\nauth_pass x\n}",
            "f:6:11: warning: 'auth_pass' without 'auth_type': nothing is authenticated, as in keepalived; add auth_type PASS on all nodes"
        ),
        (
            "authentication {\nauth_type PASS\n}",
            "f:6:11: warning: 'auth_type PASS' without 'auth_pass': nothing is authenticated, as in keepalived"
        ),
        ("notify \"\"", "f:5:1: warning: 'notify' names no program: none is run"),
    ])
    func `run here too, with a warning`(line: String, message: String) {
        #expect(diagnose(instance(line)) == [message])
        #expect(load(instance(line)).model != nil)
    }

    @Test func `what was passed over is not there`() throws {
        let router = try #require(
            load(
                instance(
                    """
                    state MASTER
                    priority 100
                    preempt_delay 5
                    unicast_src_ip 10.0.0.1/24
                    unicast_peer {
                    10.0.0.2/24
                    }
                    track_interface {
                    eth2
                    eth2 weight 5
                    eth3 weight -254
                    }
                    virtual_ipaddress_excluded {
                    172.17.0.5
                    }
                    virtual_routes {
                    blackhole 10.0.0.0/8 dev eth1
                    }
                    """)
            ).model?.virtualRouters.first)
        #expect(router.preemptDelay == .zero)
        #expect(router.sourceAddress == IPAddress("10.0.0.1"))
        #expect(
            router.transport
                == .unicast([
                    UnicastPeer(
                        address: try #require(IPAddress("10.0.0.2")), hopLimits: 0...255)
                ]))
        #expect(router.trackedInterfaces.map(\.weight) == [0, -253])
        #expect(router.excludedAddresses.isEmpty)
        #expect(router.routes.map(\.interface) == [nil])
    }

    @Test func `rules without a priority count down, and end`() {
        let rules = (0..<16_386).map { "from 10.\($0 >> 8).\($0 & 255).0/24 table 5" }
        let loaded = load(instance("virtual_rules {\n\(rules.joined(separator: "\n"))\n}"))
        #expect(
            loaded.diagnostics.last?.description
                == "f:16391:1: error: this rule has no 'priority', and 16384 rules before it leave none to take: write one"
                || loaded.diagnostics.last?.message.hasPrefix("and ") == true)
        #expect(loaded.model == nil)
        let few = load(
            instance("virtual_rules {\nfrom 10.0.0.0/8 table 5\nto 10.0.0.0/8 table 6\n}"))
        #expect(few.model?.virtualRouters.first?.rules.map(\.priority) == [16_384, 16_383])
    }

    @Test func `an interface for static addresses is no matter where there are none`() {
        let globals = "global_defs {\ndefault_interface eth0\n}\n"
        #expect(diagnose(globals + instance("")).isEmpty)
        #expect(
            diagnose(globals + "static_ipaddress {\n10.0.0.1\n}\n" + instance("")) == [
                "f:4:1: warning: 'static_ipaddress' is known but not implemented yet; it is ignored"
            ])
    }

    @Test func `a sync group tells pipes of its members' priorities`() throws {
        let group =
            "vrrp_sync_group G {\ngroup { VI_1 }\nnotify_priority_changes\n}\n" + instance("")
        #expect(load(group).model?.syncGroups.first?.tellsPriorityChanges == true)
        #expect(
            diagnose("vrrp_sync_group G {\n}\n" + instance("")) == [
                "f:1:17: warning: vrrp_sync_group 'G' has no 'group' with the names of instances: it moves nobody"
            ])
    }

    @Test(arguments: [
        ("no_virtual_ipaddress\n", [] as [String]), ("virtual_ipaddress {\n}\n", [missing]),
        ("", [missing]),
    ])
    func `an instance without an address elects`(line: String, messages: [String]) throws {
        let loaded = load("vrrp_instance V {\ninterface eth1\nvirtual_router_id 1\n\(line)}")
        #expect(loaded.diagnostics.map(\.description) == messages)
        let router = try #require(loaded.model?.virtualRouters.first)
        #expect(router.addresses.isEmpty)
        #expect(router.family == .ipv4)
        #expect(router.version == .v2)
    }

    private static let missing =
        "f:1:15: warning: vrrp_instance 'V' has no address to hold: it only elects and notifies; write 'no_virtual_ipaddress' if that is meant"

    @Test(arguments: [
        (
            "virtual_ipaddress {\n}\nvirtual_ipaddress_excluded {\n10.0.0.1\n}",
            "advertises no address: it holds those of virtual_ipaddress_excluded, and names them to nobody; write one at least into virtual_ipaddress, or"
        ),
        (
            "virtual_routes {\n10.0.0.0/8 dev eth1\n}",
            "has no address to hold, only routes or rules; write"
        ),
    ])
    func `what an instance without an advertised address holds is told`(
        lines: String, consequence: String
    ) {
        #expect(
            diagnose("vrrp_instance V {\ninterface eth1\nvirtual_router_id 1\n\(lines)\n}") == [
                "f:1:15: warning: vrrp_instance 'V' \(consequence) 'no_virtual_ipaddress' if that is meant"
            ])
    }

    @Test(arguments: [
        "native_ipv6", "unicast_src_ip fe80::1\nunicast_peer {\nfe80::2\n}",
        "virtual_ipaddress_excluded {\n2001:db8::1\n}",
    ])
    func `without an address, the family is that of the rest`(lines: String) throws {
        let text = "vrrp_instance V {\ninterface eth1\nvirtual_router_id 1\nno_virtual_ipaddress\n"
        let router = try #require(load(text + lines + "\n}").model?.virtualRouters.first)
        #expect(router.family == .ipv6)
        #expect(router.version == .v3)
    }

    @Test func `the interface is the one that has the unicast source`() throws {
        let head = "vrrp_instance V {\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.9 }\n"
        let peers = "unicast_peer {\n10.0.0.2\n}\n"
        let router = try #require(
            load(head + "unicast_src_ip 10.0.0.1\n" + peers + "}").model?.virtualRouters.first)
        #expect(router.followsSource)
        #expect(router.interface == "that has 10.0.0.1")
        let written = load(head + "interface eth1\nunicast_src_ip 10.0.0.1\n" + peers + "}")
        #expect(written.model?.virtualRouters.first?.followsSource == false)
        let error = "f:1:15: error: vrrp_instance 'V' has no 'interface'"
        #expect(diagnose(head + peers + "}").contains(error))
        #expect(diagnose(head + "unicast_src_ip 10.0.0.1\n}").contains(error))
    }
}

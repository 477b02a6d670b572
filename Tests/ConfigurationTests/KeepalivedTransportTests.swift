import Glibc
import NodeConfiguration
import Testing
import VRRPCore

/// An address of a test's own; what is none is equal to nothing that is expected.
private func ip(_ text: String) -> IPAddress { IPAddress(text) ?? .v6(.unspecified) }

/// The virtual router of a file that says `lines` besides the necessary.
private func router(_ lines: String) -> VirtualRouterSettings? {
    load(instance(lines)).model?.virtualRouters.first
}

/// The virtual router of an IPv6 file that says `lines` besides the necessary.
private func router6(_ lines: String, globals: String = "") -> LoadedConfiguration {
    load(
        """
        global_defs { \(globals)
        }
        vrrp_instance VI_6 {
        interface eth1
        virtual_router_id 51
        virtual_ipaddress { fe80::5
        2001:db8::5/64 dev eth0 }
        \(lines)
        }
        """)
}

@Suite struct `How advertisements travel` {
    @Test func `multicast to the groups of the RFC, from the interface's address`() {
        #expect(router("")?.transport == .multicast())
        #expect(router("")?.sourceAddress == nil)
    }

    @Test func `mcast_dst_ip and mcast_src_ip`() {
        let found = router("mcast_dst_ip 224.0.0.99\nmcast_src_ip 172.17.0.6\ntrack_src_ip")
        #expect(found?.transport == .multicast(group: ip("224.0.0.99")))
        #expect(found?.sourceAddress == ip("172.17.0.6"))
        #expect(found?.tracksSource == true)
    }

    @Test func `the groups of global_defs are the ones of the family`() {
        let globals = "vrrp_mcast_group4 224.0.0.20\nvrrp_mcast_group6 ff02::20\n"
        let text = "global_defs {\n\(globals)}\n" + instance("")
        #expect(
            load(text).model?.virtualRouters[0].transport == .multicast(group: ip("224.0.0.20")))
        #expect(
            router6("", globals: globals).model?.virtualRouters[0].transport
                == .multicast(group: ip("ff02::20")))
    }

    @Test func `unicast peers take any TTL unless told otherwise, and strangers are heard`() {
        let found = router(
            "unicast_src_ip 172.17.0.6\nunicast_ttl 64\nunicast_peer {\n172.17.0.7\n172.17.0.8\n}")
        #expect(
            found?.transport
                == .unicast([
                    UnicastPeer(address: ip("172.17.0.7"), hopLimits: 0...255),
                    UnicastPeer(address: ip("172.17.0.8"), hopLimits: 0...255),
                ]))
        #expect(found?.sourceAddress == ip("172.17.0.6"))
        #expect(found?.unicastHopLimit == 64)
        #expect(found?.admitsUnknownPeers == true)
        #expect(router("unicast_peer {\n172.17.0.7\n}")?.unicastHopLimit == 255)
    }

    @Test func `min_ttl and max_ttl bound the TTL, and mean that strangers are refused`() {
        let found = router("unicast_peer {\n172.17.0.7 min_ttl 254 max_ttl 255\n}")
        #expect(
            found?.transport
                == .unicast([UnicastPeer(address: ip("172.17.0.7"), hopLimits: 254...255)]))
        #expect(found?.admitsUnknownPeers == false)
    }

    @Test func `check_unicast_src refuses strangers; no takes back what global_defs says`() {
        let peer = "unicast_peer {\n172.17.0.7\n}\n"
        #expect(router(peer + "check_unicast_src")?.admitsUnknownPeers == false)
        let globals = "global_defs {\nvrrp_check_unicast_src\n}\n"
        #expect(
            load(globals + instance(peer)).model?.virtualRouters[0].admitsUnknownPeers == false)
        #expect(
            load(globals + instance(peer + "check_unicast_src no")).model?.virtualRouters[0]
                .admitsUnknownPeers == true)
    }

    @Test func `without a peer it is multicast and says so, unless that is a fault`() {
        let loaded = load(instance("unicast_src_ip 172.17.0.6"))
        #expect(loaded.model?.virtualRouters[0].transport == .multicast())
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:5:16: warning: 'unicast_src_ip' without a peer in 'unicast_peer': advertisements are multicast, as in keepalived; 'unicast_fault_no_peer' forbids it"
            ])
        #expect(
            router("unicast_src_ip 172.17.0.6\nunicast_fault_no_peer")?.transport == .unicast([]))
    }

    @Test(arguments: [
        (
            "unicast_peer {\n224.0.0.18\n}",
            "f:6:1: error: '224.0.0.18': must be a unicast address"
        ),
        (
            "unicast_peer {\n172.17.0.7 min_ttl 9 max_ttl 8\n}",
            "f:6:1: error: min_ttl of 172.17.0.7 is above its max_ttl"
        ),
        (
            "unicast_peer {\n172.17.0.7 min_tll 9\n}",
            "f:6:12: error: unknown option of a peer 'min_tll'; did you mean 'min_ttl'?"
        ),
        (
            "unicast_peer {\nfe80::7\n}",
            "f:6:1: error: fe80::7: must be an IPv4 address, as the first of virtual_ipaddress"
        ),
        (
            "unicast_src_ip here",
            "f:5:16: error: 'here': must be an address, such as 192.0.2.1 or 2001:db8::1"
        ),
        (
            "mcast_dst_ip 172.17.0.9",
            "f:5:14: error: mcast_dst_ip '172.17.0.9': must be a multicast address, such as 224.0.0.18"
        ),
        ("unicast_ttl 0", "f:5:13: error: unicast_ttl 0: must be 1 to 255"),
        ("down_timer_adverts 0", "f:5:20: error: down_timer_adverts 0: must be 1 to 100"),
        ("check_unicast_src maybe", "f:5:19: error: check_unicast_src 'maybe': must be on or off"),
        (
            "virtual_ipaddress {\n2001:db8::1\n}",
            "f:6:1: error: 2001:db8::1 is not of the family of 172.17.0.5: write it into virtual_ipaddress_excluded to move it along, or into a vrrp_instance of its own"
        ),
        (
            "virtual_ipaddress_excluded {\n2001:db8::1/129\n}",
            "f:6:1: error: '2001:db8::1/129': the prefix length must be 0 to 128"
        ),
        (
            "virtual_ipaddress_excluded {\n::1\n}",
            "f:6:1: error: ::1 cannot move between nodes: must be a unicast address"
        ),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let errors = load(instance(line)).diagnostics.filter { $0.severity == .error }
        #expect(errors.map(\.description) == [message])
    }
}

@Suite struct `Both families` {
    @Test func `an instance of IPv6 addresses speaks version 3`() throws {
        let loaded = router6("native_ipv6")
        #expect(loaded.diagnostics.isEmpty)
        let found = try #require(loaded.model?.virtualRouters.first)
        #expect(found.advertisementInterval == .v3(.oneSecond))
        var second = VirtualAddress(address: ip("2001:db8::5"), prefixLength: 64)
        second.interface = "eth0"
        #expect(found.addresses == [VirtualAddress(address: ip("fe80::5")), second])
        #expect(found.addresses[0].prefixLength == 128)
    }

    @Test func `version 2 has no effect there`() {
        #expect(
            router6("version 2").diagnostics.map(\.description) == [
                "f:8:1: warning: 'version 2' has no effect with IPv6 addresses, which have version 3 alone"
            ])
    }

    @Test func `excluded addresses of the other family move along`() throws {
        let found = try #require(
            router("virtual_ipaddress_excluded {\n2001:db8::5/64\n172.17.0.55\n}"))
        #expect(found.addresses.map(\.address) == [ip("172.17.0.5")])
        #expect(
            found.excludedAddresses == [
                VirtualAddress(address: ip("2001:db8::5"), prefixLength: 64),
                VirtualAddress(address: ip("172.17.0.55")),
            ])
    }

    @Test func `one VRID may serve several groups of an interface, and unicast beside them`() {
        func second(_ lines: String) -> String {
            instance("") + """

                vrrp_instance VI_2 {
                interface eth1
                virtual_router_id 51
                virtual_ipaddress { 172.17.0.9 }
                \(lines)
                }
                """
        }
        for lines in ["mcast_dst_ip 224.0.0.99", "unicast_peer {\n172.17.0.7\n}"] {
            #expect(load(second(lines)).diagnostics.isEmpty, "\(lines)")
        }
        #expect(
            load(second("mcast_dst_ip 224.0.0.18")).diagnostics.map(\.description) == [
                "f:9:19: error: virtual_router_id 51 on eth1 is already defined at f:3"
            ])
    }

    @Test func `one VRID may serve both families on an interface`() {
        let text =
            instance("") + """

                vrrp_instance VI_6 {
                interface eth1
                virtual_router_id 51
                virtual_ipaddress { fe80::5 }
                }
                """
        #expect(load(text).diagnostics.isEmpty)
        #expect(
            load(text.replacing("fe80::5", with: "172.17.0.9")).diagnostics.map(\.description) == [
                "f:9:19: error: virtual_router_id 51 on eth1 is already defined at f:3"
            ])
    }
}

extension String {
    fileprivate func replacing(_ old: String, with new: String) -> String {
        guard let range = firstRange(of: old) else { return self }
        return self[..<range.lowerBound] + new + self[range.upperBound...]
    }
}

@Suite struct `How a router counts and answers` {
    @Test(arguments: [
        ("advert_int 255", AdvertisementInterval.v2(WholeSeconds(rawValue: 255)!), 0),
        ("advert_int 41", .v2(WholeSeconds(rawValue: 41)!), 0),
        ("advert_int 1.4", .v2(WholeSeconds(rawValue: 1)!), 1),
        ("advert_int 1.5", .v2(WholeSeconds(rawValue: 2)!), 1),
        ("advert_int 0.01", .v2(WholeSeconds(rawValue: 1)!), 1),
        ("version 3\nadvert_int 0.01", .v3(Centiseconds(rawValue: 1)!), 0),
        ("version 3\nadvert_int 40.95", .v3(Centiseconds(rawValue: 4095)!), 0),
        ("version 3\nadvert_int 0.017", .v3(Centiseconds(rawValue: 2)!), 1),
    ])
    func `advert_int is rounded to what the version can carry, and a warning says so`(
        lines: String, interval: AdvertisementInterval, warnings: Int
    ) {
        let loaded = load(instance(lines))
        #expect(loaded.model?.virtualRouters.first?.advertisementInterval == interval)
        #expect(loaded.diagnostics.count == warnings)
    }

    @Test func `the warning of a rounded interval`() {
        #expect(
            diagnose(instance("advert_int 0.5")) == [
                "f:5:12: warning: advert_int '0.5': rounded to 1 s, since version 2 counts in steps of 1 s"
            ])
    }

    @Test func `what an instance does not say comes from global_defs`() throws {
        let globals =
            "vrrp_down_timer_adverts 5\nvrrp_lower_prio_no_advert\nvrrp_owner_ignore_adverts\nlog_unknown_vrids"
        let text = "global_defs {\n\(globals)\n}\n"
        let model = try #require(load(text + instance("")).model)
        #expect(model.virtualRouters[0].lostAdvertisements == 5)
        #expect(model.virtualRouters[0].answersInferiors == false)
        #expect(model.virtualRouters[0].ignoresOthersAsOwner == true)
        #expect(model.global.logsUnknownVRIDs)
        let own = try #require(
            load(
                text
                    + instance(
                        "down_timer_adverts 2\nlower_prio_no_advert no\nowner_ignore_adverts off")
            )
            .model?.virtualRouters.first)
        #expect(own.lostAdvertisements == 2)
        #expect(own.answersInferiors)
        #expect(!own.ignoresOthersAsOwner)
        let plain = try #require(router(""))
        #expect(plain.lostAdvertisements == 3)
        #expect(plain.answersInferiors)
        #expect(!plain.ignoresOthersAsOwner)
    }

    @Test func `what lbctl always does needs no warning`() {
        #expect(
            diagnose(
                instance("skip_check_adv_addr\nhigher_prio_send_advert on\nold_unicast_checksum"))
                == [])
    }

    @Test(arguments: [
        (
            "skip_check_adv_addr no",
            "5:1: warning: 'skip_check_adv_addr' can't be switched off: an advertisement that lists other addresses counts all the same, and is told of"
        ),
        (
            "higher_prio_send_advert off",
            "5:1: warning: 'higher_prio_send_advert' can't be switched off: a router that yields says one last word, so that the other announces again"
        ),
        (
            "higher_prio_send_advert maybe",
            "5:25: error: higher_prio_send_advert 'maybe': must be on or off"
        ),
        (
            "old_unicast_checksum never",
            "5:1: warning: 'old_unicast_checksum never' has no effect: a peer that sends the old form is recognised, and answered in kind"
        ),
        (
            "use_vmac vip netlink_notify_msg",
            "5:14: warning: 'netlink_notify_msg' has no effect: it has programs on this host hear of a mode of the interface that it is not put into"
        ),
    ])
    func `what lbctl does otherwise than it is told is said`(line: String, message: String) {
        #expect(diagnose(instance(line)) == ["f:" + message])
    }

    @Test func `what few files say is read`() throws {
        let head = "vrrp_track_process p {\nprocess /bin/p\nfull_command\nparam_match partial\n}\n"
        let loaded = load(
            head
                + instance(
                    """
                    notify_master_rx_lower_pri /l
                    use_vmac
                    vmac_xmit_base
                    virtual_ipaddress_excluded {
                    10.0.0.1 autojoin
                    2001:db8::1 mngtmpaddr
                    }
                    """))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let model = try #require(loaded.model)
        #expect(model.trackProcesses[0].matchesWholePath)
        #expect(model.trackProcesses[0].argumentMatch == .partial)
        let router = model.virtualRouters[0]
        #expect(router.notifications.heardInferior == ["/l"])
        #expect(router.virtualMAC?.advertisesFromBase == true)
        #expect(router.excludedAddresses.map(\.joinsGroup) == [true, false])
        #expect(router.excludedAddresses.map(\.managesTemporary) == [false, true])
        let initial = head.replacing("partial", with: "initial").replacing(
            "full_command\n", with: "")
        let other = try #require(load(initial + instance("")).model?.trackProcesses.first)
        #expect(other.argumentMatch == .initial)
        #expect(!other.matchesWholePath)
    }

    @Test func `unicast without a trailer is worth a hint`() throws {
        let peer = "unicast_peer {\n172.17.0.7\n}\n"
        #expect(
            try #require(load(instance(peer)).model).hints == [
                "VI_1: unicast without auth_hmac: whoever can send in a peer's name can take the addresses"
            ])
        let key = "auth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\n}\n"
        #expect(try #require(load(instance(peer + key)).model).hints == [])
        #expect(try #require(load(instance("")).model).hints == [])
    }

    @Test func `addresses are announced once a minute unless the file says otherwise`() {
        #expect(router("")?.announcements.refreshInterval == .seconds(60))
        #expect(router("garp_master_refresh 0")?.announcements.refreshInterval == .zero)
    }

    @Test func `announcements against a router that claims the same, and on other interfaces`() {
        let globals =
            "global_defs {\nvrrp_garp_lower_prio_repeat 3\nvrrp_garp_extra_if all 100\n}\n"
        func settings(_ lines: String, _ globals: String = "") -> AnnouncementSettings? {
            let loaded = load(globals + instance(lines))
            #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
            return loaded.model?.virtualRouters.first?.announcements
        }
        let own = settings("garp_lower_prio_repeat 0\ngarp_lower_prio_delay 2", globals)
        #expect(own?.contestCount == 0)
        #expect(own?.contestDelay == .seconds(2))
        #expect(own?.refreshInterval == .seconds(60))
        #expect(settings("", globals)?.contestCount == 3)
        #expect(settings("")?.contestCount == nil)
        #expect(settings("garp_master_refresh 0", globals)?.refreshInterval == .seconds(100))
        #expect(settings("garp_extra_if 30")?.refreshInterval == .seconds(30))
        let once = settings("", "global_defs {\nvrrp_min_garp\n}\n")
        #expect(once?.count == 1)
        #expect(once?.repeatDelay == .zero)
        #expect(once?.refreshInterval == .zero)
        let twice = settings("", "global_defs {\nvrrp_min_garp\nvrrp_garp_master_repeat 2\n}\n")
        #expect(twice?.count == 2)
    }

    @Test func `the pace of announcements`() {
        let loaded = load(
            "global_defs {\nvrrp_garp_interval 0.001\nvrrp_gna_interval 0.000001\n}\n"
                + instance(""))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        #expect(loaded.model?.global.arpSpacing == .milliseconds(1))
        #expect(loaded.model?.global.neighborSpacing == .microseconds(1))
    }

    @Test func `strict mode has a Backup wait all of the skew time`() {
        func isStrict(_ globals: String, _ line: String) -> Bool? {
            load("global_defs {\n\(globals)\n}\n" + instance(line)).model?
                .virtualRouters[0].waitsFullSkew
        }
        #expect(isStrict("", "") == false)
        #expect(isStrict("vrrp_strict", "") == true)
        #expect(isStrict("vrrp_strict", "strict_mode off") == false)
        #expect(isStrict("", "strict_mode") == true)
        #expect(
            diagnose(instance("strict_mode")) == [
                "f:5:1: warning: 'strict_mode': a Backup waits all of Skew_Time after a release; what keepalived would refuse in that mode (unicast peers, authentication, preempt_delay, packets to the virtual addresses) works as written; write no_accept to drop the packets"
            ])
        #expect(diagnose(instance("strict_mode off")).isEmpty)
    }
}

@Suite struct `How advertisements are authenticated` {
    private static let key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    @Test func `a password of version 2`() {
        #expect(
            router("authentication {\nauth_type PASS\nauth_pass 1111\n}")?.password
                == Password("1111"))
        #expect(router("")?.password == nil)
    }

    @Test func `eight characters of a longer one count`() {
        let loaded = load(instance("authentication {\nauth_type PASS\nauth_pass motdepasse\n}"))
        #expect(loaded.model?.virtualRouters[0].password == Password("motdepas"))
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:7:11: warning: auth_pass: only the first 8 characters count, as in keepalived"
            ])
    }

    @Test func `version 3 has no password`() {
        let loaded = load(
            instance("version 3\nauthentication {\nauth_type PASS\nauth_pass 1111\n}"))
        #expect(loaded.model?.virtualRouters[0].password == nil)
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:7:11: warning: 'authentication' has no effect in version 3, which has no field for it (RFC 9568 §9); auth_hmac has"
            ])
    }

    @Test func `a trailer with keepalived's defaults`() throws {
        let found = try #require(router("auth_hmac {\nkey 3 hex:\(Self.key)\n}"))
        let trailer = try #require(found.authentication)
        #expect(trailer.keys == [3: Array(0...31)])
        #expect(
            trailer.settings
                == MessageAuthentication(
                    activeKeyID: 3, mode: .enforce, antiReplay: .time, windowSeconds: 5))
        let slow = try #require(router("advert_int 4\nauth_hmac {\nkey 3 hex:\(Self.key)\n}"))
        #expect(slow.authentication?.settings.windowSeconds == 12)
    }

    @Test func `everything that a trailer can say`() throws {
        let text = "abcdefghijklmnopqrstuvwxyz012345"
        let found = try #require(
            router(
                """
                auth_hmac {
                key 1 hex:\(Self.key)
                key 2 \(text)
                active_key 2
                anti_replay monotonic
                time_window 30
                mode receive-only
                }
                """))
        let trailer = try #require(found.authentication)
        #expect(trailer.keys == [1: Array(0...31), 2: Array(text.utf8)])
        #expect(
            trailer.settings
                == MessageAuthentication(
                    activeKeyID: 2, mode: .receiveOnly, antiReplay: .monotonic,
                    windowSeconds: 30))
    }

    @Test func `a key comes from a file, with or without a line feed at its end`() throws {
        let path = "/tmp/lbctl-key-\(getpid())"
        defer { unlink(path) }
        for content in ["hex:\(Self.key)\n", "hex:\(Self.key)"] {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            let written = content.withCString { write(descriptor, $0, content.utf8.count) }
            close(descriptor)
            try #require(written == content.utf8.count)
            let found = try #require(router("auth_hmac {\nkey 1 file:\(path)\n}"))
            #expect(found.authentication?.keys == [1: Array(0...31)])
        }
    }

    @Test func `a key is not waited for at a named pipe`() throws {
        let path = "/tmp/lbctl-key-pipe-\(getpid())"
        try #require(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        #expect(router("auth_hmac {\nkey 1 file:\(path)\n}") == nil)
    }

    @Test(arguments: [
        (
            "authentication {\nauth_type AH\nauth_pass 1\n}",
            "f:6:11: error: auth_type AH is not supported: RFC 3768 took it back in 2004, and its HMAC-MD5 protects little; write auth_hmac, or auth_type PASS"
        ),
        (
            "authentication {\nauth_type pass\nauth_pass 1\n}",
            "f:6:11: error: auth_type 'pass': must be PASS; did you mean 'PASS'?"
        ),
        ("auth_hmac {\n}", "f:5:1: error: 'auth_hmac' needs a 'key'"),
        (
            "auth_hmac {\nkey 1 hex:00\n}",
            "f:6:7: error: the key has 1 bytes, must have 32 to 64"
        ),
        (
            "auth_hmac {\nkey 1 hex:0g\n}",
            "f:6:7: error: the key after 'hex:' must be pairs of hexadecimal digits"
        ),
        (
            "auth_hmac {\nkey 1 file:/nowhere/key\n}",
            "f:6:7: error: key file '/nowhere/key': no such file"
        ),
        (
            "auth_hmac {\nkey 1 hex:\(key)\nactive_key 2\n}",
            "f:7:12: error: active_key 2: no key has this number"
        ),
        (
            "auth_hmac {\nkey 1 hex:\(key)\nkey 2 hex:\(key)\n}",
            "f:5:1: error: 'auth_hmac' has several keys: say with 'active_key' which one signs"
        ),
        (
            "auth_hmac {\nkey 1 hex:\(key)\nkey 1 hex:\(key)\n}",
            "f:7:7: error: key 1 is given twice"
        ),
        (
            "auth_hmac {\nkey 1 hex:\(key)\nmode enforced\n}",
            "f:7:6: error: mode 'enforced': must be enforce or permissive or receive-only; did you mean 'enforce'?"
        ),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let errors = load(instance(line)).diagnostics.filter { $0.severity == .error }
        #expect(errors.map(\.description) == [message])
    }
}

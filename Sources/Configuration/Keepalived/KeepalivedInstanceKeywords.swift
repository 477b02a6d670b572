import VRRPCore

extension KeepalivedInstance {
    /// keepalived.conf(5), "VRRP instance(s)".
    static let table = KeywordTable<KeepalivedInstance>(
        "keyword", scope: "in vrrp_instance",
        implemented.merging(consequential) { own, _ in own }
            .merging(AnnouncementOverrides.rules(prefix: "", \.announcements)) { own, _ in own }
            .merging(KeepalivedTracked.rules(\.tracked)) { own, _ in own }
            .merging(KeepalivedNotifications.rules(\.notifications)) { own, _ in own },
        notYet: """
            check_unicast_src debug dont_track_primary garp_extra_if
            garp_lower_prio_delay garp_lower_prio_repeat higher_prio_send_advert
            kernel_rx_buf_size linkbeat_use_polling lower_prio_no_advert native_ipv6
            old_unicast_checksum owner_ignore_adverts promote_secondaries
            skip_check_adv_addr timer_expired_backup track_src_ip
            unicast_fault_no_peer unicast_ttl vmac_xmit_base lvs_sync_daemon_interface
            """)

    /// keepalived's limit.
    private static let preemptDelayLimit = Duration.seconds(1000)

    private static let implemented: [String: Rule<KeepalivedInstance>] = [
        "interface": .line { instance, arguments throws(Remark) in
            instance.interface = try arguments.interface()
        },
        "virtual_router_id": .line { instance, arguments throws(Remark) in
            instance.vridPosition = arguments.upcoming?.position ?? instance.vridPosition
            instance.vrid = VRID(try arguments.integer(in: 1...255))
        },
        "priority": .line { instance, arguments throws(Remark) in
            instance.priority = Priority(try arguments.integer(in: 1...255))
        },
        "state": .line { instance, arguments throws(Remark) in
            let word = try arguments.next("MASTER or BACKUP")
            switch word.text {
            case "MASTER", "ACTIVE": instance.startsActive = true
            case "BACKUP": instance.startsActive = false
            default:
                throw .error(
                    "state \(word.text.quoted): must be MASTER or BACKUP", at: word.position,
                    suggestion: ["MASTER", "BACKUP", "ACTIVE"].first {
                        [$0.lowercased()].nearest(to: word.text) != nil
                    })
            }
        },
        "advert_int": .line { instance, arguments throws(Remark) in
            instance.interval = try arguments.next("a time in seconds")
        },
        "version": .line { instance, arguments throws(Remark) in
            instance.version = try arguments.protocolVersion()
        },
        "nopreempt": .line { instance, arguments throws(Remark) in
            instance.noPreempt = arguments.keyword
        },
        "preempt": .set(\.noPreempt, to: nil),
        "v3_checksum_as_v2": .line { instance, arguments throws(Remark) in
            instance.sendsMessageOnlyChecksum = try arguments.isOn()
        },
        // What it asks for is an error at the end of the block.
        "no_virtual_ipaddress": .line { _, _ throws(Remark) in },
        "virtual_ipaddress": .block { instance, arguments throws(Remark) in
            if arguments.block?.directives.isEmpty == false { instance.listsAddresses = true }
            arguments.readItems(of: "an address") { item, word throws(Remark) in
                let address = try VirtualAddress(word, options: &item)
                if instance.addresses.contains(where: { $0.address == address.address }) {
                    throw .error("\(address.address) is listed twice", at: word.position)
                }
                // The message counts its addresses in one byte (RFC 9568 §5.2.5).
                guard instance.addresses.count < 255 else {
                    throw .error(
                        "this is address 256; one virtual router holds at most 255",
                        at: word.position)
                }
                instance.addresses.append(address)
            }
        },
        "virtual_routes": .block { instance, arguments throws(Remark) in
            arguments.readItems(of: "a route") { item, word throws(Remark) in
                instance.routes.append(try KeepalivedRoute.read(word, &item))
            }
        },
        "virtual_rules": .block { instance, arguments throws(Remark) in
            for directive in arguments.block?.directives ?? [] {
                var remarks: [Remark] = []
                let rule = KeepalivedRule.read(
                    directive, index: instance.rules.count, &remarks)
                remarks.forEach { arguments.add($0) }
                if let rule { instance.rules.append(rule) }
            }
        },
        "preempt_delay": .line { instance, arguments throws(Remark) in
            let keyword = arguments.keyword
            let delay = try arguments.seconds(in: .zero...preemptDelayLimit)
            instance.preemptDelay = (keyword, delay)
        },
    ]

    /// Known keywords whose absence a peer, a client or an operator would notice.
    private static let consequential: [String: Rule<KeepalivedInstance>] = [
        "accept": .alwaysSo,
        "no_accept": .notYet("packets to the virtual addresses are accepted"),
        "authentication": .notYet(
            knowing: "auth_type auth_pass",
            "advertisements are sent and accepted without authentication"),
        "auth_hmac": .notYet(
            knowing: "key active_key anti_replay time_window mode",
            "advertisements are sent and accepted without authentication"),
        "down_timer_adverts": .notYet("three missing advertisements count as a failure"),
        "mcast_dst_ip": .notYet("advertisements go to 224.0.0.18"),
        "mcast_src_ip": .notYet("advertisements come from the interface's first address"),
        "strict_mode": .notYet("what it would refuse is accepted"),
        "track_bfd": .notYet("it changes no priority"),
        "unicast_peer": .notYet("advertisements are multicast"),
        "unicast_src_ip": .notYet("advertisements come from the interface's first address"),
        "use_ipvlan": .notYet("the addresses are put on the interface itself"),
        "use_vmac": .notYet("the addresses answer with the interface's own MAC address"),
        "use_vmac_addr": .notYet("the addresses answer with the interface's own MAC address"),
        "virtual_ipaddress_excluded": .notYet("these addresses are not held"),
        "vrf": .notYet("the addresses are put on the interface as it is"),
    ]
}

extension VirtualAddress {
    fileprivate init(_ word: Word, options: inout Arguments) throws(Remark) {
        let parts = word.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = Word(text: parts.first.map(String.init) ?? "", position: word.position)
        self.init(address: try host.address())
        guard (1..<224).contains(address.rawValue >> 24), address.rawValue >> 24 != 127 else {
            throw .error(
                "\(address) cannot move between nodes: must be a unicast address",
                at: word.position)
        }
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...32).contains(length) else {
                throw .error(
                    "\(word.text.quoted): the prefix length must be 0 to 32", at: word.position)
            }
            prefixLength = length
        }
        try Self.options.readAll(into: &self, &options)
    }

    /// keepalived.conf(5), `virtual_ipaddress`; the arguments of ip-address(8).
    private static let options = KeywordTable<VirtualAddress>(
        "option of an address",
        [
            "dev": .line { address, arguments throws(Remark) in
                address.interface = try arguments.interface()
            },
            "label": .line { address, arguments throws(Remark) in
                let word = try arguments.next("a label")
                guard (1...15).contains(word.text.utf8.count) else {
                    throw .error(
                        "label \(word.text.quoted): must be 1 to 15 bytes long", at: word.position)
                }
                address.label = word.text
            },
            "brd": broadcast, "broadcast": broadcast,
            "scope": .notYet(taking: 1), "peer": .notYet(taking: 1), "home": .notYet(taking: 0),
            "use_vmac": .notYet(taking: 0), "-nodad": .notYet(taking: 0),
            "mngtmpaddr": .notYet(taking: 0), "noprefixroute": .notYet(taking: 0),
            "autojoin": .notYet(taking: 0), "no_track": .notYet(taking: 0),
            "preferred_lft": .notYet(taking: 1), "track_group": .notYet(taking: 1),
        ])

    private static let broadcast = Rule<VirtualAddress>.line { address, arguments throws(Remark) in
        switch arguments.upcoming?.text {
        case "-": arguments.skip(1)
        case "+":
            arguments.skip(1)
            arguments.warn("'brd +' is known but not implemented yet; write the address itself")
        default: address.broadcast = try arguments.address()
        }
    }
}

extension Word {
    /// The word as the name of a network interface: 1 to 15 bytes, no slash (`dev_valid_name`).
    func interface() throws(Remark) -> String {
        guard (1...15).contains(text.utf8.count), text != ".", text != "..",
            !text.contains(where: { $0 == "/" || $0 == ":" || $0.isWhitespace })
        else {
            throw .error(
                "interface \(text.quoted): must be 1 to 15 bytes without '/' and ':'", at: position)
        }
        return text
    }
}

extension Arguments {
    /// The name of an interface that is next.
    mutating func interface() throws(Remark) -> String {
        try next("the name of an interface").interface()
    }

    /// The version of the protocol that is next.
    mutating func protocolVersion() throws(Remark) -> ProtocolVersion {
        try integer(in: 2...3) == 3 ? .v3 : .v2
    }

    /// keepalived's optional Boolean: without a word it is on.
    mutating func isOn() throws(Remark) -> Bool {
        guard let word = nextIfPresent() else { return true }
        switch word.text.lowercased() {
        case "on", "true", "yes": return true
        case "off", "false", "no": return false
        default:
            throw .error(
                "\(label) \(word.text.quoted): must be on or off", at: word.position)
        }
    }
}

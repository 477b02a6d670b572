import VRRPCore

extension KeepalivedInstance {
    /// keepalived.conf(5), "VRRP instance(s)".
    static let table = KeywordTable<KeepalivedInstance>(
        "keyword", scope: "in vrrp_instance",
        implemented.merging(consequential) { own, _ in own }
            .merging(KeepalivedTransport.rules) { own, _ in own }
            .merging(KeepalivedAuthentication.rules) { own, _ in own }
            .merging(AnnouncementOverrides.rules(prefix: "", \.announcements)) { own, _ in own }
            .merging(KeepalivedTracked.rules(\.tracked)) { own, _ in own }
            .merging(KeepalivedNotifications.rules(\.notifications)) { own, _ in own },
        notYet: """
            debug dont_track_primary garp_extra_if garp_lower_prio_delay garp_lower_prio_repeat
            kernel_rx_buf_size linkbeat_use_polling promote_secondaries timer_expired_backup
            vmac_xmit_base lvs_sync_daemon_interface
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
            instance.versionPosition = arguments.keyword.position
            instance.version = try arguments.protocolVersion()
        },
        "nopreempt": .line { instance, arguments throws(Remark) in
            instance.noPreempt = arguments.keyword
        },
        "preempt": .set(\.noPreempt, to: nil),
        "down_timer_adverts": .line { instance, arguments throws(Remark) in
            instance.lostAdvertisements = try arguments.integer(in: 1...100)
        },
        "lower_prio_no_advert": .line { instance, arguments throws(Remark) in
            instance.answersInferiors = try !arguments.isOn()
        },
        "owner_ignore_adverts": .line { instance, arguments throws(Remark) in
            instance.ignoresOthersAsOwner = try arguments.isOn()
        },
        // Whoever yields always says one last word.
        "higher_prio_send_advert": .alwaysSo,
        // A peer's list is compared when it changes, and a difference refuses nothing.
        "skip_check_adv_addr": .alwaysSo,
        // The family is that of the addresses.
        "native_ipv6": .alwaysSo,
        // The old form of unicast checksum is recognised, and answered in kind.
        "old_unicast_checksum": .alwaysSo,
        "v3_checksum_as_v2": .line { instance, arguments throws(Remark) in
            instance.sendsMessageOnlyChecksum = try arguments.isOn()
        },
        // What it asks for is an error at the end of the block.
        "no_virtual_ipaddress": .line { _, _ throws(Remark) in },
        "virtual_ipaddress_excluded": .block { instance, arguments throws(Remark) in
            arguments.readItems(of: "an address") { item, word throws(Remark) in
                let address = try VirtualAddress(word, options: &item)
                try instance.refuseDuplicate(address, at: word.position)
                instance.excludedAddresses.append(address)
            }
        },
        "virtual_ipaddress": .block { instance, arguments throws(Remark) in
            if arguments.block?.directives.isEmpty == false { instance.listsAddresses = true }
            arguments.readItems(of: "an address") { item, word throws(Remark) in
                let address = try VirtualAddress(word, options: &item)
                try instance.refuseDuplicate(address, at: word.position)
                // One message, and so one election, is of one family (RFC 9568 §5.2.9).
                if let first = instance.addresses.first?.address,
                    first.family != address.address.family
                {
                    throw .error(
                        "\(address.address) is not of the family of \(first): write it into"
                            + " virtual_ipaddress_excluded to move it along, or into a"
                            + " vrrp_instance of its own", at: word.position)
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
        "strict_mode": .strictMode,
        "track_bfd": .notYet("it changes no priority"),
        "use_ipvlan": .notYet("the addresses are put on the interface itself"),
        "use_vmac": .notYet("the addresses answer with the interface's own MAC address"),
        "use_vmac_addr": .notYet("the addresses answer with the interface's own MAC address"),
        "vrf": .notYet("the addresses are put on the interface as it is"),
    ]
}

extension KeepalivedInstance {
    fileprivate func refuseDuplicate(
        _ address: VirtualAddress, at position: Position
    ) throws(Remark) {
        guard (addresses + excludedAddresses).contains(where: { $0.address == address.address })
        else { return }
        throw .error("\(address.address) is listed twice", at: position)
    }
}

extension Rule {
    /// keepalived's mode in which it refuses what no RFC knows.
    static var strictMode: Self {
        .notYet(
            "the protocol is followed as ever, but unicast peers, authentication and packets to the"
                + " virtual addresses, which it would refuse, are accepted")
    }
}

extension VirtualAddress {
    fileprivate init(_ word: Word, options: inout Arguments) throws(Remark) {
        let parts = word.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = Word(text: parts.first.map(String.init) ?? "", position: word.position)
        self.init(address: try host.ipAddress())
        guard address.isUnicast else {
            throw .error(
                "\(address) cannot move between nodes: must be a unicast address",
                at: word.position)
        }
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...prefixLength).contains(length) else {
                throw .error(
                    "\(word.text.quoted): the prefix length must be 0 to \(prefixLength)",
                    at: word.position)
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
    mutating func protocolVersion() throws(Remark) -> VRRPVersion {
        try integer(in: 2...3) == 3 ? .v3 : .v2
    }
}

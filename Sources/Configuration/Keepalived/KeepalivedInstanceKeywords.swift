import VRRPCore

extension KeepalivedInstance {
    /// keepalived.conf(5), "VRRP instance(s)".
    static let table: KeywordTable<KeepalivedInstance> = KeywordTable(
        "keyword", scope: "in vrrp_instance",
        implemented.merging(consequential) { own, _ in own }
            .merging(KeepalivedTransport.rules) { own, _ in own }
            .merging(KeepalivedAuthentication.rules) { own, _ in own }
            .merging(AnnouncementOverrides.rules(prefix: "", \.announcements)) { own, _ in own }
            .merging(KeepalivedTracked.rules(\.tracked)) { own, _ in own }
            .merging(KeepalivedNotifications.rules(\.notifications)) { own, _ in own },
        notYet: """
            debug kernel_rx_buf_size linkbeat_use_polling promote_secondaries timer_expired_backup
            lvs_sync_daemon_interface
            """,
        hint: { KeepalivedGlobals.table.knows($0) ? "it belongs into global_defs" : nil })

    /// keepalived's limit.
    private static let preemptDelayLimit = Duration.seconds(1000)

    private static let implemented: [String: Rule<KeepalivedInstance>] = [
        "interface": .line { instance, arguments throws(Remark) in
            instance.namesInterface = true
            instance.interface = try arguments.interface()
        },
        "virtual_router_id": .line { instance, arguments throws(Remark) in
            instance.namesVRID = true
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
                instance.startsActive = false
                let meant = ["MASTER", "BACKUP", "ACTIVE"].first {
                    [$0.lowercased()].nearest(to: word.text) != nil
                }
                arguments.add(
                    .warning(
                        "state \(word.text.quoted): must be MASTER or BACKUP; BACKUP is taken, as"
                            + " keepalived does", at: word.position, suggestion: meant))
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
        "higher_prio_send_advert": .saysLastWord,
        "skip_check_adv_addr": .takesOtherLists,
        // The family is that of the addresses, where there are any.
        "native_ipv6": .set(\.isNativeIPv6, to: true),
        "old_unicast_checksum": .line { _, arguments throws(Remark) in
            guard arguments.upcoming?.text == "never" else { return }
            arguments.skip(1)
            arguments.warn(
                "'old_unicast_checksum never' has no effect: a peer that sends the old form is"
                    + " recognised, and answered in kind")
        },
        "v3_checksum_as_v2": .line { instance, arguments throws(Remark) in
            instance.sendsMessageOnlyChecksum = try arguments.isOn()
        },
        "no_virtual_ipaddress": .set(\.isWithoutAddresses, to: true),
        "virtual_ipaddress_excluded": .block { instance, arguments throws(Remark) in
            arguments.readItems(of: "an address") { item, word throws(Remark) in
                let address = try KeepalivedAddress.read(word, &item)
                guard instance.isNew(address, at: word.position, &item) else { return }
                instance.excludedAddresses.append(address)
            }
        },
        "virtual_ipaddress": .block { instance, arguments throws(Remark) in
            if arguments.block?.directives.isEmpty == false { instance.listsAddresses = true }
            arguments.readItems(of: "an address") { item, word throws(Remark) in
                let address = try KeepalivedAddress.read(word, &item)
                guard instance.isNew(address, at: word.position, &item) else { return }
                // One message, and so one election, is of one family (RFC 9568 §5.2.9).
                if let first = instance.addresses.first?.address,
                    first.family != address.address.family
                {
                    throw .error(
                        "\(address.address) is not of the family of \(first): write it into"
                            + " virtual_ipaddress_excluded to move it along, or into a"
                            + " vrrp_instance of its own", at: word.position)
                }
                instance.add(address, at: word.position, &item)
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
        "accept": .set(\.acceptsTraffic, to: true),
        "no_accept": .set(\.acceptsTraffic, to: false),
        "dont_track_primary": .set(\.tracksOwnInterface, to: false),
        "vmac_xmit_base": .set(\.advertisesFromBase, to: true),
        "use_vmac": .line { instance, arguments throws(Remark) in
            try instance.readVirtualMAC(&arguments)
        },
        "strict_mode": .strictMode(\.isStrict),
        "track_bfd": .notYet("it changes no priority"),
        "use_ipvlan": .notYet("the addresses are put on the interface itself"),
        "use_vmac_addr": .notYet(
            "addresses with 'dev' answer with the MAC address of that interface"),
        "vrf": .notYet("the addresses are put on the interface as it is"),
    ]
}

extension KeepalivedInstance {
    /// Takes an address; what no message has room for moves without being advertised.
    fileprivate mutating func add(
        _ address: VirtualAddress, at position: Position, _ arguments: inout Arguments
    ) {
        // The message counts them in one byte (RFC 9568 §5.2.5), and with its headers and a trailer
        // it has to fit an Ethernet frame.
        let limit = address.address.family == .ipv4 ? 255 : 89
        guard addresses.count >= limit else { return addresses.append(address) }
        if addresses.count == limit, !isFull {
            isFull = true
            arguments.warn(
                "an advertisement has room for \(limit) addresses: this one and those after it move"
                    + " with the others as virtual_ipaddress_excluded, without being advertised",
                at: position)
        }
        excludedAddresses.append(address)
    }

    /// `use_vmac [[name] LINK] [MAC]`.
    fileprivate mutating func readVirtualMAC(_ arguments: inout Arguments) throws(Remark) {
        virtualMAC = KeepalivedVirtualMAC(keyword: arguments.keyword)
        while let word = arguments.nextIfPresent() {
            if word.text == "name" {
                virtualMAC?.name = try arguments.next("the name of a link").interface()
            } else if word.text.split(separator: ":").count == 6 {
                virtualMAC?.address = try word.macAddress()
            } else if word.text == "netlink_notify_msg" {
                arguments.warn(
                    "'netlink_notify_msg' has no effect: it has programs on this host hear of a mode"
                        + " of the interface that it is not put into", at: word.position)
            } else if word.text == "group" {
                arguments.warn("'group' is known but not implemented yet; it is ignored")
                arguments.skip(1)
            } else {
                virtualMAC?.name = try word.interface()
            }
        }
    }

    /// Whether an address is listed for the first time; warns where it is not.
    fileprivate func isNew(
        _ address: VirtualAddress, at position: Position, _ arguments: inout Arguments
    ) -> Bool {
        guard
            let first = (addresses + excludedAddresses).first(where: {
                $0.address == address.address
            })
        else { return true }
        let lost = first == address ? "" : ", and what this line says besides is lost"
        arguments.warn(
            "\(address.address) is listed twice: the first one counts\(lost)", at: position)
        return false
    }
}

extension Rule {
    static var saysLastWord: Rule {
        .always("a router that yields says one last word, so that the other announces again")
    }

    static var takesOtherLists: Rule {
        .always("an advertisement that lists other addresses counts all the same, and is told of")
    }

    /// keepalived's mode in which it refuses what no RFC knows.
    static func strictMode(
        _ path: any WritableKeyPath<Target, Bool?> & Sendable
    ) -> Self {
        .line { target, arguments throws(Remark) in
            let isOn = try arguments.isOn()
            target[keyPath: path] = isOn
            guard isOn else { return }
            arguments.warn(
                "\(arguments.label.quoted): a Backup waits all of Skew_Time after a release; what"
                    + " keepalived would refuse in that mode (unicast peers, authentication,"
                    + " preempt_delay, packets to the virtual addresses) works as written; write"
                    + " no_accept to drop the packets")
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
        let word = try next("the name of an interface")
        if IPAddress(word.text) != nil {
            warn(
                "interface \(word.text.quoted): looks like an address; write the name of the interface"
                    + " that has it, such as eth0", at: word.position)
        }
        return try word.interface()
    }

    /// The version of the protocol that is next.
    mutating func protocolVersion() throws(Remark) -> VRRPVersion {
        try integer(in: 2...3) == 3 ? .v3 : .v2
    }
}

import VRRPCore

/// What a `vrrp_instance` says about how its advertisements travel, before defaults.
struct KeepalivedTransport: Sendable {
    /// `unicast_src_ip`.
    var unicastSource: Placed?
    /// `mcast_src_ip`.
    var multicastSource: Placed?
    /// `mcast_dst_ip`.
    var group: Placed?
    /// `unicast_peer`; `nil`: no such block.
    var peers: [Peer]?
    /// The keyword of a block `unicast_peer` that lists nobody.
    var emptyPeers: Word?
    /// `unicast_ttl`.
    var hopLimit: Int?
    /// `check_unicast_src`; `nil`: as `global_defs` says.
    var checksSource: Bool?
    /// `unicast_fault_no_peer`.
    var needsPeer: Word?
    /// `track_src_ip`.
    var tracksSource = false

    /// An address and where it stands.
    struct Placed: Sendable {
        let address: IPAddress
        let word: Word
    }

    /// A line of `unicast_peer`.
    struct Peer: Sendable {
        let address: IPAddress
        let word: Word
        var lowest: Int?
        var highest: Int?
    }

    /// The keywords of a `vrrp_instance`; keepalived.conf(5), "VRRP instance(s)".
    static let rules: [String: Rule<KeepalivedInstance>] = [
        "unicast_src_ip": .address(\.unicastSource),
        "mcast_src_ip": .address(\.multicastSource),
        "mcast_dst_ip": .line { instance, arguments throws(Remark) in
            instance.transport.group = try arguments.group(of: nil)
        },
        "unicast_ttl": .line { instance, arguments throws(Remark) in
            instance.transport.hopLimit = try arguments.integer(in: 1...255)
        },
        "check_unicast_src": .line { instance, arguments throws(Remark) in
            instance.transport.checksSource = try arguments.isOn()
        },
        "unicast_fault_no_peer": .line { instance, arguments throws(Remark) in
            instance.transport.needsPeer = arguments.keyword
        },
        "track_src_ip": .line { instance, arguments throws(Remark) in
            instance.transport.tracksSource = try arguments.isOn()
        },
        "unicast_peer": .block { instance, arguments throws(Remark) in
            var peers = instance.transport.peers ?? []
            if arguments.block?.directives.isEmpty == true {
                instance.transport.emptyPeers = arguments.keyword
            }
            arguments.readItems(of: "the address of a peer") { item, word throws(Remark) in
                var peer = Peer(address: try item.routerAddress(word), word: word)
                try Peer.options.readAll(into: &peer, &item)
                guard (peer.lowest ?? 0) <= (peer.highest ?? 255) else {
                    throw .error(
                        "min_ttl of \(peer.address) is above its max_ttl", at: word.position)
                }
                guard !peers.contains(where: { $0.address == peer.address }) else {
                    return item.warn("\(peer.address) is listed twice", at: word.position)
                }
                peers.append(peer)
            }
            instance.transport.peers = peers
        },
    ]

    /// The family that the addresses of the transport are of; `nil`: there are none.
    var family: AddressFamily? {
        [unicastSource, multicastSource, group].compactMap { $0?.address.family }.first
            ?? peers?.first?.address.family
    }

    /// Gives a virtual router its transport.
    ///
    /// - Throws: What does not fit to the family of its addresses.
    func apply(
        to settings: inout VirtualRouterSettings, globals: KeepalivedGlobals,
        remarks: inout [Remark]
    ) throws(Remark) {
        let family = settings.family
        for placed in [unicastSource, multicastSource, group].compactMap(\.self)
            + (peers ?? []).map({ Placed(address: $0.address, word: $0.word) })
        where placed.address.family != family {
            throw .error(
                "\(placed.address): must be an \(family.words) address, as the first of"
                    + " virtual_ipaddress", at: placed.word.position)
        }
        let listed = peers ?? []
        let isUnicast = !listed.isEmpty || needsPeer != nil
        if !isUnicast, let word = unicastSource?.word {
            remarks.append(
                .warning(
                    "'unicast_src_ip' without a peer in 'unicast_peer': advertisements are"
                        + " multicast, as in keepalived; 'unicast_fault_no_peer' forbids it",
                    at: word.position))
        } else if !isUnicast, let emptyPeers {
            remarks.append(
                .warning(
                    "'unicast_peer' without a peer: advertisements are multicast, as in keepalived;"
                        + " 'unicast_fault_no_peer' forbids it", at: emptyPeers.position))
        }
        settings.sourceAddress = (isUnicast ? unicastSource : multicastSource)?.address
        settings.tracksSource = tracksSource && settings.sourceAddress != nil
        guard isUnicast else {
            let global = family == .ipv4 ? globals.group4 : globals.group6
            settings.transport = .multicast(group: group?.address ?? global)
            return
        }
        settings.transport = .unicast(
            listed.map { peer in
                let limits = UInt8(peer.lowest ?? 0)...UInt8(peer.highest ?? 255)
                return UnicastPeer(address: peer.address, hopLimits: limits)
            })
        settings.unicastHopLimit = UInt8(hopLimit ?? 255)
        // Who says from how far a peer may be heard means that nobody else is heard.
        let limits = listed.contains { $0.lowest != nil || $0.highest != nil }
        settings.admitsUnknownPeers =
            !(checksSource ?? (limits || globals.checksUnicastSource == true))
    }
}

extension KeepalivedTransport.Peer {
    fileprivate static let options = KeywordTable<Self>(
        "option of a peer",
        [
            "min_ttl": .integer(\.lowest, 0...255), "max_ttl": .integer(\.highest, 0...255),
        ])
}

extension Rule<KeepalivedInstance> {
    fileprivate static func address(
        _ field: Field<KeepalivedTransport, KeepalivedTransport.Placed?>
    ) -> Self {
        .line { instance, arguments throws(Remark) in
            let word = try arguments.next("an address")
            instance.transport[keyPath: field] = KeepalivedTransport.Placed(
                address: try arguments.routerAddress(word), word: word)
        }
    }
}

extension Word {
    /// The word as an address of either family.
    func ipAddress() throws(Remark) -> IPAddress {
        guard let address = IPAddress(text) else {
            throw .error(
                "\(text.quoted): must be an address, such as 192.0.2.1 or 2001:db8::1",
                at: position)
        }
        return address
    }
}

extension IPAddress {
    /// Whether one station of a network can have it: not none, a loopback, a group or all.
    var isUnicast: Bool {
        switch self {
        case .v4(let address):
            (1..<224).contains(address.rawValue >> 24) && address.rawValue >> 24 != 127
        case .v6(let address):
            !address.isMulticast && !(address.high == 0 && address.low <= 1)
        }
    }
}

extension AddressFamily {
    fileprivate var words: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

extension Arguments {
    /// A word as an address that one router can have.
    ///
    /// keepalived passes over a prefix length that was copied along.
    fileprivate mutating func routerAddress(_ word: Word) throws(Remark) -> IPAddress {
        let address = try word.text.contains("/") ? word.prefix().address : word.ipAddress()
        guard address.isUnicast else {
            throw .error("\(word.text.quoted): must be a unicast address", at: word.position)
        }
        if word.text.contains("/") {
            warn(
                "\(word.text.quoted): one router is meant, so the prefix length has no effect; write"
                    + " \(address)", at: word.position)
        }
        return address
    }

    /// The multicast group that is next, of one family or of either.
    mutating func group(of family: AddressFamily?) throws(Remark) -> KeepalivedTransport.Placed {
        let word = try next("a multicast address")
        let address = try word.ipAddress()
        guard address.isMulticast, family == nil || address.family == family else {
            let example = family == .ipv6 ? "ff02::12" : "224.0.0.18"
            throw .error(
                "\(label) \(word.text.quoted): must be a multicast address, such as \(example)",
                at: word.position)
        }
        return KeepalivedTransport.Placed(address: address, word: word)
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

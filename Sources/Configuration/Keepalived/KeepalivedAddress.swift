import VRRPCore

/// A line of `virtual_ipaddress`, in the grammar of ip-address(8).
struct KeepalivedAddress: Sendable {
    private var value: VirtualAddress
    private var broadcast: Broadcast?

    private enum Broadcast: Sendable {
        case address(IPv4Address)
        /// The last address of the network, or the first.
        case last, first
    }

    /// Reads one line; `word` is its first.
    static func read(_ word: Word, _ arguments: inout Arguments) throws(Remark) -> VirtualAddress {
        let prefix = try word.prefix()
        guard prefix.address.isUnicast else {
            throw .error(
                "\(prefix.address) cannot move between nodes: must be a unicast address",
                at: word.position)
        }
        var address = KeepalivedAddress(
            value: VirtualAddress(address: prefix.address, prefixLength: prefix.length))
        if let next = arguments.upcoming, (try? next.prefix()) != nil {
            throw .error(
                "\(next.text.quoted): each address must stand on a line of its own",
                at: next.position)
        }
        try options.readAll(into: &address, &arguments)
        return address.finished()
    }

    private func finished() -> VirtualAddress {
        var value = value
        let hostBits = value.prefixLength == 0 ? .max : UInt32.max >> UInt32(value.prefixLength)
        let bits = value.address.ipv4?.rawValue ?? 0
        switch broadcast {
        case .address(let address): value.broadcast = address
        case .last where value.prefixLength < 32:
            value.broadcast = IPv4Address(rawValue: bits | hostBits)
        case .first where value.prefixLength < 32:
            value.broadcast = IPv4Address(rawValue: bits & ~hostBits)
        case .last, .first, nil: break
        }
        return value
    }

    /// keepalived.conf(5), `virtual_ipaddress`.
    private static let options = KeywordTable<KeepalivedAddress>(
        "option of an address",
        [
            "dev": .line { address, arguments throws(Remark) in
                if let word = arguments.upcoming, address.value.address.family == .ipv4,
                    let end = word.text.firstIndex(of: ":")
                {
                    throw .error(
                        "dev \(word.text.quoted): this is a label and no interface; write 'dev"
                            + " \(word.text[..<end]) label \(word.text)'", at: word.position)
                }
                address.value.interface = try arguments.interface()
            },
            "label": .line { address, arguments throws(Remark) in
                try address.require(.ipv4, arguments)
                let word = try arguments.next("a label")
                guard (1...15).contains(word.text.utf8.count) else {
                    throw .error(
                        "label \(word.text.quoted): must be 1 to 15 bytes long", at: word.position)
                }
                address.value.label = word.text
            },
            "brd": broadcast, "broadcast": broadcast,
            "scope": .line { address, arguments throws(Remark) in
                let scope = try arguments.addressScope()
                guard address.value.address.family == .ipv4 else {
                    return arguments.warn(
                        "'scope' has no effect on an IPv6 address: the kernel knows it by itself")
                }
                address.value.scope = scope
            },
            "peer": .line { address, arguments throws(Remark) in
                let word = try arguments.next("an address")
                let peer = try word.prefix()
                guard peer.address.family == address.value.address.family else {
                    throw .error(
                        "\(peer.address): must be of the same version of IP as the address",
                        at: word.position)
                }
                address.value.peer = peer
            },
            "-nodad": flag(\.checksDuplicates), "home": flag(\.isHome),
            "mngtmpaddr": flag(\.managesTemporary),
            "noprefixroute": .set(\.value.hasNoPrefixRoute, to: true),
            "autojoin": .set(\.value.joinsGroup, to: true),
            "no_track": .set(\.value.isTracked, to: false),
            "preferred_lft": .line { address, arguments throws(Remark) in
                if arguments.upcoming?.text == "forever" {
                    arguments.skip(1)
                    address.value.preferredLifetime = .max
                } else {
                    address.value.preferredLifetime = try arguments.number32()
                }
            },
            "use_vmac": .notYet(
                taking: 0, "with use_vmac in the instance, addresses without 'dev' are there anyway"
            ),
            "track_group": .notYet(taking: 1),
        ])

    /// Something that only IPv6 has.
    private static func flag(
        _ field: Field<VirtualAddress, Bool>
    ) -> Rule<KeepalivedAddress> {
        .line { address, arguments throws(Remark) in
            guard address.value.address.family == .ipv6 else {
                return arguments.warn(
                    "\(arguments.label.quoted) has no effect: it is for IPv6 addresses only")
            }
            address.value[keyPath: field] = true
        }
    }

    private static let broadcast = Rule<KeepalivedAddress>.line {
        address, arguments throws(Remark) in
        try address.require(.ipv4, arguments)
        switch arguments.upcoming?.text {
        case "-":
            arguments.skip(1)
            address.broadcast = .first
        case "+":
            arguments.skip(1)
            address.broadcast = .last
        default: address.broadcast = .address(try arguments.address())
        }
    }

    private func require(_ family: AddressFamily, _ arguments: Arguments) throws(Remark) {
        guard value.address.family != family else { return }
        throw .error(
            "\(arguments.label.quoted) is for \(family == .ipv4 ? "IPv4" : "IPv6") addresses only",
            at: arguments.keyword.position)
    }
}

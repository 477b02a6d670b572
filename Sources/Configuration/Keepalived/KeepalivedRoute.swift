import VRRPCore

/// A line of `virtual_routes`, in the grammar of ip-route(8).
struct KeepalivedRoute: Sendable {
    private var kind = VirtualRoute.Kind.unicast
    private var destination: NetworkPrefix?
    private var gateway: IPAddress?
    private var interface: String?
    private var source: IPAddress?
    private var metric: UInt32?
    private var table: UInt32 = 254
    private var scope: UInt8?
    private var isGatewayOnLink = false
    private var isTracked = true

    /// Reads one line; `word` is its first.
    static func read(
        _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> VirtualRoute {
        var route = KeepalivedRoute()
        var first = word
        if let kind = VirtualRoute.Kind(rawValue: word.text) {
            route.kind = kind
            first = try arguments.nextKeyword("a destination")
        }
        // keepalived takes options before the destination, too: `src ADDRESS [to] NETWORK via ADDRESS`.
        while table.knows(first) {
            try table.rule(for: first).body(&route, &arguments)
            first = try arguments.nextKeyword("a destination")
        }
        if first.text == "to" { first = try arguments.next("a destination") }
        if first.text != "default" && first.text != "default6" {
            route.destination = try first.prefix()
        }
        try table.readAll(into: &route, &arguments)
        return try route.finished(first, &arguments)
    }

    private func finished(
        _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> VirtualRoute {
        let family = destination?.address.family ?? gateway?.family ?? source?.family
        let isIPv6 = word.text == "default6" || family == .ipv6
        let all = NetworkPrefix(
            isIPv6 ? .v6(IPv6Address.unspecified) : .v4(IPv4Address(rawValue: 0)), length: 0)
        var route = VirtualRoute(to: destination ?? all)
        for address in [gateway, source].compactMap(\.self)
        where address.family != route.destination.address.family {
            throw .error(
                "\(address) and the destination are of different versions of IP",
                at: word.position)
        }
        if kind == .unicast, gateway == nil, interface == nil {
            throw .error(
                "a route needs 'via' with a router's address, or 'dev' with an interface",
                at: word.position)
        }
        let hasWay = kind == .unicast
        if !hasWay, gateway != nil || interface != nil {
            arguments.warn(
                "a \(kind.rawValue) route has no way: 'via' and 'dev' are ignored",
                at: word.position)
        }
        route.kind = kind
        route.gateway = hasWay ? gateway : nil
        route.interface = hasWay ? interface : nil
        route.source = source
        route.metric = metric
        route.table = table
        route.scope = scope
        route.isGatewayOnLink = isGatewayOnLink
        route.isTracked = isTracked
        return route
    }

    private mutating func readGateway(_ arguments: inout Arguments) throws(Remark) {
        if let family = arguments.upcoming?.text, family == "inet" || family == "inet6" {
            arguments.skip(1)
        }
        let word = try arguments.next("a router's address")
        gateway = try word.ipAddress()
        if arguments.upcoming?.text == "or" {
            throw .error(
                "'or' and a second router are known but not implemented yet; write one",
                at: arguments.upcoming?.position ?? word.position)
        }
    }

    private static let metricRule = Rule<KeepalivedRoute>.line { route, arguments throws(Remark) in
        route.metric = try arguments.number32()
    }

    private static let table = KeywordTable<KeepalivedRoute>(
        "option of a route",
        [
            "via": .line { route, arguments throws(Remark) in
                try route.readGateway(&arguments)
            },
            "gw": .line { route, arguments throws(Remark) in
                arguments.warn("'gw' is what keepalived called 'via' once; write that")
                try route.readGateway(&arguments)
            },
            "dev": .line { route, arguments throws(Remark) in
                route.interface = try arguments.interface()
            },
            "src": .line { route, arguments throws(Remark) in
                route.source = try arguments.next("an address").ipAddress()
            },
            "metric": metricRule, "priority": metricRule, "preference": metricRule,
            "table": .line { route, arguments throws(Remark) in
                route.table = try arguments.routeTable()
            },
            "scope": .line { route, arguments throws(Remark) in
                route.scope = try arguments.addressScope()
            },
            "onlink": .set(\.isGatewayOnLink, to: true),
            "no_track": .set(\.isTracked, to: false),
            "nexthop": .line { _, arguments throws(Remark) in
                throw .error(
                    "routes with several ways are known but not implemented yet; write one 'via'",
                    at: arguments.keyword.position)
            },
            "track_group": .notYet(taking: 1), "protocol": .notYet(taking: 1),
            "proto": .notYet(taking: 1), "tos": .notYet(taking: 1), "dsfield": .notYet(taking: 1),
            "mtu": .notYet(taking: 1), "hoplimit": .notYet(taking: 1),
            "advmss": .notYet(taking: 1), "rtt": .notYet(taking: 1), "rttvar": .notYet(taking: 1),
            "reordering": .notYet(taking: 1), "window": .notYet(taking: 1),
            "cwnd": .notYet(taking: 1), "initcwnd": .notYet(taking: 1),
            "initrwnd": .notYet(taking: 1), "ssthresh": .notYet(taking: 1),
            "realms": .notYet(taking: 1), "rto_min": .notYet(taking: 1),
            "quickack": .notYet(taking: 1), "features": .notYet(taking: 1),
            "congctl": .notYet(taking: 1), "fastopen_no_cookie": .notYet(taking: 1),
            "expires": .notYet(taking: 1), "pref": .notYet(taking: 1),
            "ttl-propagate": .notYet(taking: 1), "encap": .notYet(),
        ])
}

extension Word {
    /// The word as `ADDRESS[/LENGTH]`.
    func prefix() throws(Remark) -> NetworkPrefix {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = Word(text: parts.first.map(String.init) ?? "", position: position)
        let address = try host.ipAddress()
        guard parts.count == 2 else { return NetworkPrefix(address) }
        let limit = 8 * address.family.addressByteCount
        guard let length = Int(parts[1]), (0...limit).contains(length) else {
            throw .error("\(text.quoted): the prefix length must be 0 to \(limit)", at: position)
        }
        return NetworkPrefix(address, length: length)
    }
}

extension Arguments {
    /// The number of 32 bits that is next, decimal or with 0x.
    mutating func number32() throws(Remark) -> UInt32 {
        let word = try next("a number")
        return try word.number32(of: label)
    }

    /// The table that is next, by number or by one of the kernel's names.
    mutating func routeTable() throws(Remark) -> UInt32 {
        let word = try next("a table")
        switch word.text {
        case "main": return 254
        case "local": return 255
        case "default": return 253
        default:
            guard let number = UInt32(word.text), number > 0 else {
                throw .error(
                    "table \(word.text.quoted): must be main, local, default or a number from 1 on;"
                        + " names of /etc/iproute2/rt_tables are not read", at: word.position)
            }
            return number
        }
    }

    /// The scope that is next: how far an address or a route is valid.
    mutating func addressScope() throws(Remark) -> UInt8 {
        let word = try next("a scope")
        switch word.text {
        case "global", "universe": return 0
        case "site": return 200
        case "link": return 253
        case "host": return 254
        case "nowhere": return 255
        default:
            guard let number = UInt8(word.text) else {
                throw .error(
                    "scope \(word.text.quoted): must be global, site, link, host or 0 to 255",
                    at: word.position)
            }
            return number
        }
    }
}

extension Word {
    /// The word as a number of 32 bits, decimal or with 0x.
    func number32(of keyword: String) throws(Remark) -> UInt32 {
        let hexadecimal = text.hasPrefix("0x") ? UInt32(text.dropFirst(2), radix: 16) : nil
        guard let number = hexadecimal ?? UInt32(text) else {
            throw .error(
                "\(keyword) \(text.quoted): must be a number, 0 to 4294967295", at: position)
        }
        return number
    }
}

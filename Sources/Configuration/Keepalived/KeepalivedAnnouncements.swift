import VRRPCore

/// What a file says about gratuitous ARP; what it does not say comes from `global_defs`.
struct AnnouncementOverrides: Sendable {
    var count: Int?
    var repeatDelay: Duration?
    var refreshInterval: Duration?
    var refreshCount: Int?
    var contestCount: Int?
    var contestDelay: Duration?
    /// How often addresses on other interfaces are announced at least (`garp_extra_if`).
    var extraInterval: Duration?
    /// Whether each address is announced once, if nothing else is said (`vrrp_min_garp`).
    var isMinimal: Bool?

    /// The keywords, which `global_defs` prefixes with `vrrp_`.
    static func rules<Target>(
        prefix: String, _ field: Field<Target, AnnouncementOverrides>
    ) -> [String: Rule<Target>] {
        let day = Duration.seconds(86_400)
        // A burst is sent in one go, for up to 255 addresses: nothing else happens meanwhile.
        let burst = 1...100
        return [
            "\(prefix)garp_master_repeat": .line { target, arguments throws(Remark) in
                target[keyPath: field].count = try arguments.levelled(to: burst)
            },
            "\(prefix)garp_master_delay": .line { target, arguments throws(Remark) in
                target[keyPath: field].repeatDelay = try arguments.seconds(in: .zero...day)
            },
            "\(prefix)garp_lower_prio_repeat": .line { target, arguments throws(Remark) in
                target[keyPath: field].contestCount = try arguments.levelled(to: 0...100)
            },
            "\(prefix)garp_lower_prio_delay": .line { target, arguments throws(Remark) in
                target[keyPath: field].contestDelay = try arguments.seconds(in: .zero...day)
            },
            "\(prefix)garp_extra_if": .line { target, arguments throws(Remark) in
                // Without it, keepalived means links with a virtual MAC only; here all are meant.
                if arguments.upcoming?.text == "all" { arguments.skip(1) }
                target[keyPath: field].extraInterval = .seconds(
                    try arguments.integer(in: 0...86_400))
            },
            "\(prefix)garp_master_refresh": .line { target, arguments throws(Remark) in
                let word = arguments.upcoming
                let interval = try arguments.seconds(in: .zero...day)
                guard interval == .zero || interval >= .milliseconds(10) else {
                    throw .error(
                        "\(arguments.label) \(interval.inSeconds): must be 0 (never), or at least"
                            + " 0.01 seconds", at: word?.position ?? arguments.keyword.position)
                }
                target[keyPath: field].refreshInterval = interval
            },
            "\(prefix)garp_master_refresh_repeat": .line { target, arguments throws(Remark) in
                target[keyPath: field].refreshCount = try arguments.levelled(to: burst)
            },
        ]
    }

    /// keepalived's defaults, replaced by what `globals` says, replaced by what this says.
    func settings(over globals: AnnouncementOverrides) -> AnnouncementSettings {
        var settings = AnnouncementSettings()
        if globals.isMinimal == true {
            settings.count = 1
            settings.repeatDelay = .zero
            settings.refreshInterval = .zero
        }
        for overrides in [globals, self] {
            settings.count = overrides.count ?? settings.count
            settings.repeatDelay = overrides.repeatDelay ?? settings.repeatDelay
            settings.refreshInterval = overrides.refreshInterval ?? settings.refreshInterval
            settings.refreshCount = overrides.refreshCount ?? settings.refreshCount
            settings.contestCount = overrides.contestCount ?? settings.contestCount
            settings.contestDelay = overrides.contestDelay ?? settings.contestDelay
        }
        // A refresh announces all addresses, on whichever interface they are.
        if let extra = extraInterval ?? globals.extraInterval, extra > .zero {
            let refresh = settings.refreshInterval
            settings.refreshInterval = refresh > .zero ? min(refresh, extra) : extra
        }
        return settings
    }
}

extension Arguments {
    /// The number that is next, or the nearest that is allowed, with a warning.
    mutating func levelled(to range: ClosedRange<Int>) throws(Remark) -> Int {
        let word = upcoming
        let value = try integer(in: 0...Int(Int32.max))
        let levelled = min(max(value, range.lowerBound), range.upperBound)
        if levelled != value {
            warn(
                "\(label) \(value): must be \(range.inWords); \(levelled) is taken",
                at: word?.position)
        }
        return levelled
    }
}

/// What a section says of probes on idle connections: `option clitcpka`, `srvtcpka` and their words.
struct HAProxyProbes: Sendable {
    var isOn = false
    var wanted = KeepAliveSettings()
    /// Where the last of the words beside the option stands.
    var position: Position?

    /// What holds in the end.
    var settings: KeepAliveSettings? { isOn ? wanted : nil }

    /// Says so where nothing asks for the probes that are described.
    func warnIfIdle(_ option: String, _ remarks: inout [Remark]) {
        guard !isOn, let position else { return }
        remarks.append(
            .warning("it has no effect without 'option \(option)'", at: position))
    }
}

extension HAProxySection {
    private typealias Probes = Field<HAProxySection, HAProxyProbes>

    /// Keywords about the sockets of a section; haproxy's configuration manual, section 4.2.
    static let transportKeywords: [String: Rule<HAProxySection>] = [
        "backlog": .integer(\.settings.backlog, 1...Int(Int32.max)),
        "clitcpka-cnt": probeCount(\.settings.clientProbes),
        "clitcpka-idle": probeTime(\.settings.clientProbes, \.idle),
        "clitcpka-intvl": probeTime(\.settings.clientProbes, \.interval),
        "srvtcpka-cnt": probeCount(\.settings.serverProbes),
        "srvtcpka-idle": probeTime(\.settings.serverProbes, \.idle),
        "srvtcpka-intvl": probeTime(\.settings.serverProbes, \.interval),
    ]

    /// Options about the sockets of a section, and about their ends.
    static let transportOptions: [String: Rule<HAProxySection>] = [
        "tcpka": .line { section, arguments throws(Remark) in
            section.settings.clientProbes.isOn = !arguments.isNegated
            section.settings.serverProbes.isOn = !arguments.isNegated
        },
        "clitcpka": .line { section, arguments throws(Remark) in
            section.settings.clientProbes.isOn = !arguments.isNegated
        },
        "srvtcpka": .line { section, arguments throws(Remark) in
            section.settings.serverProbes.isOn = !arguments.isNegated
        },
        "tcp-smart-accept": .line { section, arguments throws(Remark) in
            section.settings.savesAcknowledgement = !arguments.isNegated
        },
        "tcp-smart-connect": .line { section, arguments throws(Remark) in
            section.settings.poolLimits.savesAcknowledgement = !arguments.isNegated
        },
        "nolinger": .line { section, arguments throws(Remark) in
            // haproxy 2.6 does nothing else about clients that could be heard.
            section.settings.poolLimits.resetsServers = !arguments.isNegated
        },
        "abortonclose": .line { section, arguments throws(Remark) in
            section.settings.poolLimits.dropsLeavers = !arguments.isNegated
        },
    ]

    private static func probeCount(_ probes: Probes) -> Rule<HAProxySection> {
        .line { section, arguments throws(Remark) in
            section[keyPath: probes].position = arguments.keyword.position
            section[keyPath: probes].wanted.count = try arguments.integer(in: 1...127)
        }
    }

    /// The kernel's bounds; haproxy counts in seconds here.
    private static func probeTime(
        _ probes: Probes, _ field: Field<KeepAliveSettings, Duration?>
    ) -> Rule<HAProxySection> {
        .line { section, arguments throws(Remark) in
            section[keyPath: probes].position = arguments.keyword.position
            let word = arguments.upcoming
            let time = try arguments.time(unit: "s")
            guard time >= .seconds(1), time <= .seconds(32_767) else {
                throw .error(
                    "\(arguments.label) \(word?.text ?? ""): must be 1s to 32767s",
                    at: word?.position ?? arguments.keyword.position)
            }
            section[keyPath: probes].wanted[keyPath: field] = time
        }
    }
}

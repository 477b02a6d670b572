import TLSOptions
import VRRPCore

/// What the words after a server's address say about its health, beside `check` and its intervals.
struct HAProxyServerHealth: Sendable {
    var settings = ServerHealthSettings()
    var usesTLS = false
    /// `no-check-ssl`: not even where another word asks for it.
    var refusesTLS = false
    /// `no-check-send-proxy`: not even where the server has `send-proxy`.
    var refusesHeader = false
    var verifiedName: String?
    /// `verify`; `nil`: as `ssl-server-verify` has it.
    var isVerified: Bool?
    var asksAgent = false
    var agentPort: UInt16?
    var agent = AgentSettings(port: 1)
    var tracked: Word?

    /// haproxy's configuration manual, section 5.2.
    static let rules: [String: Rule<HAProxyServerOptions>] = connection.merging(decisions) {
        own, _ in own
    }

    private static let connection: [String: Rule<HAProxyServerOptions>] = [
        "check-ssl": .line { options, _ throws(Remark) in
            options.health.usesTLS = true
            options.health.refusesTLS = false
        },
        "no-check-ssl": .line { options, _ throws(Remark) in
            options.health.usesTLS = false
            options.health.refusesTLS = true
        },
        "check-sni": .line { options, arguments throws(Remark) in
            options.check.tls.serverName = try arguments.serverName()
        },
        "check-alpn": .line { options, arguments throws(Remark) in
            options.check.tls.applicationProtocols = try arguments.applicationProtocols()
        },
        "verifyhost": .line { options, arguments throws(Remark) in
            options.health.verifiedName = try arguments.serverName()
        },
        "no-verifyhost": .set(\.health.verifiedName, to: nil),
        "verify": .line { options, arguments throws(Remark) in
            let choices = ["none": false, "required": true]
            options.health.isVerified = try arguments.choice(of: choices)
        },
        "ca-file": .line { options, arguments throws(Remark) in
            var path = try arguments.next("a path, or @system-ca")
            guard path.text != "@system-ca" else {
                options.check.tls.authoritiesPath = nil
                return
            }
            path = path.below(options.authoritiesFolder)
            options.authorities = try path.authorities()
            options.check.tls.authoritiesPath = path.text
        },
        "check-certificate-days": .line { options, arguments throws(Remark) in
            options.check.tls.minimumDaysLeft = try arguments.integer(in: 1...3650)
        },
        "check-send-proxy": .line { options, _ throws(Remark) in
            options.check.sendsProxyHeader = true
            options.health.refusesHeader = false
        },
        "no-check-send-proxy": .line { options, _ throws(Remark) in
            options.check.sendsProxyHeader = false
            options.health.refusesHeader = true
        },
        "init-state": .line { options, arguments throws(Remark) in
            options.check.initialState = try arguments.choice(of: [
                "waiting": InitialServerState.waiting, "none": .up, "up": .up,
                "fully-up": .fullyUp, "down": .down, "fully-down": .fullyDown,
            ])
        },
    ]

    private static let decisions: [String: Rule<HAProxyServerOptions>] = [
        "agent-check": .set(\.health.asksAgent, to: true),
        "no-agent-check": .set(\.health.asksAgent, to: false),
        "agent-port": .line { options, arguments throws(Remark) in
            options.health.agentPort = UInt16(try arguments.integer(in: 1...65_535))
        },
        "agent-addr": .line { options, arguments throws(Remark) in
            options.health.agent.address = try arguments.anyAddress()
        },
        "agent-inter": .line { options, arguments throws(Remark) in
            options.health.agent.interval = try arguments.time(isZeroAllowed: false)
        },
        "agent-send": .line { options, arguments throws(Remark) in
            options.health.agent.request = try arguments.next("a text").text
        },
        "track": .line { options, arguments throws(Remark) in
            options.health.tracked = try arguments.next("[BACKEND/]SERVER")
        },
        "observe": .line { options, arguments throws(Remark) in
            let word = try arguments.next("layer4")
            guard word.text != "layer7" else {
                throw .error(
                    "'observe layer7' needs HTTP, which lbctl does not read; write 'observe layer4'",
                    at: word.position)
            }
            guard word.text == "layer4" else {
                throw .error("observe \(word.text.quoted): must be layer4", at: word.position)
            }
            options.health.settings.observesTraffic = true
        },
        "error-limit": .integer(\.health.settings.errorLimit, .atLeast(1)),
        "on-error": .line { options, arguments throws(Remark) in
            let reactions = ServerHealthSettings.ErrorReaction.allCases.map { ($0.rawValue, $0) }
            options.health.settings.errorReaction = try arguments.choice(
                of: Dictionary(uniqueKeysWithValues: reactions))
        },
        "on-marked-down": .line { options, arguments throws(Remark) in
            options.health.settings.endsSessionsWhenDown = try arguments.choice(of: [
                "shutdown-sessions": true
            ])
        },
        "on-marked-up": .line { options, arguments throws(Remark) in
            options.health.settings.endsBackupSessionsWhenUp = try arguments.choice(of: [
                "shutdown-backup-sessions": true
            ])
        },
    ]
}

extension HAProxyServerOptions {
    /// How the server is checked, with what other words of the line mean for it.
    var finishedCheck: CheckSettings? {
        guard isChecked else { return nil }
        var check = check
        // As haproxy: a check that goes elsewhere does not speak the server's own TLS, nor send its PROXY
        // header, which a server that wants them would miss in a check.
        let isElsewhere = check.port != nil || check.address != nil
        let wantsTLS = tls.isUsed && !isElsewhere || check.tls.minimumDaysLeft != nil
        check.usesTLS = health.usesTLS || !health.refusesTLS && wantsTLS
        if !isElsewhere, !health.refusesHeader, connection.header != .none {
            check.sendsProxyHeader = true
        }
        if check.tls.applicationProtocols.isEmpty {
            check.tls.applicationProtocols =
                tls.settings.parameters.applicationProtocols ?? []
        }
        check.tls.certificatePath = tls.settings.certificatePath
        // As haproxy: `sni` is for connections of clients, and `check-sni` for checks.
        let name = check.tls.serverName ?? health.verifiedName
        check.tls.serverName = name
        check.tls.verification =
            health.isVerified == false ? .none : name == nil ? .certificate : .certificateAndName
        return check
    }

    /// What else decides about the server's health.
    ///
    /// - Throws: A remark at the server's name where two words contradict each other.
    func finishedHealth(
        of server: Word, in section: Word
    ) throws(Remark) -> ServerHealthSettings {
        var settings = health.settings
        if health.asksAgent {
            guard let port = health.agentPort else {
                throw .error(
                    "server \(server.text.quoted): 'agent-check' needs 'agent-port N'",
                    at: server.position)
            }
            settings.agent = health.agent
            settings.agent?.port = port
        }
        if let tracked = health.tracked {
            guard !isChecked else {
                throw .error(
                    "a server that tracks another is not checked itself; leave out 'check' or"
                        + " 'track'", at: tracked.position)
            }
            let parts = tracked.text.split(
                separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.allSatisfy({ !$0.isEmpty }), let last = parts.last else {
                throw .error(
                    "track \(tracked.text.quoted): must be SERVER or BACKEND/SERVER",
                    at: tracked.position)
            }
            settings.tracked = ServerReference(
                backend: parts.count == 2 ? String(parts[0]) : section.text, server: String(last))
        }
        guard isChecked || !settings.observesTraffic else {
            throw .error(
                "server \(server.text.quoted): 'observe' needs 'check', which brings the server"
                    + " back", at: server.position)
        }
        return settings
    }
}

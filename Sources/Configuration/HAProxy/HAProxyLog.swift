import VRRPCore

extension HAProxySection {
    /// Options about the log of connections; haproxy's configuration manual, section 4.2.
    static let logOptions: [String: Rule<HAProxySection>] = [
        "tcplog": .line { section, arguments throws(Remark) in
            if let word = arguments.nextIfPresent(), !arguments.isNegated {
                guard word.text == "clf" else {
                    throw .error(
                        "'option tcplog' takes 'clf' or nothing, not \(word.text.quoted)",
                        at: word.position)
                }
                section.settings.log.format = try commonLogFormat(word)
                section.settings.log.form = .written
                return
            }
            section.settings.log.form = arguments.isNegated ? .accepting : .tcplog
        },
        // As in haproxy's TCP mode.
        "httplog": .line { section, arguments throws(Remark) in
            _ = arguments.nextIfPresent()
            section.settings.log.form = arguments.isNegated ? .accepting : .tcplog
            if !arguments.isNegated {
                arguments.warn("'option httplog' is 'option tcplog' here: no HTTP is read")
            }
        },
        // An addition to haproxy's language.
        "jsonlog": .line { section, arguments throws(Remark) in
            section.settings.log.form = arguments.isNegated ? .accepting : .json
        },
        "dontlog-normal": .line { section, arguments throws(Remark) in
            section.settings.log.omitsNormal = !arguments.isNegated
        },
        "logasap": .line { section, arguments throws(Remark) in
            section.settings.log.isEarly = !arguments.isNegated
        },
        "log-separate-errors": .line { section, arguments throws(Remark) in
            section.settings.log.separatesErrors = !arguments.isNegated
        },
    ]

    /// `log-tag`.
    static let logTag = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        section.settings.log.tag = try arguments.logName("a word such as lb1", upTo: 48)
    }

    /// `log global`, `log ADDRESS …`, and `no log`.
    static let log = Rule<HAProxySection>.each { section, arguments throws(Remark) in
        guard !arguments.isNegated else {
            section.settings.log.targets = []
            section.settings.log.usesGlobalTargets = false
            section.settings.logsToSyslog = false
            return
        }
        if arguments.upcoming?.text == "global" {
            if section.kind == .backend { arguments.warn(idleLog) }
            arguments.skip(1)
            section.settings.log.usesGlobalTargets = true
            return
        }
        guard let target = try arguments.logTarget() else { return }
        section.settings.log.targets.append(target)
        if target.isThisHostsSyslog {
            section.settings.logsToSyslog = true
        } else if section.kind == .backend {
            arguments.warn(idleLog)
        }
    }

    private static let idleLog =
        "'log' has no effect in a backend section: the frontend says where lines of connections go"
}

extension Arguments {
    /// A word of a line's head: printable characters of ASCII, as RFC 5424 wants them.
    mutating func logName(_ what: String, upTo count: Int) throws(Remark) -> String {
        let word = try next(what)
        guard (1...count).contains(word.text.utf8.count),
            word.text.utf8.allSatisfy({ (33...126).contains($0) })
        else {
            throw .error(
                "\(label) \(word.text.quoted): must be 1 to \(count) printable characters of ASCII"
                    + " without spaces", at: word.position)
        }
        return word.text
    }
}

extension HAProxyGlobal {
    /// `log ADDRESS …` in the `global` section.
    static let log = Rule<Draft>.each { draft, arguments throws(Remark) in
        guard let target = try arguments.logTarget() else { return }
        draft.global.logTargets.append(target)
        if target.isThisHostsSyslog { draft.global.logsToSyslog = true }
    }
}

extension LogTarget {
    /// Whether the program's own lines go there, too.
    fileprivate var isThisHostsSyslog: Bool { destination == .socket(path: "/dev/log") }
}

extension Arguments {
    /// `ADDRESS [len N] [format F] [FACILITY [LEVEL [MINLEVEL]]]`.
    ///
    /// haproxy's configuration manual, `log`.
    ///
    /// - Returns: The target; `nil` where a warning says why there is none.
    fileprivate mutating func logTarget() throws(Remark) -> LogTarget? {
        let word = try next("an address, or global")
        let destination = try logDestination(word)
        let isStandard = destination == .standardOutput || destination == .standardError
        var target = LogTarget(
            destination: destination ?? .standardError, format: isStandard ? .raw : .rfc3164,
            facility: Arguments.daemon)
        while let option = upcoming, ["len", "format", "sample", "profile"].contains(option.text) {
            skip(1)
            switch option.text {
            case "len": target.length = try integer(in: 80...65_535)
            case "format":
                let name = try next("a format")
                guard let format = LogTarget.Format(rawValue: name.text) else {
                    throw .error(
                        "unknown log format \(name.text.quoted)", at: name.position,
                        suggestion: LogTarget.Format.allCases.map(\.rawValue)
                            .nearest(to: name.text))
                }
                target.format = format
            default:
                _ = try next("a value")
                warn(
                    "\(option.text.quoted) of 'log' is known but not implemented yet",
                    at: option.position)
            }
        }
        if let facility = nextIfPresent() {
            target.facility = try facility.index(in: Arguments.facilities, "facility")
        }
        if let level = nextIfPresent() {
            target.leastSeverity = try level.index(in: Arguments.severities, "level")
        }
        if let level = nextIfPresent() {
            target.mostSeverity = try level.index(in: Arguments.severities, "level")
        }
        return destination == nil ? nil : target
    }

    private mutating func logDestination(
        _ word: Word
    ) throws(Remark) -> LogTarget.Destination? {
        switch word.text {
        case "stdout", "fd@1": return .standardOutput
        case "stderr", "fd@2": return .standardError
        case _ where word.text.hasPrefix("/"): return .socket(path: word.text)
        case _ where word.text.hasPrefix("unix@/"):
            return .socket(path: String(word.text.dropFirst("unix@".count)))
        default: break
        }
        if let endpoint = try logEndpoint(word) { return .datagrams(endpoint) }
        warn(
            "'log \(word.text)' is known but not implemented yet: only an IP address, a socket's"
                + " path, stdout and stderr can take lines; none go there", at: word.position)
        return nil
    }

    /// `ADDRESS[:PORT]`, an address of IPv6 with a port in brackets; `nil`: not meant as an address.
    private func logEndpoint(_ word: Word) throws(Remark) -> Endpoint? {
        var text = Substring(word.text)
        for prefix in ["udp@", "ipv4@", "ipv6@", "udp4@", "udp6@"] where text.hasPrefix(prefix) {
            text = text.dropFirst(prefix.count)
        }
        var port = Substring("514")
        var host = text
        if IPAddress(String(text)) == nil, !text.hasSuffix("]"),
            let colon = text.lastIndex(of: ":")
        {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let name = String(host)
        guard !name.contains("@"), !name.looksLikeName else { return nil }
        let address = try word.ipAddress(name, nil, of: "log address")
        guard let number = UInt16(port), number > 0 else {
            throw .error(
                "log \(word.text.quoted): the port must be 1 to 65535", at: word.position)
        }
        return .internet(address: address, port: number)
    }

    /// syslog's facilities in the order of their numbers; RFC 5424 §6.2.1, haproxy's words.
    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2",
        "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4",
        "local5", "local6", "local7",
    ]

    private static let daemon = 3
    fileprivate static let severities = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ]
}

extension Word {
    /// One of syslog's levels, by its number.
    func severity(_ noun: String) throws(Remark) -> Int {
        guard let level = Arguments.severities.firstIndex(of: text) else {
            throw .error(
                "unknown \(noun) \(text.quoted); there are silent,"
                    + " \(Arguments.severities.joined(separator: ", "))", at: position)
        }
        return level
    }

    fileprivate func index(in words: [String], _ noun: String) throws(Remark) -> Int {
        guard let index = words.firstIndex(of: text) else {
            throw .error(
                "unknown \(noun) \(text.quoted) of 'log'", at: position,
                suggestion: words.nearest(to: text))
        }
        return index
    }
}

/// The options of a section that say what a check asks; with additions to haproxy's language.
enum HAProxyCheckOptions {
    /// haproxy's configuration manual, section 4.2, `option …-check`.
    static let rules: [String: Rule<HAProxySection>] = [
        "httpchk": option { checks, arguments throws(Remark) in
            checks.request = try HAProxyHTTPCheck.request(&arguments)
            return .http
        },
        "tcp-check": option { _, _ throws(Remark) in .script },
        "ssl-hello-chk": option { _, _ throws(Remark) in .whole(.sslHello) },
        "redis-check": option { _, arguments throws(Remark) in
            .whole(.redis(try login(of: "redis-check", "user", &arguments)))
        },
        "pgsql-check": option { _, arguments throws(Remark) in
            let settings = try login(of: "pgsql-check", "user database", &arguments)
            guard settings.user != nil else {
                throw .error("'option pgsql-check' needs 'user NAME'", at: arguments.position)
            }
            return .whole(.postgreSQL(settings))
        },
        "mysql-check": option { _, arguments throws(Remark) in
            .whole(.mySQL(try login(of: "mysql-check", "user database version", &arguments)))
        },
        "smtpchk": option { _, arguments throws(Remark) in try mail(&arguments) },
        "ldap-check": option { _, arguments throws(Remark) in
            let settings = try login(of: "ldap-check", "name", &arguments)
            guard (settings.user == nil) == (settings.password == nil) else {
                throw .error(
                    "'option ldap-check' needs both 'name DN' and a password, or neither",
                    at: arguments.position)
            }
            return .whole(
                .ldap(name: settings.user ?? "", password: settings.password ?? ""))
        },
        "external-check": option { _, arguments throws(Remark) in .command(arguments.position) },
        "dns-check": option { _, arguments throws(Remark) in try domainName(&arguments) },
        "udp-check": option { _, arguments throws(Remark) in try datagram(&arguments) },
        "icmp-check": option { _, arguments throws(Remark) in
            guard let word = arguments.nextIfPresent() else {
                return .whole(.icmp(payloadLength: 16))
            }
            guard word.text == "size" else {
                throw .error("\(word.text.quoted): must be 'size N'", at: word.position)
            }
            return .whole(.icmp(payloadLength: try arguments.integer(in: 16...1400)))
        },
        "file-check": option { _, arguments throws(Remark) in try file(&arguments) },
    ]

    private typealias Reading =
        @Sendable (inout HAProxyChecks, inout Arguments) throws(Remark) -> HAProxyChecks.Kind

    /// One of several that exclude each other; `no option` leaves a check that connects.
    private static func option(_ read: @escaping Reading) -> Rule<HAProxySection> {
        .line { section, arguments throws(Remark) in
            guard !arguments.isNegated else {
                _ = arguments.remaining()
                section.settings.checks.forgetOptions()
                section.settings.checks.kind = .connection
                return
            }
            let option = Word(text: arguments.label, position: arguments.keyword.position)
            section.settings.checks.note(option)
            section.settings.checks.kind = try read(&section.settings.checks, &arguments)
        }
    }

    /// `user U password P database D expect primary`, as far as the protocol has them.
    private static func login(
        of option: String, _ words: String, _ arguments: inout Arguments
    ) throws(Remark) -> DatabaseCheckSettings {
        let position = arguments.position
        let allowed = words.split(separator: " ").map(String.init)
        var settings = DatabaseCheckSettings()
        var version: Word?
        while let word = arguments.nextIfPresent() {
            switch word.text {
            case "user", "name":
                guard allowed.contains(word.text) else { throw unknown(word, of: option, allowed) }
                settings.user = try arguments.next("a name").text
            case "password": settings.password = try arguments.password(fromFile: false)
            case "password-file": settings.password = try arguments.password(fromFile: true)
            case "database" where allowed.contains("database"):
                settings.database = try arguments.next("a name").text
            case "expect" where option != "ldap-check":
                let roles = DatabaseCheckSettings.Role.allCases.map { ($0.rawValue, $0) }
                settings.role = try arguments.choice(of: Dictionary(uniqueKeysWithValues: roles))
            case "pre-41", "post-41", "post-80":
                guard allowed.contains("version") else { throw unknown(word, of: option, allowed) }
                version = word
            default: throw unknown(word, of: option, allowed)
            }
        }
        if version?.text == "pre-41" {
            arguments.warn(
                "servers before MySQL 4.1 are not known; the newer protocol is spoken",
                at: version?.position)
        }
        if settings.user != nil || option == "redis-check" { return settings }
        guard settings.password == nil, settings.role == nil, settings.database == nil else {
            throw .error("'option \(option)' needs 'user NAME' to log in", at: position)
        }
        return settings
    }

    private static func unknown(_ word: Word, of option: String, _ allowed: [String]) -> Remark {
        .error(
            "unknown word \(word.text.quoted) of 'option \(option)'", at: word.position,
            suggestion: (allowed + ["password", "password-file", "expect"])
                .nearest(to: word.text))
    }

    private static func mail(_ arguments: inout Arguments) throws(Remark) -> HAProxyChecks.Kind {
        guard let hello = arguments.nextIfPresent() else {
            return .whole(.smtp(command: "HELO", domain: "localhost"))
        }
        guard ["HELO", "EHLO"].contains(hello.text) else {
            throw .error("smtpchk \(hello.text.quoted): must be HELO or EHLO", at: hello.position)
        }
        return .whole(
            .smtp(command: hello.text, domain: try arguments.next("the name to say").text))
    }

    private static func domainName(
        _ arguments: inout Arguments
    ) throws(Remark) -> HAProxyChecks.Kind {
        let name = try arguments.next("the name to ask for")
        let labels = name.text.split(separator: ".", omittingEmptySubsequences: false)
            .dropLast(name.text.hasSuffix(".") ? 1 : 0)
        guard name.text == "." || labels.allSatisfy({ (1...63).contains($0.utf8.count) }),
            !name.text.isEmpty, name.text.utf8.count < 254
        else {
            throw .error(
                "dns-check \(name.text.quoted): must be a domain name, such as www.example.org",
                at: name.position)
        }
        guard let word = arguments.nextIfPresent() else {
            return .whole(.dns(name: name.text, type: "SOA"))
        }
        guard word.text == "type" else {
            throw .error("\(word.text.quoted): must be 'type TYPE'", at: word.position)
        }
        let types = ["A", "AAAA", "CNAME", "MX", "NS", "SOA", "TXT"]
        let type = try arguments.choice(of: Dictionary(uniqueKeysWithValues: zip(types, types)))
        return .whole(.dns(name: name.text, type: type))
    }

    private static func datagram(
        _ arguments: inout Arguments
    ) throws(Remark) -> HAProxyChecks.Kind {
        var payload: [UInt8] = []
        var reply = UDPCheckReply.any
        while arguments.upcoming != nil {
            let word = try arguments.nextSubkeyword("a word")
            switch word.text {
            case "send": payload = Array(try arguments.literal("a text").utf8)
            case "send-binary": payload = try arguments.hexBytes()
            case "expect":
                let kind = try arguments.next("none, any, string or binary")
                switch kind.text {
                case "none": reply = .none
                case "any": reply = .any
                case "string": reply = .bytes(Array(try arguments.literal("a text").utf8))
                case "binary": reply = .bytes(try arguments.hexBytes())
                default:
                    throw .error(
                        "expect \(kind.text.quoted): must be none, any, string or binary",
                        at: kind.position)
                }
            default:
                throw .error(
                    "unknown word \(word.text.quoted) of 'option udp-check'", at: word.position,
                    suggestion: ["send", "send-binary", "expect"].nearest(to: word.text))
            }
        }
        guard payload.count <= 1_400 else {
            throw .error("udp-check: at most 1400 bytes can be sent", at: arguments.position)
        }
        return .whole(.udp(payload: payload, reply: reply))
    }

    private static func file(_ arguments: inout Arguments) throws(Remark) -> HAProxyChecks.Kind {
        let path = try arguments.next("a path")
        guard path.text.hasPrefix("/") else {
            throw .error(
                "file-check \(path.text.quoted): must be an absolute path", at: path.position)
        }
        guard let word = arguments.nextIfPresent() else {
            return .whole(.file(path: path.text, .exists))
        }
        switch word.text {
        case "contains":
            return .whole(
                .file(path: path.text, .contains(try arguments.literal("a text"))))
        case "weight": return .whole(.file(path: path.text, .weight))
        default:
            throw .error(
                "\(word.text.quoted): must be 'contains TEXT' or 'weight'", at: word.position)
        }
    }
}

extension Arguments {
    /// Where the keyword stands.
    var position: Position { keyword.position }
}

/// The options of a server that say how connections to it are made, and `source`.
extension HAProxyServerOptions {
    /// haproxy's configuration manual, section 5.2.
    static let connectionRules: [String: Rule<HAProxyServerOptions>] = [
        "send-proxy": .set(\.connection.header, to: .versionOne),
        "no-send-proxy": .line { options, _ throws(Remark) in
            if options.connection.header == .versionOne { options.connection.header = .none }
        },
        "send-proxy-v2": .set(\.connection.header, to: .versionTwo),
        "no-send-proxy-v2": .line { options, _ throws(Remark) in
            if options.connection.header == .versionTwo { options.connection.header = .none }
        },
        "send-proxy-v2-ssl": .line { options, _ throws(Remark) in
            options.connection.header = .versionTwo
            options.tellSecurity { _ in }
        },
        "send-proxy-v2-ssl-cn": .line { options, _ throws(Remark) in
            options.connection.header = .versionTwo
            options.tellSecurity { $0.hasCommonName = true }
        },
        "proxy-v2-options": .line { options, arguments throws(Remark) in
            try options.readHeaderOptions(&arguments)
        },
        "source": .line { options, arguments throws(Remark) in
            options.source = try arguments.connectionSource()
        },
        "interface": .line { options, arguments throws(Remark) in
            options.interface = try arguments.interfaceName()
        },
        "tcp-ut": .line { options, arguments throws(Remark) in
            options.connection.userTimeout = try arguments.time(isZeroAllowed: false)
        },
        "cc": .line { options, arguments throws(Remark) in
            options.connection.congestionControl = try arguments.congestionControl()
        },
        "tfo": .notYet(
            taking: 0, "the first bytes follow the handshake: a failed one could not be retried"),
    ]

    private mutating func tellSecurity(_ adjust: (inout HeaderSecurity) -> Void) {
        var security = connection.headerSecurity ?? HeaderSecurity()
        adjust(&security)
        connection.headerSecurity = security
    }

    private mutating func readHeaderOptions(_ arguments: inout Arguments) throws(Remark) {
        let word = try arguments.next("options such as crc32c,unique-id")
        for option in word.split(at: ",") {
            switch option.text {
            case "crc32c": connection.headerHasChecksum = true
            case "authority": connection.headerHasAuthority = true
            case "unique-id": connection.headerHasIdentifier = true
            case "ssl": tellSecurity { _ in }
            case "cert-cn": tellSecurity { $0.hasCommonName = true }
            case "ssl-cipher": tellSecurity { $0.hasCipher = true }
            case "cert-sig", "cert-key":
                arguments.warn(
                    "'proxy-v2-options \(option.text)' is known but not implemented yet; it is ignored",
                    at: option.position)
            default:
                throw .error(
                    "unknown PROXY header option \(option.text.quoted)", at: option.position,
                    suggestion: [
                        "authority", "cert-cn", "crc32c", "ssl", "ssl-cipher", "unique-id",
                    ].nearest(to: option.text))
            }
        }
    }

    /// What connections are made like, as far as the server's own words say.
    var finishedConnection: ServerConnection {
        var connection = connection
        connection.source = source ?? ConnectionSource()
        if let interface { connection.source.interface = interface }
        return connection
    }
}

extension Arguments {
    /// What follows `source`: an address, `usesrc` and `interface`.
    mutating func connectionSource() throws(Remark) -> ConnectionSource {
        var source = ConnectionSource()
        let address = try next("an address")
        (source.address, source.ports) = try address.sourceAddress()
        while let word = upcoming, word.text == "usesrc" || word.text == "interface" {
            skip(1)
            guard word.text == "usesrc" else {
                source.interface = try interfaceName()
                continue
            }
            let who = try next("client or clientip")
            switch who.text {
            case "client": source.transparency = .client
            case "clientip": source.transparency = .clientAddress
            default:
                throw .error(
                    "usesrc \(who.text.quoted): must be client or clientip", at: who.position)
            }
        }
        guard source.transparency == .none || source.ports == nil else {
            throw .error(
                "\(address.text.quoted): beside 'usesrc' the client says what the port is",
                at: address.position)
        }
        return source
    }
}

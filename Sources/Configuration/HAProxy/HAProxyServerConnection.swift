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
        "set-proxy-v2-tlv-fmt": Rule(form: .either, isRepeatable: true) {
            options, arguments throws(Remark) in
            try options.readHeaderExtension(&arguments)
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

    /// Reads `set-proxy-v2-tlv-fmt(TYPE) TEXT`, whose text may be a sample; haproxy 3.0's manual, section 5.2.
    private mutating func readHeaderExtension(_ arguments: inout Arguments) throws(Remark) {
        let keyword = arguments.keyword
        let number = keyword.text.dropFirst("set-proxy-v2-tlv-fmt(".count)
        guard number.hasSuffix(")"), let type = HeaderTextNames.number(number.dropLast()) else {
            throw .error(
                "\(keyword.text.quoted): needs the type of an extension, 0 to 255, as in"
                    + " set-proxy-v2-tlv-fmt(0xEA)", at: keyword.position)
        }
        let word = try arguments.next("a text, or a sample such as %[fc_pp_tlv(0xEA)]")
        guard connection.headerExtensions.count < HeaderExtension.most else {
            throw .error(
                "\(keyword.text.quoted): a header has \(HeaderExtension.most) of these at most",
                at: keyword.position)
        }
        connection.headerExtensions.append(
            HeaderExtension(type: type, value: try word.headerValue(after: keyword.text)))
    }

    /// The variables that servers are told the values of, or are asked for by name.
    var toldVariables: [VariableName] {
        let name = tls.isUsed ? tls.settings.serverNameSource : nil
        return (connection.headerExtensions.map(\.value) + [name].compactMap(\.self))
            .compactMap(\.variableName)
    }

    /// Says that there is no header that the extensions could stand in.
    func warnOfMissingHeader(_ arguments: inout Arguments) {
        guard !connection.headerExtensions.isEmpty, connection.header != .versionTwo else { return }
        arguments.warn("'set-proxy-v2-tlv-fmt' has no effect without 'send-proxy-v2'")
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

extension Word {
    /// What an extension says: a text, or `%[SAMPLE]`.
    fileprivate func headerValue(after label: String) throws(Remark) -> VariableExpression {
        guard text.contains("%") else {
            guard text.utf8.count <= VariableExpression.longestText else {
                throw .error(
                    "\(label): a text has \(VariableExpression.longestText) bytes at most",
                    at: position)
            }
            return .text(text)
        }
        guard text.hasPrefix("%["), text.hasSuffix("]"), !text.dropFirst(2).contains("%") else {
            throw .error(
                "\(label) \(text.quoted): must be a text without a percent sign, or one sample, such as"
                    + " %[fc_pp_tlv(0xEA)]", at: position)
        }
        let sample = Word(text: String(text.dropFirst(2).dropLast()), position: position)
        let value = try sample.sampleExpression(after: label)
        guard value.key?.needsContent != true else {
            throw .error(
                "\(label) \(text.quoted): what a client says first may not have come by then; set a"
                    + " variable by 'tcp-request content set-var', and write %[var(NAME)]",
                at: position)
        }
        return value
    }
}

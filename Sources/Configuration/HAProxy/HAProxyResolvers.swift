import VRRPCore

/// A section `resolvers`.
struct HAProxyResolvers: Sendable {
    let name: Word
    var section: ResolverSection

    init(_ name: Word) {
        self.name = name
        section = ResolverSection(name: name.text)
    }

    /// haproxy's configuration manual, section 5.3.
    static let table = KeywordTable<HAProxyResolvers>(
        "keyword", scope: "in a resolvers section",
        [
            "nameserver": .each { resolvers, arguments throws(Remark) in
                let name = try arguments.next("a name and ADDRESS:PORT")
                guard !resolvers.section.servers.contains(where: { $0.name == name.text }) else {
                    throw .error(
                        "nameserver \(name.text.quoted) is already there", at: name.position)
                }
                let server = try arguments.next("ADDRESS:PORT after the name")
                resolvers.section.servers.append(try server.nameServer(name.text))
            },
            "parse-resolv-conf": .line { resolvers, _ throws(Remark) in
                resolvers.section.servers += ResolverSection.ofHost(name: "").servers
            },
            "resolve_retries": .integer(\.section.attempts, 1...1000),
            "timeout": .each { resolvers, arguments throws(Remark) in
                let kind = try arguments.nextSubkeyword("resolve or retry")
                let time = try arguments.time(isZeroAllowed: false)
                switch kind.text {
                case "resolve": resolvers.section.failureInterval = time
                case "retry": resolvers.section.retryInterval = time
                default:
                    throw .error(
                        "timeout \(kind.text.quoted): must be resolve or retry",
                        at: kind.position)
                }
            },
            "hold": .each { resolvers, arguments throws(Remark) in
                let kind = try arguments.nextSubkeyword("valid, nx or another status")
                guard let field = holds[kind.text] else {
                    throw .error(
                        "hold \(kind.text.quoted): must be "
                            + holds.keys.sorted().joined(separator: ", "), at: kind.position,
                        suggestion: holds.keys.nearest(to: kind.text))
                }
                resolvers.section.holds[keyPath: field] = try arguments.time()
            },
            "accepted_payload_size": .integer(\.section.payloadSize, 512...65_535),
        ])

    private static let holds: [String: Field<ResolverSection.Holds, Duration>] = [
        "valid": \.valid, "obsolete": \.obsolete, "nx": \.nx, "timeout": \.timeout,
        "refused": \.refused, "other": \.other,
    ]

    /// Adds the section to the draft.
    func finish(file: String, into draft: inout Draft, _ remarks: inout [Remark]) {
        let location = Location(file: file, position: name.position)
        draft.resolvers.append(Placed(value: section, location: location))
        guard section.servers.isEmpty else { return }
        remarks.append(
            .error(
                "resolvers \(name.text.quoted) asks nobody; add 'nameserver NAME ADDRESS:PORT'",
                at: name.position))
    }
}

extension ResolverSection {
    /// The name servers that this host uses itself.
    ///
    /// resolv.conf(5).
    static func ofHost(name: String) -> ResolverSection {
        var section = ResolverSection(name: name)
        guard let file = try? InputFile(reading: "/etc/resolv.conf", waits: false) else {
            return section
        }
        for line in String(decoding: file.bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count > 1, words[0] == "nameserver",
                let address = IPAddress(String(words[1]))
            else { continue }
            section.servers.append(Server(name: String(words[1]), address: address))
        }
        return section
    }
}

extension Word {
    /// The word as `[tcp@|udp@]ADDRESS:PORT` of a name server.
    fileprivate func nameServer(_ name: String) throws(Remark) -> ResolverSection.Server {
        let prefixes = ["tcp@", "udp@", "dgram@", "stream@"]
        let prefix = prefixes.first { text.hasPrefix($0) } ?? ""
        let plain = Word(text: String(text.dropFirst(prefix.count)), position: position)
        let (address, port) = try plain.serverAddress()
        guard let address = address.internet else {
            throw .error(
                "nameserver \(text.quoted): must be an IP address and a port", at: position)
        }
        var server = ResolverSection.Server(name: name, address: address, port: port)
        server.usesTCP = prefix == "tcp@" || prefix == "stream@"
        return server
    }
}

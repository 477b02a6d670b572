import TLSOptions

/// What words say of the versions of TLS that may be spoken.
struct HAProxyTLSVersions: Hashable, Sendable, Codable {
    /// `ssl-min-ver`.
    var minimum: TLSVersion?
    /// `ssl-max-ver`.
    var maximum: TLSVersion?
    /// `no-tlsv10` to `no-tlsv13`.
    var excluded: Set<TLSVersion> = []

    /// These words, and those of `defaults` for what they do not say.
    ///
    /// As haproxy, a line's own bounds take the place of what all lines are not to speak.
    func completed(by defaults: HAProxyTLSVersions) -> HAProxyTLSVersions {
        var versions = self
        if minimum == nil, maximum == nil { versions.excluded.formUnion(defaults.excluded) }
        versions.minimum = minimum ?? defaults.minimum
        versions.maximum = maximum ?? defaults.maximum
        return versions
    }

    /// The bounds that all words together come to.
    ///
    /// haproxy passes over `no-tlsv10` and its like beside `ssl-min-ver` or `ssl-max-ver`; here what is
    /// excluded is not spoken. It also speaks what is in a gap, with a warning, which is refused here.
    ///
    /// - Parameters:
    ///   - what: Whose words they are, for the complaint.
    ///   - position: Where it stands.
    /// - Returns: The bounds; `nil` where the words leave it to the library.
    /// - Throws: A remark, where no version is left, or no range of them.
    func bounds(
        of what: String, at position: Position
    ) throws(Remark) -> (minimum: TLSVersion?, maximum: TLSVersion?) {
        let all = TLSVersion.allCases
        let (lowest, highest) = (minimum?.place ?? 0, maximum?.place ?? all.count - 1)
        guard lowest <= highest else {
            throw .error(
                "\(what): its least version of TLS, \(all[lowest].rawValue), is above its greatest,"
                    + " \(all[highest].rawValue)", at: position)
        }
        let spoken = (lowest...highest).filter { !excluded.contains(all[$0]) }
        guard let first = spoken.first, let last = spoken.last else {
            throw .error("\(what): no version of TLS is left that may be spoken", at: position)
        }
        guard spoken.count == last - first + 1 else {
            throw .error(
                "\(what): the versions of TLS that may be spoken have a gap; write 'ssl-min-ver' and"
                    + " 'ssl-max-ver' instead of 'no-tlsv…'", at: position)
        }
        // What is excluded leaves no older version than there is without a word.
        let isUsual = minimum == nil && first < TLSVersion.tlsv12.place
        let least = first > lowest && !isUsual ? all[first] : minimum
        return (least, last < highest ? all[last] : maximum)
    }

    /// The words of a server, or of `ssl-default-server-options`; haproxy's configuration manual, section
    /// 5.2.
    static func rules<Target>(
        at field: Field<Target, HAProxyTLSVersions>
    ) -> [String: Rule<Target>] {
        var rules: [String: Rule<Target>] = [
            "ssl-min-ver": .line { target, arguments throws(Remark) in
                target[keyPath: field].minimum = try arguments.version()
            },
            "ssl-max-ver": .line { target, arguments throws(Remark) in
                target[keyPath: field].maximum = try arguments.version()
            },
            "no-sslv3": .alwaysSo,
            "force-sslv3": .line { _, arguments throws(Remark) in
                throw .error(
                    "'force-sslv3': SSL 3.0 is broken and not spoken; write 'ssl-min-ver TLSv1.2'",
                    at: arguments.keyword.position)
            },
            "tls-tickets": idleTickets(), "no-tls-tickets": idleTickets(),
        ]
        for version in TLSVersion.allCases {
            rules["no-\(version.suffix)"] = .line { target, _ throws(Remark) in
                target[keyPath: field].excluded.insert(version)
            }
            rules["force-\(version.suffix)"] = .line { target, _ throws(Remark) in
                target[keyPath: field].minimum = version
                target[keyPath: field].maximum = version
            }
        }
        return rules
    }

    /// The words of ``rules(at:)`` that say something.
    static let words = Set(
        ["ssl-min-ver", "ssl-max-ver"]
            + TLSVersion.allCases.flatMap { ["no-\($0.suffix)", "force-\($0.suffix)"] })

    private static func idleTickets<Target>() -> Rule<Target> {
        .noEffect(
            taking: 0,
            "how sessions are resumed is the server's choice; 'no-ssl-reuse' resumes none")
    }
}

/// What the global section says for the servers whose lines do not say their own.
struct HAProxyTLSDefaults: Hashable, Sendable, Codable {
    var versions = HAProxyTLSVersions()
    var parameters = TLSParameters()

    /// The words of `ssl-default-server-options`.
    private static let table = KeywordTable<HAProxyTLSDefaults>(
        "TLS option", HAProxyTLSVersions.rules(at: \.versions))

    /// haproxy's configuration manual, section 3.1.
    static let globalRules: [String: Rule<Draft>] = [
        "ssl-default-server-ciphers": .line { draft, arguments throws(Remark) in
            draft.tlsDefaults.parameters.ciphers = try arguments.ciphers()
        },
        "ssl-default-server-ciphersuites": .line { draft, arguments throws(Remark) in
            draft.tlsDefaults.parameters.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-default-server-options": .line { draft, arguments throws(Remark) in
            let keyword = arguments.keyword
            guard arguments.upcoming != nil else {
                throw .error(
                    "\(keyword.text.quoted) needs options such as ssl-min-ver TLSv1.2",
                    at: keyword.position)
            }
            try table.readAll(into: &draft.tlsDefaults, &arguments)
            _ = try draft.tlsDefaults.versions.bounds(of: keyword.text, at: keyword.position)
        },
        "crt-base": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.certificatesFolder = try arguments.next("a directory").text
        },
    ]
}

extension TLSParameters {
    /// Takes over the bounds that words on versions come to.
    ///
    /// - Throws: As ``HAProxyTLSVersions/bounds(of:at:)``.
    mutating func setVersions(
        _ versions: HAProxyTLSVersions, of what: String, at position: Position
    ) throws(Remark) {
        (minimumVersion, maximumVersion) = try versions.bounds(of: what, at: position)
    }
}

extension TLSVersion {
    /// Its place in their order.
    fileprivate var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// As haproxy's older words end: `tlsv12`.
    fileprivate var suffix: String { rawValue.lowercased().filter { $0 != "." } }
}

extension Arguments {
    /// A version of TLS.
    fileprivate mutating func version() throws(Remark) -> TLSVersion {
        let words = TLSVersion.allCases.map(\.rawValue)
        let word = try next("one of \(words.joined(separator: ", "))")
        if let version = TLSVersion(rawValue: word.text) { return version }
        throw .error(
            word.text == "SSLv3"
                ? "\(label) 'SSLv3': SSL 3.0 is broken and not spoken; write TLSv1.2"
                : "\(label) \(word.text.quoted): must be \(words.joined(separator: " or "))",
            at: word.position)
    }

    /// Ciphers in OpenSSL's words, whose meaning is left to who does the handshake.
    mutating func ciphers() throws(Remark) -> String {
        let word = try next("ciphers such as ECDHE+AESGCM:!aNULL")
        guard !word.text.isEmpty, word.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .error(
                "\(label) \(word.text.quoted): must be OpenSSL's words with colons between them, such"
                    + " as ECDHE+AESGCM:!aNULL", at: word.position)
        }
        return word.text
    }

    /// Cipher suites of TLS 1.3: RFC 8446, appendix B.4.
    mutating func cipherSuites() throws(Remark) -> String {
        let known = [
            "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
        ]
        let word = try next("cipher suites such as \(known[0])")
        for suite in word.split(at: ":") where !known.contains(suite.text) {
            throw .error(
                "\(label) \(suite.text.quoted): must be cipher suites of TLS 1.3 with colons between"
                    + " them, such as \(known[0])", at: suite.position,
                suggestion: known.map { $0.lowercased() }.nearest(to: suite.text)?.uppercased())
        }
        return word.text
    }
}

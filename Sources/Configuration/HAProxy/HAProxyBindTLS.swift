/// What the words after a `bind` address say about TLS of clients, which ends there.
struct HAProxyBindTLS: Sendable {
    /// `ssl`.
    private var isUsed = false
    private var settings = ListenerTLS()
    private var versions = HAProxyTLSVersions()
    private var options = HAProxyBindTLSOptions()
    /// `default-crt`.
    private var defaults: [ListenerTLS.Certificate] = []
    /// What is in the files that it names.
    private(set) var files = HAProxyTLSFiles()
    /// What the global section says up to the line.
    let surroundings: Surroundings

    /// What lines before say for all addresses.
    struct Surroundings: Sendable {
        /// `crt-base`, `ca-base`: where files are that have no absolute path.
        var certificatesFolder: String?
        var authoritiesFolder: String?
        /// `ssl-default-bind-…`.
        var defaults = HAProxyBindTLSDefaults()
    }

    init(in surroundings: Surroundings) { self.surroundings = surroundings }

    /// haproxy's configuration manual, section 5.1.
    static let rules: [String: Rule<HAProxyBind>] = own.merging(
        HAProxyBindTLSOptions.rules(at: \.tls.options)
    ) { own, _ in own }.merging(HAProxyTLSVersions.rules(at: \.tls.versions)) { own, _ in own }

    private static let own: [String: Rule<HAProxyBind>] = [
        "ssl": .set(\.tls.isUsed, to: true),
        "crt": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.settings.certificates += try bind.tls.certificates(at: path)
        },
        "default-crt": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.defaults += try bind.tls.certificates(at: path)
        },
        "crt-list": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.settings.certificates += try bind.tls.list(at: path)
        },
        "verify": .line { bind, arguments throws(Remark) in
            bind.tls.settings.verification = try arguments.choice(of: [
                "none": .none, "optional": .optional, "required": .required,
            ])
        },
        "ca-file": .line { bind, arguments throws(Remark) in
            let path = try arguments.next("a path").below(
                bind.tls.surroundings.authoritiesFolder)
            guard path.text != "@system-ca" else {
                throw .error(
                    "ca-file '@system-ca': whoever pays one of its authorities would be let in; name"
                        + " the file of your own", at: path.position)
            }
            bind.tls.files.authorities[path.text] = try path.authorities()
            bind.tls.settings.authoritiesPath = path.text
        },
        "crl-file": .line { bind, arguments throws(Remark) in
            let path = try arguments.next("a path").below(
                bind.tls.surroundings.authoritiesFolder)
            bind.tls.files.revocationLists[path.text] = try path.revocationLists()
            bind.tls.settings.revocationListPath = path.text
        },
        "tls-ticket-keys": .line { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.files.ticketKeys[path.text] = try path.ticketKeys()
            bind.tls.settings.ticketKeysPath = path.text
        },
        "alpn": .line { bind, arguments throws(Remark) in
            bind.tls.settings.applicationProtocols = try arguments.applicationProtocols()
        },
        "no-alpn": .set(\.tls.settings.applicationProtocols, to: []),
        "ciphers": .line { bind, arguments throws(Remark) in
            bind.tls.settings.ciphers = try arguments.ciphers()
        },
        "ciphersuites": .line { bind, arguments throws(Remark) in
            bind.tls.settings.cipherSuites = try arguments.cipherSuites()
        },
        "curves": .line { bind, arguments throws(Remark) in
            bind.tls.settings.groups = try arguments.curves()
        },
        "ecdhe": .line { bind, arguments throws(Remark) in
            bind.tls.settings.groups = try arguments.curves()
        },
        "generate-certificates": .line { _, arguments throws(Remark) in
            throw .error(
                "'generate-certificates': no certificates are made here; name those that there are by"
                    + " 'crt'", at: arguments.keyword.position)
        },
    ]

    /// How TLS of clients ends there, with what the global section says besides.
    ///
    /// - Parameters:
    ///   - position: Where the line begins.
    ///   - arguments: The line, for a warning.
    /// - Returns: How; `nil`: it does not end there.
    /// - Throws: A remark there, where a certificate or authorities are missing, or no version is
    ///   left to speak.
    func finished(
        at position: Position, _ arguments: inout Arguments
    ) throws(Remark) -> ListenerTLS? {
        var settings = settings
        settings.certificates = self.defaults + settings.certificates
        guard isUsed else {
            if settings != ListenerTLS() || options != HAProxyBindTLSOptions()
                || versions != HAProxyTLSVersions()
            {
                arguments.warn(
                    "without 'ssl' the line's other words about TLS have no effect: clients' TLS passes"
                        + " through to the servers", at: position)
            }
            return nil
        }
        guard !settings.certificates.isEmpty else {
            throw .error(
                "'ssl' needs a certificate: add 'crt PATH', a file with the certificate, its chain and"
                    + " its key", at: position)
        }
        guard settings.verification == .none || settings.authoritiesPath != nil else {
            throw .error(
                "'verify \(settings.verification.rawValue)' needs 'ca-file PATH', the authorities whose"
                    + " clients are let in", at: position)
        }
        let defaults = surroundings.defaults
        let versions = versions.completed(by: defaults.versions)
        (settings.minimumVersion, settings.maximumVersion) = try versions.bounds(
            of: "this 'bind'", at: position)
        try judge(versions, at: position, &arguments)
        if settings.revocationListPath != nil, settings.verification == .none {
            arguments.warn(
                "'crl-file' has no effect without 'verify': clients are asked for no certificate",
                at: position)
        }
        settings.ciphers = settings.ciphers ?? defaults.ciphers
        settings.cipherSuites = settings.cipherSuites ?? defaults.cipherSuites
        settings.groups = settings.groups ?? defaults.curves
        settings.refusesOtherNames =
            options.refusesOtherNames ?? defaults.options.refusesOtherNames ?? false
        settings.prefersClientCiphers =
            options.prefersClientCiphers ?? defaults.options.prefersClientCiphers ?? false
        settings.givesTickets = options.givesTickets ?? defaults.options.givesTickets ?? true
        return settings
    }

    /// Says where words lead to versions that nobody asked for.
    ///
    /// - Throws: A remark, where what is left is older than what is spoken without a word.
    private func judge(
        _ versions: HAProxyTLSVersions, at position: Position, _ arguments: inout Arguments
    ) throws(Remark) {
        guard versions.minimum == nil else { return }
        guard versions.maximum != nil || !versions.excluded.isSuperset(of: [.oneTwo, .oneThree])
        else {
            throw .error(
                "this 'bind': no version of TLS is left that may be spoken; older ones need"
                    + " 'ssl-min-ver'", at: position)
        }
        guard let greatest = versions.maximum, [.one, .oneOne].contains(greatest) else { return }
        arguments.warn(
            "'ssl-max-ver \(greatest.rawValue)' without 'ssl-min-ver': nothing but this version is spoken,"
                + " which is broken", at: position)
    }

    // MARK: Files

    private mutating func certificates(
        at path: Word
    ) throws(Remark) -> [ListenerTLS.Certificate] {
        var certificates: [ListenerTLS.Certificate] = []
        for path in try path.below(surroundings.certificatesFolder).certificatePaths() {
            files.certificates[path.text] = try path.credentials(of: "crt")
            certificates.append(.init(path: path.text))
        }
        return certificates
    }

    /// The certificates of a `crt-list`: lines of a path and of the names that it is for.
    private mutating func list(at path: Word) throws(Remark) -> [ListenerTLS.Certificate] {
        var certificates: [ListenerTLS.Certificate] = []
        let bytes = try path.contents(of: "crt-list", limit: InputFile.sizeLimit)
        let lines = bytes.split(omittingEmptySubsequences: false) { $0 == 0x0A }
        for (index, line) in lines.enumerated() {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let place = "crt-list \(path.text.quoted), line \(index + 1)"
            var names: [String] = []
            for word in words.dropFirst() {
                guard !word.hasPrefix("["), !word.hasPrefix("!") else {
                    throw .error(
                        "\(place): \(String(word).quoted) is not offered; behind a path there are names,"
                            + " each perhaps with '*.' before it", at: path.position)
                }
                guard word.isServerName else {
                    throw .error(
                        "\(place): \(String(word).quoted) must be a name such as www.example.org or"
                            + " *.example.org", at: path.position)
                }
                names.append(String(word))
            }
            let file = Word(text: String(first), position: path.position)
            for var certificate in try self.certificates(at: file) {
                certificate.names = names
                certificates.append(certificate)
            }
        }
        guard !certificates.isEmpty else {
            throw .error("crt-list \(path.text.quoted): has no line", at: path.position)
        }
        return certificates
    }
}

/// What `bind … ssl` and `ssl-default-bind-options` can both say besides the versions.
struct HAProxyBindTLSOptions: Hashable, Sendable {
    var refusesOtherNames: Bool?
    var prefersClientCiphers: Bool?
    var givesTickets: Bool?

    static func rules<Target>(
        at field: Field<Target, HAProxyBindTLSOptions>
    ) -> [String: Rule<Target>] {
        func option(
            _ option: Field<HAProxyBindTLSOptions, Bool?>, _ value: Bool
        ) -> Rule<Target> {
            .line { target, _ throws(Remark) in target[keyPath: field][keyPath: option] = value }
        }
        return [
            "strict-sni": option(\.refusesOtherNames, true),
            "no-strict-sni": option(\.refusesOtherNames, false),
            "prefer-client-ciphers": option(\.prefersClientCiphers, true),
            "no-tls-tickets": option(\.givesTickets, false),
            "tls-tickets": option(\.givesTickets, true),
        ]
    }
}

/// What the global section says for the addresses whose lines do not say their own.
struct HAProxyBindTLSDefaults: Sendable {
    var versions = HAProxyTLSVersions()
    var options = HAProxyBindTLSOptions()
    var ciphers: String?
    var cipherSuites: String?
    var curves: String?

    private static let table = KeywordTable<HAProxyBindTLSDefaults>(
        "TLS option",
        HAProxyBindTLSOptions.rules(at: \.options).merging(
            HAProxyTLSVersions.rules(at: \.versions)
        ) { own, _ in own })

    /// haproxy's configuration manual, section 3.1.
    static let globalRules: [String: Rule<Draft>] = [
        "ssl-default-bind-ciphers": .line { draft, arguments throws(Remark) in
            draft.bindTLS.defaults.ciphers = try arguments.ciphers()
        },
        "ssl-default-bind-ciphersuites": .line { draft, arguments throws(Remark) in
            draft.bindTLS.defaults.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-default-bind-curves": .line { draft, arguments throws(Remark) in
            draft.bindTLS.defaults.curves = try arguments.curves()
        },
        "ssl-default-bind-options": .line { draft, arguments throws(Remark) in
            let keyword = arguments.keyword
            guard arguments.upcoming != nil else {
                throw .error(
                    "\(keyword.text.quoted) needs options such as ssl-min-ver TLSv1.2",
                    at: keyword.position)
            }
            try table.readAll(into: &draft.bindTLS.defaults, &arguments)
            _ = try draft.bindTLS.defaults.versions.bounds(
                of: keyword.text, at: keyword.position)
        },
    ]
}

/// What is in the files that lines about TLS name, by their paths.
struct HAProxyTLSFiles: Sendable {
    var certificates: [String: [UInt8]] = [:]
    var authorities: [String: [UInt8]] = [:]
    var revocationLists: [String: [UInt8]] = [:]
    var ticketKeys: [String: [[UInt8]]] = [:]

    /// Takes another line's in.
    mutating func add(_ other: HAProxyTLSFiles) {
        certificates.merge(other.certificates) { _, new in new }
        authorities.merge(other.authorities) { _, new in new }
        revocationLists.merge(other.revocationLists) { _, new in new }
        ticketKeys.merge(other.ticketKeys) { _, new in new }
    }

    /// Takes them down.
    func note(in draft: inout Draft) {
        draft.certificates.merge(certificates) { _, new in new }
        draft.authorities.merge(authorities) { _, new in new }
        draft.revocationLists.merge(revocationLists) { _, new in new }
        draft.ticketKeys.merge(ticketKeys) { _, new in new }
    }
}

extension Arguments {
    /// Groups of the key exchange in OpenSSL's words, whose meaning is left to who does the handshake.
    fileprivate mutating func curves() throws(Remark) -> String {
        let word = try next("curves such as X25519:P-256")
        let isName = word.text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x3A, 0x5F: true
            default: false
            }
        }
        guard isName, !word.text.isEmpty else {
            throw .error(
                "\(label) \(word.text.quoted): must be curves with colons between them, such as"
                    + " X25519:P-256", at: word.position)
        }
        return word.text
    }
}

extension Substring {
    /// Whether it is the name of a host, perhaps with `*.` before it.
    fileprivate var isServerName: Bool {
        let name = hasPrefix("*.") ? dropFirst(2) : self
        return (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}

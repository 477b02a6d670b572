/// What the words after a `bind` address say about TLS of clients, which ends there.
struct HAProxyBindTLS: Sendable {
    /// `ssl`.
    private var isUsed = false
    private var settings = ListenerTLS()
    /// What lines of a `crt-list` can say, too.
    private var manner = HAProxyTLSManner()
    private var versions = HAProxyTLSVersions()
    private var options = HAProxyBindTLSOptions()
    /// `default-crt`.
    private var defaults: [ListenerTLS.Certificate] = []
    /// What is in the files that it names.
    var files: HAProxyTLSFiles {
        var all = certificateFiles
        all.add(manner.files)
        return all
    }
    private var certificateFiles = HAProxyTLSFiles()
    /// What the global section says up to the line.
    let surroundings: HAProxyBind.Surroundings

    init(in surroundings: HAProxyBind.Surroundings) {
        self.surroundings = surroundings
        manner.authoritiesFolder = surroundings.authoritiesFolder
    }

    /// haproxy's configuration manual, section 5.1.
    static let rules: [String: Rule<HAProxyBind>] = own.merging(
        HAProxyBindTLSOptions.rules(at: \.tls.options)
    ) { own, _ in own }.merging(HAProxyTLSVersions.rules(at: \.tls.versions)) { own, _ in own }
        .merging(HAProxyTLSManner.rules(at: \.tls.manner)) { own, _ in own }

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
            bind.tls.settings.certificates += try bind.tls.list(at: path, &arguments)
        },
        "tls-ticket-keys": .line { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.certificateFiles.ticketKeys[path.text] = try path.ticketKeys()
            bind.tls.settings.ticketKeysPath = path.text
        },
        "crt-ignore-err": .line { bind, arguments throws(Remark) in
            bind.tls.settings.ignoredCertificateErrors = try arguments.verificationErrors()
        },
        "ca-ignore-err": .line { bind, arguments throws(Remark) in
            bind.tls.settings.ignoredAuthorityErrors = try arguments.verificationErrors()
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
        settings = settings.applying(manner.own)
        guard isUsed else {
            if settings != ListenerTLS() || manner.own != ListenerTLS.Manner()
                || options != HAProxyBindTLSOptions()
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
        try settings.judgeAuthorities(at: position)
        let defaults = surroundings.defaults
        let versions = versions.completed(by: defaults.versions)
        (settings.minimumVersion, settings.maximumVersion) = try versions.bounds(
            of: "this 'bind'", at: position)
        try judge(versions, at: position, &arguments)
        if settings.verification == .none {
            let words = [
                "crl-file": settings.revocationListPath != nil,
                "crt-ignore-err": !settings.ignoredCertificateErrors.isEmpty,
                "ca-ignore-err": !settings.ignoredAuthorityErrors.isEmpty,
            ].filter(\.value).keys.sorted()
            // A line of a list may verify by them.
            let isUsed = settings.certificates.contains { $0.own.verification != nil }
            for word in words where !isUsed {
                arguments.warn(
                    "'\(word)' has no effect without 'verify': clients are asked for no certificate",
                    at: position)
            }
        }
        settings.ciphers = settings.ciphers ?? defaults.ciphers
        settings.cipherSuites = settings.cipherSuites ?? defaults.cipherSuites
        settings.groups = settings.groups ?? defaults.curves
        settings.signatures = settings.signatures ?? defaults.signatures
        settings.clientSignatures = settings.clientSignatures ?? defaults.clientSignatures
        settings.refusesOtherNames =
            options.refusesOtherNames ?? defaults.options.refusesOtherNames ?? false
        settings.prefersClientCiphers =
            options.prefersClientCiphers ?? defaults.options.prefersClientCiphers ?? false
        settings.givesTickets = options.givesTickets ?? defaults.options.givesTickets ?? true
        for certificate in settings.certificates where certificate.own != ListenerTLS.Manner() {
            try settings.judge(certificate, at: position)
        }
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
            certificateFiles.certificates[path.text] = try path.credentials(of: "crt")
            certificates.append(.init(path: path.text))
        }
        return certificates
    }

    /// The certificates of a `crt-list`.
    private mutating func list(
        at path: Word, _ arguments: inout Arguments
    ) throws(Remark) -> [ListenerTLS.Certificate] {
        var certificates: [ListenerTLS.Certificate] = []
        for line in try path.certificateList() {
            var manner = HAProxyTLSManner()
            manner.authoritiesFolder = surroundings.authoritiesFolder
            try line.read(into: &manner, &arguments)
            for var certificate in try self.certificates(at: line.certificate) {
                (certificate.names, certificate.own) = (line.names, manner.own)
                certificates.append(certificate)
            }
            certificateFiles.add(manner.files)
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
    var signatures: String?
    var clientSignatures: String?

    private static let table = KeywordTable<HAProxyBindTLSDefaults>(
        "TLS option",
        HAProxyBindTLSOptions.rules(at: \.options).merging(
            HAProxyTLSVersions.rules(at: \.versions)
        ) { own, _ in own })

    /// haproxy's configuration manual, section 3.1.
    static let globalRules: [String: Rule<Draft>] = [
        "ssl-default-bind-ciphers": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.ciphers = try arguments.ciphers()
        },
        "ssl-default-bind-ciphersuites": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-default-bind-curves": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.curves = try arguments.curves()
        },
        "ssl-default-bind-sigalgs": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.signatures = try arguments.signatures()
        },
        "ssl-default-bind-client-sigalgs": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.clientSignatures = try arguments.signatures()
        },
        "ssl-default-bind-options": .line { draft, arguments throws(Remark) in
            let keyword = arguments.keyword
            guard arguments.upcoming != nil else {
                throw .error(
                    "\(keyword.text.quoted) needs options such as ssl-min-ver TLSv1.2",
                    at: keyword.position)
            }
            try table.readAll(into: &draft.bindSurroundings.defaults, &arguments)
            _ = try draft.bindSurroundings.defaults.versions.bounds(
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

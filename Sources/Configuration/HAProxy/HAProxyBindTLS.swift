import TLSOptions

/// What the words after a `bind` address say about TLS of clients, which ends there.
struct HAProxyBindTLS: Sendable {
    /// `ssl`.
    private var isUsed = false
    /// `crt`, `crt-list`.
    private var certificates: [ListenerTLS.Certificate] = []
    /// `default-crt`.
    private var defaultCertificates: [ListenerTLS.Certificate] = []
    /// `tls-ticket-keys`.
    private var ticketKeysPath: String?
    /// What lines of a `crt-list` can say, too.
    private var handshake = HAProxyHandshake()
    private var versions = HAProxyTLSVersions()
    private var options = TLSListenerOptions()
    /// What is in the files that it names.
    var files: HAProxyTLSFiles {
        var all = certificateFiles
        all.add(handshake.files)
        return all
    }
    private var certificateFiles = HAProxyTLSFiles()
    /// What the global section says up to the line.
    let surroundings: HAProxyBind.Surroundings

    init(in surroundings: HAProxyBind.Surroundings) {
        self.surroundings = surroundings
        handshake.authoritiesFolder = surroundings.authoritiesFolder
    }

    /// haproxy's configuration manual, section 5.1.
    static let rules: [String: Rule<HAProxyBind>] = own.merging(
        TLSListenerOptions.rules(at: \.tls.options)
    ) { own, _ in own }.merging(HAProxyTLSVersions.rules(at: \.tls.versions)) { own, _ in own }
        .merging(HAProxyHandshake.rules(at: \.tls.handshake)) { own, _ in own }

    private static let own: [String: Rule<HAProxyBind>] = [
        "ssl": .set(\.tls.isUsed, to: true),
        "crt": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.certificates += try bind.tls.certificates(at: path)
        },
        "default-crt": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.defaultCertificates += try bind.tls.certificates(at: path)
        },
        "crt-list": .each { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.certificates += try bind.tls.list(at: path, &arguments)
        },
        "tls-ticket-keys": .line { bind, arguments throws(Remark) in
            let path = try arguments.next("a path")
            bind.tls.certificateFiles.ticketKeys[path.text] = try path.ticketKeys()
            bind.tls.ticketKeysPath = path.text
        },
        "crt-ignore-err": .line { bind, arguments throws(Remark) in
            bind.tls.options.ignoredCertificateErrors = try arguments.verificationErrors()
        },
        "ca-ignore-err": .line { bind, arguments throws(Remark) in
            bind.tls.options.ignoredAuthorityErrors = try arguments.verificationErrors()
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
        let all = defaultCertificates + certificates
        guard isUsed else {
            if !all.isEmpty || ticketKeysPath != nil || handshake.options != .init()
                || options != .init() || versions != HAProxyTLSVersions()
            {
                arguments.warn(
                    "without 'ssl' the line's other words about TLS have no effect: clients' TLS passes"
                        + " through to the servers", at: position)
            }
            return nil
        }
        guard !all.isEmpty else {
            throw .error(
                "'ssl' needs a certificate: add 'crt PATH', a file with the certificate, its chain and"
                    + " its key", at: position)
        }
        let defaults = surroundings.defaults
        var tls = ListenerTLS()
        tls.certificates = all
        tls.ticketKeysPath = ticketKeysPath
        tls.options = options.completed(by: defaults.options).completed(by: .defaults)
        tls.handshake = handshake.options.completed(by: .defaults)
        tls.handshake.parameters = tls.handshake.parameters.completed(by: defaults.parameters)
        try tls.handshake.judgeAuthorities(at: position)
        let versions = versions.completed(by: defaults.versions)
        try tls.handshake.parameters.setVersions(versions, of: "this 'bind'", at: position)
        try judge(versions, at: position, &arguments)
        warnOfVerification(tls, at: position, &arguments)
        for certificate in all where certificate.handshake != .init() {
            try tls.judge(certificate, at: position)
        }
        return tls
    }

    /// Says where words on clients' certificates have no effect.
    private func warnOfVerification(
        _ tls: ListenerTLS, at position: Position, _ arguments: inout Arguments
    ) {
        // A line of a list may verify by them.
        guard !tls.handshake.verifiesClients,
            !tls.certificates.contains(where: { $0.handshake.verification != nil })
        else { return }
        let words = [
            ("ca-ignore-err", tls.options.ignoredAuthorityErrors != []),
            ("crl-file", tls.handshake.revocationLists != nil),
            ("crt-ignore-err", tls.options.ignoredCertificateErrors != []),
        ]
        for (word, isSaid) in words where isSaid {
            arguments.warn(
                "'\(word)' has no effect without 'verify': clients are asked for no certificate",
                at: position)
        }
    }

    /// Says where words lead to versions that nobody asked for.
    ///
    /// - Throws: A remark, where what is left is older than what is spoken without a word.
    private func judge(
        _ versions: HAProxyTLSVersions, at position: Position, _ arguments: inout Arguments
    ) throws(Remark) {
        guard versions.minimum == nil else { return }
        guard versions.maximum != nil || !versions.excluded.isSuperset(of: [.tlsv12, .tlsv13])
        else {
            throw .error(
                "this 'bind': no version of TLS is left that may be spoken; older ones need"
                    + " 'ssl-min-ver'", at: position)
        }
        guard let greatest = versions.maximum, greatest < .tlsv12 else { return }
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
            var handshake = HAProxyHandshake()
            handshake.authoritiesFolder = surroundings.authoritiesFolder
            try line.read(into: &handshake, &arguments)
            for var certificate in try self.certificates(at: line.certificate) {
                (certificate.names, certificate.handshake) = (line.names, handshake.options)
                certificates.append(certificate)
            }
            certificateFiles.add(handshake.files)
        }
        return certificates
    }
}

extension TLSListenerOptions {
    /// What `bind … ssl` and `ssl-default-bind-options` can both say besides the versions.
    static func rules<Target>(
        at field: Field<Target, TLSListenerOptions>
    ) -> [String: Rule<Target>] {
        func option(
            _ option: Field<TLSListenerOptions, Bool?>, _ value: Bool
        ) -> Rule<Target> {
            .line { target, _ throws(Remark) in target[keyPath: field][keyPath: option] = value }
        }
        return [
            "strict-sni": option(\.isStrictSNI, true),
            "no-strict-sni": option(\.isStrictSNI, false),
            "prefer-client-ciphers": option(\.prefersClientCiphers, true),
            "no-tls-tickets": option(\.issuesTickets, false),
            "tls-tickets": option(\.issuesTickets, true),
        ]
    }
}

/// What the global section says for the addresses whose lines do not say their own.
struct HAProxyBindTLSDefaults: Sendable {
    var versions = HAProxyTLSVersions()
    var options = TLSListenerOptions()
    var parameters = TLSParameters()

    private static let table = KeywordTable<HAProxyBindTLSDefaults>(
        "TLS option",
        TLSListenerOptions.rules(at: \.options).merging(
            HAProxyTLSVersions.rules(at: \.versions)
        ) { own, _ in own })

    /// haproxy's configuration manual, section 3.1.
    static let globalRules: [String: Rule<Draft>] = [
        "ssl-default-bind-ciphers": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.parameters.ciphers = try arguments.ciphers()
        },
        "ssl-default-bind-ciphersuites": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.parameters.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-default-bind-curves": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.parameters.groups = try arguments.curves()
        },
        "ssl-default-bind-sigalgs": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.parameters.signatureAlgorithms =
                try arguments.signatureAlgorithms()
        },
        "ssl-default-bind-client-sigalgs": .line { draft, arguments throws(Remark) in
            draft.bindSurroundings.defaults.parameters.clientSignatureAlgorithms =
                try arguments.signatureAlgorithms()
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

import TLSOptions

/// What the words after a server's address say about TLS on connections of clients to it.
///
/// What is said of its certificate (`verify`, `verifyhost`, `ca-file`) holds for checks too and stands in
/// ``HAProxyServerHealth`` and ``HAProxyServerOptions``; so do `alpn`, `crt` and versions, which stand here.
struct HAProxyServerTLS: Sendable {
    /// `ssl`.
    var isUsed = false
    var settings = ServerTLS()
    /// What is in the file of `crt`, and in that of its key.
    var certificate: [UInt8] = []
    var versions = HAProxyTLSVersions()
    /// What the global section says up to the line.
    var defaults = HAProxyTLSDefaults()
    /// Where a `crt` is that is no absolute path; `nil`: in this process's directory.
    var certificatesFolder: String?
    /// What is in the file of `crl-file`.
    var revocationList: [UInt8] = []
    /// Where that word is.
    var revocationPosition: Position?

    /// haproxy's configuration manual, section 5.2.
    static let rules: [String: Rule<HAProxyServerOptions>] = own.merging(
        HAProxyTLSVersions.rules(at: \.tls.versions)
    ) { own, _ in own }

    private static let own: [String: Rule<HAProxyServerOptions>] = [
        "ssl": .set(\.tls.isUsed, to: true),
        "no-ssl": .set(\.tls.isUsed, to: false),
        "sni": .line { options, arguments throws(Remark) in
            let word = try arguments.nextSample(
                "str(NAME), or what of a client is the name, such as ssl_fc_sni")
            (options.tls.settings.serverName, options.tls.settings.serverNameSource) =
                try word.askedName(after: arguments.label)
        },
        "alpn": .line { options, arguments throws(Remark) in
            options.tls.settings.parameters.applicationProtocols =
                try arguments.applicationProtocols()
        },
        "crt": .line { options, arguments throws(Remark) in
            let path = try arguments.next("a path").below(options.tls.certificatesFolder)
            options.tls.certificate = try path.credentials(of: "crt")
            options.tls.settings.certificatePath = path.text
        },
        "ciphers": .line { options, arguments throws(Remark) in
            options.tls.settings.parameters.ciphers = try arguments.ciphers()
        },
        "ciphersuites": .line { options, arguments throws(Remark) in
            options.tls.settings.parameters.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-reuse": .set(\.tls.settings.resumesSessions, to: true),
        "no-ssl-reuse": .set(\.tls.settings.resumesSessions, to: false),
        "crl-file": .line { options, arguments throws(Remark) in
            options.tls.revocationPosition = arguments.keyword.position
            let path = try arguments.next("a path").below(options.authoritiesFolder)
            options.tls.revocationList = try path.revocationLists()
            options.tls.settings.revocationListPath = path.text
        },
    ]

    /// The words that a peer's line may have.
    static let wordsOfPeers = Set(rules.keys).union(["ca-file", "verify", "verifyhost"])

    /// The words that hold for connections of clients alone; checks do without them.
    static let wordsOfConnections: Set<String> = [
        "ciphers", "ciphersuites", "no-ssl-reuse", "sni", "ssl-reuse",
    ]
}

extension HAProxyServerOptions {
    /// How connections to the server do TLS, with what the global section says besides.
    ///
    /// - Throws: A remark at the server's name, where no version is left to speak.
    func finishedTLS(of server: Word) throws(Remark) -> ServerTLS? {
        guard tls.isUsed else { return nil }
        var settings = tls.settings
        settings.parameters = settings.parameters.completed(by: tls.defaults.parameters)
        let versions = try versions(of: server)
        settings.parameters.minimumVersion = versions.minimum
        settings.parameters.maximumVersion = versions.maximum
        settings.authoritiesPath = check.tls.authoritiesPath
        // As haproxy: `verifyhost` is for connections without SNI.
        settings.verifiedName = settings.serverName ?? health.verifiedName
        let isByName = settings.verifiedName != nil || settings.serverNameSource != nil
        settings.verification =
            health.isVerified == false ? .none : isByName ? .certificateAndName : .certificate
        return settings
    }
}

extension HAProxyServerOptions {
    /// How the server is checked, with the versions of TLS that its line and the global section say.
    ///
    /// - Throws: A remark at the server's name, where no version is left to speak.
    func finishedCheck(of server: Word) throws(Remark) -> CheckSettings? {
        guard var check = finishedCheck else { return nil }
        (check.tls.minimumVersion, check.tls.maximumVersion) = try versions(of: server)
        return check
    }

    private func versions(
        of server: Word
    ) throws(Remark) -> (minimum: TLSVersion?, maximum: TLSVersion?) {
        try tls.versions.completed(by: tls.defaults.versions).bounds(
            of: "server \(server.text.quoted)", at: server.position)
    }

    /// Takes over what lines before the section say for all.
    mutating func follow(_ draft: Draft) {
        authoritiesFolder = draft.bindSurroundings.authoritiesFolder
        tls.certificatesFolder = draft.bindSurroundings.certificatesFolder
        tls.defaults = draft.tlsDefaults
    }

    /// What is in the files that the options name.
    var tlsFiles: HAProxyTLSFiles {
        var files = HAProxyTLSFiles()
        if let path = check.tls.authoritiesPath { files.authorities[path] = authorities }
        if let path = tls.settings.certificatePath { files.certificates[path] = tls.certificate }
        if let path = tls.settings.revocationListPath {
            files.revocationLists[path] = tls.revocationList
        }
        return files
    }
}

/// What the lines of a section's servers say about TLS that is kept beside the servers, or judged once
/// all files are read.
struct HAProxyTLSLines: Sendable {
    private var lines: [(names: [Word], options: HAProxyServerOptions)] = []

    /// Takes in a line with all servers that it makes.
    mutating func add(_ names: [Word], _ options: HAProxyServerOptions) {
        lines.append((names, options))
    }

    /// Takes down what the section's lines say.
    func note(in draft: inout Draft, file: String, section: Word) {
        for (names, options) in lines {
            guard let first = names.first else { continue }
            let servers = names.map { ServerReference(backend: section.text, server: $0.text) }
            if options.health.isVerified == nil { draft.serversWithoutVerify.formUnion(servers) }
            if options.tls.isUsed || options.isChecked { options.tlsFiles.note(in: &draft) }
            let list = options.tls.revocationPosition
            for name in options.toldVariables {
                draft.variableReferences.append(
                    Placed(
                        value: .init(name: name, sets: false, position: first.position),
                        location: Location(file: file, position: first.position)))
            }
            guard options.tls.isUsed || list != nil else { continue }
            let line = Draft.TLSLine(
                server: ServerReference(backend: section.text, server: first.text),
                revocationLocation: list.map { Location(file: file, position: $0) })
            draft.tlsLines.append(
                Placed(value: line, location: Location(file: file, position: first.position)))
        }
    }
}

extension Word {
    /// The name that a server is asked for, `str(NAME)`, or what of a client names it.
    fileprivate func askedName(
        after label: String
    ) throws(Remark) -> (constant: String?, source: VariableExpression?) {
        if text.hasPrefix("str("), text.hasSuffix(")") {
            let name = Word(text: String(text.dropFirst(4).dropLast()), position: position)
            return (try name.serverName(of: label), nil)
        }
        if text.hasPrefix("var("), text.hasSuffix(")") {
            return (nil, .variable(try variableName(text.dropFirst(4).dropLast())))
        }
        guard let key = try knownConnectionKey(after: label), key.isText else {
            throw .error(
                "\(label) \(text.quoted) is not supported as the name of a server; write str(NAME) for one"
                    + " that is the same for all clients, or \(Word.nameKeys)", at: position)
        }
        return (nil, .key(key))
    }

    /// What of a client is a name, by haproxy's words.
    private static let nameKeys =
        "ssl_fc_sni or req.ssl_sni for the one that each client asks for, fc_pp_authority for the one that a"
        + " proxy before says, perhaps with ,lower, or var(NAME)"
}

/// What the words after a server's address say about TLS on connections of clients to it.
///
/// What is said of its certificate (`verify`, `verifyhost`, `ca-file`) holds for checks too and stands in
/// ``HAProxyServerHealth`` and ``HAProxyServerOptions``; so do `alpn` and `crt`, which stand here.
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
    /// `crl-file`, at the place of this word.
    var revocationList: Word?

    /// haproxy's configuration manual, section 5.2.
    static let rules: [String: Rule<HAProxyServerOptions>] = own.merging(
        HAProxyTLSVersions.rules(at: \.tls.versions)
    ) { own, _ in own }

    private static let own: [String: Rule<HAProxyServerOptions>] = [
        "ssl": .set(\.tls.isUsed, to: true),
        "no-ssl": .set(\.tls.isUsed, to: false),
        "sni": .line { options, arguments throws(Remark) in
            options.tls.settings.serverName = try arguments.constantServerName()
        },
        "alpn": .line { options, arguments throws(Remark) in
            options.tls.settings.applicationProtocols = try arguments.applicationProtocols()
        },
        "crt": .line { options, arguments throws(Remark) in
            let path = try arguments.next("a path").below(options.tls.certificatesFolder)
            options.tls.certificate = try path.credentials(of: "crt")
            options.tls.settings.certificatePath = path.text
        },
        "ciphers": .line { options, arguments throws(Remark) in
            options.tls.settings.ciphers = try arguments.ciphers()
        },
        "ciphersuites": .line { options, arguments throws(Remark) in
            options.tls.settings.cipherSuites = try arguments.cipherSuites()
        },
        "ssl-reuse": .set(\.tls.settings.resumesSessions, to: true),
        "no-ssl-reuse": .set(\.tls.settings.resumesSessions, to: false),
        // What it comes to shows once it is known whether the server is verified.
        "crl-file": .line { options, arguments throws(Remark) in
            let keyword = arguments.keyword
            let path = try arguments.next("a path").text
            options.tls.revocationList = Word(text: path, position: keyword.position)
        },
    ]

    /// The words that hold for connections of clients alone; checks do without them.
    static let wordsOfConnections = HAProxyTLSVersions.words.union([
        "ciphers", "ciphersuites", "no-ssl-reuse", "sni", "ssl-reuse",
    ])
}

extension HAProxyServerOptions {
    /// How connections to the server do TLS, with what the global section says besides.
    ///
    /// - Throws: A remark at the server's name, where no version is left to speak.
    func finishedTLS(of server: Word) throws(Remark) -> ServerTLS? {
        guard tls.isUsed else { return nil }
        var settings = tls.settings
        let versions = tls.versions.completed(by: tls.defaults.versions)
        (settings.minimumVersion, settings.maximumVersion) = try versions.bounds(
            of: "server \(server.text.quoted)", at: server.position)
        settings.ciphers = settings.ciphers ?? tls.defaults.ciphers
        settings.cipherSuites = settings.cipherSuites ?? tls.defaults.cipherSuites
        settings.authoritiesPath = check.tls.authoritiesPath
        // As haproxy: `verifyhost` is for connections without SNI.
        settings.verifiedName = settings.serverName ?? health.verifiedName
        settings.verification =
            health.isVerified == false
            ? .none : settings.verifiedName == nil ? .certificate : .certificateAndName
        return settings
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
            if let path = options.check.tls.authoritiesPath, options.tls.isUsed || options.isChecked
            {
                draft.authorities[path] = options.authorities
            }
            if let path = options.tls.settings.certificatePath,
                options.tls.isUsed || options.isChecked
            {
                draft.certificates[path] = options.tls.certificate
            }
            let list = options.tls.revocationList
            guard options.tls.isUsed || list != nil else { continue }
            let line = Draft.TLSLine(
                server: ServerReference(backend: section.text, server: first.text),
                revocationList: list.map {
                    Placed(value: $0.text, location: Location(file: file, position: $0.position))
                })
            draft.tlsLines.append(
                Placed(value: line, location: Location(file: file, position: first.position)))
        }
    }
}

extension Arguments {
    /// The name that a server is asked for: `str(NAME)`, the one expression that says it before there
    /// is a client.
    fileprivate mutating func constantServerName() throws(Remark) -> String {
        let word = try next("str(NAME)")
        guard word.text.hasPrefix("str("), word.text.hasSuffix(")") else {
            throw .error(
                "\(label) \(word.text.quoted): only 'str(NAME)' is known here, a name that is the same"
                    + " for all clients, such as str(www.example.org)", at: word.position)
        }
        let name = Word(text: String(word.text.dropFirst(4).dropLast()), position: word.position)
        return try name.serverName(of: label)
    }
}

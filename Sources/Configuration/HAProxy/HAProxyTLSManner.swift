/// What a line `bind`, and one of a `crt-list` in brackets, say of how handshakes are done.
struct HAProxyTLSManner: Sendable {
    var own = ListenerTLS.Manner()
    /// The versions that a line of a list says.
    fileprivate var versions = HAProxyTLSVersions()
    /// What is in the files that it names.
    private(set) var files = HAProxyTLSFiles()
    /// `ca-base`.
    var authoritiesFolder: String?

    /// haproxy's configuration manual, section 5.1.
    static func rules<Target>(
        at field: Field<Target, HAProxyTLSManner>
    ) -> [String: Rule<Target>] {
        func rule(
            _ body:
                @escaping @Sendable (inout HAProxyTLSManner, inout Arguments) throws(Remark)
                -> Void
        ) -> Rule<Target> {
            .line { target, arguments throws(Remark) in
                try body(&target[keyPath: field], &arguments)
            }
        }
        func text(
            _ part: Field<ListenerTLS.Manner, String?>,
            _ read: @escaping @Sendable (inout Arguments) throws(Remark) -> String
        ) -> Rule<Target> {
            rule { manner, arguments throws(Remark) in
                manner.own[keyPath: part] = try read(&arguments)
            }
        }
        let curves = text(\.groups) { arguments throws(Remark) in try arguments.curves() }
        return [
            "verify": rule { manner, arguments throws(Remark) in
                manner.own.verification = try arguments.choice(of: [
                    "none": ListenerTLS.Verification.none, "optional": .optional,
                    "required": .required,
                ])
            },
            "ca-file": rule { manner, arguments throws(Remark) in
                manner.own.authoritiesPath = try manner.authorities(&arguments)
            },
            "ca-verify-file": rule { manner, arguments throws(Remark) in
                manner.own.unnamedAuthoritiesPath = try manner.authorities(&arguments)
            },
            "no-ca-names": rule { manner, _ throws(Remark) in manner.own.namesAuthorities = false },
            "crl-file": rule { manner, arguments throws(Remark) in
                let path = try arguments.next("a path").below(manner.authoritiesFolder)
                manner.files.revocationLists[path.text] = try path.revocationLists()
                manner.own.revocationListPath = path.text
            },
            "alpn": rule { manner, arguments throws(Remark) in
                manner.own.applicationProtocols = try arguments.applicationProtocols()
            },
            "no-alpn": rule { manner, _ throws(Remark) in manner.own.applicationProtocols = [] },
            "ciphers": text(\.ciphers) { arguments throws(Remark) in try arguments.ciphers() },
            "ciphersuites": text(\.cipherSuites) { arguments throws(Remark) in
                try arguments.cipherSuites()
            },
            "curves": curves, "ecdhe": curves,
            "sigalgs": text(\.signatures) { arguments throws(Remark) in try arguments.signatures()
            },
            "client-sigalgs": text(\.clientSignatures) { arguments throws(Remark) in
                try arguments.signatures()
            },
            "allow-0rtt": rule { _, arguments throws(Remark) in
                throw HAProxyTLSManner.earlyBytes(at: arguments.keyword.position)
            },
        ]
    }

    private static func earlyBytes(at position: Position) -> Remark {
        .error(
            "'allow-0rtt': what a client says before its handshake is over may be said again by whoever"
                + " heard it, and no server could tell; leave the word out", at: position)
    }

    private mutating func authorities(_ arguments: inout Arguments) throws(Remark) -> String {
        let path = try arguments.next("a path").below(authoritiesFolder)
        guard path.text != "@system-ca" else {
            throw .error(
                "\(arguments.label) '@system-ca': whoever pays one of its authorities would be let in;"
                    + " name the file of your own", at: path.position)
        }
        files.authorities[path.text] = try path.authorities()
        return path.text
    }
}

/// A line of a `crt-list`: `PATH [OPTIONS] NAME …`, each in words of the place where the list is named.
struct HAProxyCertificateLine: Sendable {
    let certificate: Word
    let options: [Word]
    let names: [String]
    /// What errors call it: its list and its number.
    let place: String

    /// Reads the options in brackets, and warns of names that lead nowhere.
    func read(
        into manner: inout HAProxyTLSManner, _ arguments: inout Arguments
    ) throws(Remark) {
        if !names.isEmpty, names.allSatisfy({ $0.hasPrefix("!") }) {
            arguments.warn(
                "\(place): names with '!' only take away from others of the line; without one of those"
                    + " the certificate is for no name", at: certificate.position)
        }
        let line = Directive(words: [certificate] + options)
        guard !options.isEmpty, var words = Arguments(line) else { return }
        do throws(Remark) {
            _ = try words.nextKeyword("a path")
            try Self.table.readAll(into: &manner, &words)
            (manner.own.minimumVersion, manner.own.maximumVersion) = try manner.versions.bounds(
                of: "this line", at: certificate.position)
        } catch {
            throw .error("\(place): \(error.message)", at: error.position)
        }
    }

    private static let table = KeywordTable<HAProxyTLSManner>(
        "option of a crt-list",
        HAProxyTLSManner.rules(at: \.self).merging(
            HAProxyTLSVersions.rules(at: \.versions).filter {
                ["ssl-min-ver", "ssl-max-ver"].contains($0.key)
            }
        ) { own, _ in own },
        choices: "alpn, ca-file, ciphers, crl-file, ssl-min-ver, verify and others of a 'bind' line"
    )
}

extension Word {
    /// The lines of a `crt-list`, without comments.
    func certificateList() throws(Remark) -> [HAProxyCertificateLine] {
        var found: [HAProxyCertificateLine] = []
        let bytes = try contents(of: "crt-list", limit: InputFile.sizeLimit)
        let lines = bytes.split(omittingEmptySubsequences: false) { $0 == 0x0A }
        for (index, line) in lines.enumerated() {
            let text = String(decoding: line, as: UTF8.self)
            guard let first = text.first(where: { !$0.isWhitespace }), first != "#" else {
                continue
            }
            found.append(
                try certificateLine(
                    text, place: "crt-list \(self.text.quoted), line \(index + 1)"))
        }
        guard !found.isEmpty else {
            throw .error("crt-list \(text.quoted): has no line", at: position)
        }
        return found
    }

    private func certificateLine(
        _ text: String, place: String
    ) throws(Remark) -> HAProxyCertificateLine {
        let parts = text.split(separator: "[", omittingEmptySubsequences: false)
        let inside = parts.dropFirst().first?.split(
            separator: "]", omittingEmptySubsequences: false)
        guard parts.count <= 2, inside?.count ?? 2 == 2, parts.count == 2 || !text.contains("]")
        else {
            throw .error(
                "\(place): options stand once, between '[' and ']', as in 'PATH [alpn h2] NAME'",
                at: position)
        }
        func words(_ part: Substring?) -> [Word] {
            (part ?? "").split(whereSeparator: \.isWhitespace).map {
                Word(text: String($0), position: position)
            }
        }
        var before = words(parts.first)[...]
        guard let certificate = before.popFirst(), before.isEmpty || inside == nil else {
            throw .error(
                "\(place): a path comes first, then options in brackets, then names", at: position)
        }
        let names = Array(before) + words(inside?.last)
        for name in names where !name.text.isNameFilter {
            throw .error(
                "\(place): \(name.text.quoted) must be a name such as www.example.org or"
                    + " *.example.org, perhaps with '!' before it", at: position)
        }
        return HAProxyCertificateLine(
            certificate: certificate, options: words(inside?.first), names: names.map(\.text),
            place: place)
    }
}

extension ListenerTLS {
    /// Says where nobody could be trusted.
    func judgeAuthorities(at position: Position) throws(Remark) {
        guard verification != .none, authoritiesPath == nil, unnamedAuthoritiesPath == nil else {
            return
        }
        throw .error(
            "'verify \(verification.rawValue)' needs 'ca-file PATH', the authorities whose clients are"
                + " let in", at: position)
    }

    /// Says where what a line of a `crt-list` says does not fit to what the line `bind` does.
    func judge(_ certificate: Certificate, at position: Position) throws(Remark) {
        let all = applying(certificate.own)
        let name = certificate.path.split(separator: "/").last.map(String.init) ?? ""
        let label = "crt-list, line of \(name.quoted): "
        do throws(Remark) { try all.judgeAuthorities(at: position) } catch {
            throw .error(label + error.message, at: position)
        }
        let order = ServerTLS.Version.allCases
        func place(_ version: ServerTLS.Version?) -> Int? { version.flatMap(order.firstIndex) }
        // Without a word of its own a listener speaks nothing older.
        let usual = min(place(.oneTwo) ?? 0, place(maximumVersion) ?? order.count - 1)
        guard
            place(all.minimumVersion) ?? usual <= place(all.maximumVersion) ?? order.count - 1
        else {
            throw .error(
                label
                    + "no version of TLS is left between the lowest and the highest one of its line"
                    + " and of 'bind'", at: position)
        }
    }
}

extension Arguments {
    /// Groups of the key exchange in OpenSSL's words, whose meaning is left to who does the handshake.
    mutating func curves() throws(Remark) -> String {
        try listedWords("curves", such: "X25519:P-256", marks: "-_")
    }

    /// Kinds of signatures in OpenSSL's words, likewise.
    mutating func signatures() throws(Remark) -> String {
        try listedWords("signatures", such: "ECDSA+SHA256:RSA-PSS+SHA256", marks: "-_+")
    }

    private mutating func listedWords(
        _ what: String, such example: String, marks: String
    ) throws(Remark) -> String {
        let word = try next("\(what) such as \(example)")
        let isList = word.text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A: true
            default: marks.utf8.contains(byte)
            }
        }
        guard isList, !word.text.isEmpty else {
            throw .error(
                "\(label) \(word.text.quoted): must be \(what) with colons between them, such as"
                    + " \(example)", at: word.position)
        }
        return word.text
    }

    /// Numbers of what can be wrong with a certificate, as `ssl_c_verify` has them.
    mutating func verificationErrors() throws(Remark) -> [Int] {
        let word = try next("'all', or numbers such as 10,18")
        if word.text == "all" { return Array(verificationErrorRange) }
        var numbers: Set<Int> = []
        for part in word.split(at: ",") {
            numbers.insert(try part.integer(in: verificationErrorRange, of: label))
        }
        return numbers.sorted()
    }
}

/// OpenSSL's X509_V_ERR_…, as haproxy has them.
private let verificationErrorRange = 1...94

extension String {
    /// Whether it is the name of a host, perhaps with `*.` and `!` before it, or `*` alone.
    fileprivate var isNameFilter: Bool {
        var name = self[...]
        if name.hasPrefix("!") { name = name.dropFirst() }
        guard name != "*" else { return true }
        if name.hasPrefix("*.") { name = name.dropFirst(2) }
        return (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}

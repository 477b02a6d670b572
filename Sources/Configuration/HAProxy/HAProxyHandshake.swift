import TLSOptions

/// What a line `bind`, and one of a `crt-list` in brackets, say of how handshakes are done.
struct HAProxyHandshake: Sendable {
    var options = TLSHandshakeOptions<String>()
    /// The versions that a line of a list says.
    var versions = HAProxyTLSVersions()
    /// What is in the files that it names.
    private(set) var files = HAProxyTLSFiles()
    /// `ca-base`.
    var authoritiesFolder: String?

    /// haproxy's configuration manual, section 5.1.
    static func rules<Target>(
        at field: Field<Target, HAProxyHandshake>
    ) -> [String: Rule<Target>] {
        func rule(_ body: @escaping Reader) -> Rule<Target> {
            .line { target, arguments throws(Remark) in
                try body(&target[keyPath: field], &arguments)
            }
        }
        return verificationRules.merging(parameterRules) { own, _ in own }.mapValues(rule)
    }

    /// Reads the arguments of a word.
    private typealias Reader =
        @Sendable (inout HAProxyHandshake, inout Arguments) throws(Remark) -> Void

    private static let verificationRules: [String: Reader] = [
        "verify": { line, arguments throws(Remark) in
            line.options.verification = try arguments.choice(of: [
                "none": ClientVerification.off, "optional": .optional, "required": .required,
            ])
        },
        "ca-file": { line, arguments throws(Remark) in
            line.options.authorities = try line.authorities(&arguments)
        },
        "ca-verify-file": { line, arguments throws(Remark) in
            line.options.unsentAuthorities = try line.authorities(&arguments)
        },
        "no-ca-names": { line, _ throws(Remark) in line.options.sendsAuthorityNames = false },
        "crl-file": { line, arguments throws(Remark) in
            let path = try arguments.next("a path").below(line.authoritiesFolder)
            line.files.revocationLists[path.text] = try path.revocationLists()
            line.options.revocationLists = path.text
        },
    ]

    private static let parameterRules: [String: Reader] = {
        func text(
            _ parameter: Field<TLSParameters, String?>,
            _ read: @escaping @Sendable (inout Arguments) throws(Remark) -> String
        ) -> Reader {
            { line, arguments throws(Remark) in
                line.options.parameters[keyPath: parameter] = try read(&arguments)
            }
        }
        let curves = text(\.groups) { arguments throws(Remark) in try arguments.curves() }
        return [
            "alpn": { line, arguments throws(Remark) in
                line.options.parameters.applicationProtocols =
                    try arguments.applicationProtocols()
            },
            "no-alpn": { line, _ throws(Remark) in
                line.options.parameters.applicationProtocols = []
            },
            "ciphers": text(\.ciphers) { arguments throws(Remark) in try arguments.ciphers() },
            "ciphersuites": text(\.cipherSuites) { arguments throws(Remark) in
                try arguments.cipherSuites()
            },
            "curves": curves, "ecdhe": curves,
            "sigalgs": text(\.signatureAlgorithms) { arguments throws(Remark) in
                try arguments.signatureAlgorithms()
            },
            "client-sigalgs": text(\.clientSignatureAlgorithms) { arguments throws(Remark) in
                try arguments.signatureAlgorithms()
            },
            "allow-0rtt": { _, arguments throws(Remark) in
                throw HAProxyHandshake.earlyData(at: arguments.keyword.position)
            },
        ]
    }()

    private static func earlyData(at position: Position) -> Remark {
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

extension Arguments {
    /// Groups of the key exchange in OpenSSL's words, whose meaning is left to who does the handshake.
    mutating func curves() throws(Remark) -> String {
        try listedWords("curves", such: "X25519:P-256", marks: "-_")
    }

    /// Signature algorithms in OpenSSL's words, likewise.
    mutating func signatureAlgorithms() throws(Remark) -> String {
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

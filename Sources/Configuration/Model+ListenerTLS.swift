/// How connections of clients do their TLS handshake, which ends here (`bind … ssl`).
///
/// Files that it names stand in ``Model/authorities`` and ``Model/certificates``.
public struct ListenerTLS: Hashable, Sendable, Codable {
    /// A certificate that may be shown.
    public struct Certificate: Hashable, Sendable, Codable {
        /// Its file, with its chain and its key, in PEM form.
        public var path: String
        /// For which names it is shown, each perhaps with `*.` before it; empty: for those that it is made
        /// out to.
        public var names: [String]

        /// Makes one.
        public init(path: String, names: [String] = []) {
            self.path = path
            self.names = names
        }
    }

    /// What is asked of a client's own certificate.
    public enum Verification: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing; none is asked for.
        case none
        /// It need not have one, but one that it shows must be trusted.
        case optional
        /// It must show one that is trusted.
        case required
    }

    /// The certificates (`crt`, `crt-list`), at least one; the first is shown to whoever asks for a name that
    /// none is for, or for none.
    public var certificates: [Certificate] = []
    /// Whether a handshake that asks for such a name, or for none, is refused (`strict-sni`).
    public var refusesOtherNames = false
    /// What is asked of a client's certificate (`verify`).
    public var verification = Verification.none
    /// Who may have signed it (`ca-file`); set where one is asked for.
    public var authoritiesPath: String?
    /// The file of those that were revoked (`crl-file`), which stands in ``Model/revocationLists``.
    public var revocationListPath: String?
    /// What is agreed to by ALPN, the best first (`alpn`); empty: nothing.
    public var applicationProtocols: [String] = []
    /// The ciphers of TLS up to 1.2, in OpenSSL's words (`ciphers`); `nil`: the library's.
    public var ciphers: String?
    /// The cipher suites of TLS 1.3, between colons (`ciphersuites`); `nil`: the library's.
    public var cipherSuites: String?
    /// The groups of the key exchange, between colons (`curves`, `ecdhe`); `nil`: the library's.
    public var groups: String?
    /// The least version (`ssl-min-ver`); `nil`: TLS 1.2.
    public var minimumVersion: ServerTLS.Version?
    /// The greatest version (`ssl-max-ver`), not below ``minimumVersion``; `nil`: the library's.
    public var maximumVersion: ServerTLS.Version?
    /// Whether of the ciphers that both sides have the client's best is taken (`prefer-client-ciphers`).
    public var prefersClientCiphers = false
    /// Whether a session can be resumed by a ticket (without `no-tls-tickets`).
    public var givesTickets = true
    /// The file of the keys of these tickets (`tls-ticket-keys`), which stand in ``Model/ticketKeys``; `nil`:
    /// nobody else knows them.
    public var ticketKeysPath: String?

    /// Makes a handshake that asks for no certificate of a client's.
    public init() {}
}

/// What is known of a client's TLS that ended here, as a text; haproxy's names.
public enum TLSText: String, Hashable, Sendable, Codable, CaseIterable {
    /// The name that the client asked for.
    case serverName = "ssl_fc_sni"
    /// The protocol that was agreed on.
    case applicationProtocol = "ssl_fc_alpn"
    /// The version, such as `TLSv1.3`.
    case version = "ssl_fc_protocol"
    /// The cipher, by OpenSSL's name.
    case cipher = "ssl_fc_cipher"
    /// The common name that the client's certificate is made out to.
    case subjectName = "ssl_c_s_dn(cn)"
    /// That of who signed it.
    case issuerName = "ssl_c_i_dn(cn)"

    /// A sample by its name and what stands in its parentheses, as haproxy has it in any case; `nil`:
    /// another one.
    init?(sample name: some StringProtocol, _ argument: String?) {
        self.init(rawValue: name + (argument.map { "(\($0.lowercased()))" } ?? ""))
    }

    /// The names without what stands in parentheses.
    static let sampleNames = allCases.map { String($0.rawValue.prefix { $0 != "(" }) }
}

/// What is known of a client's TLS that ended here, as a number; haproxy's names.
public enum TLSNumber: String, Hashable, Sendable, Codable, CaseIterable {
    /// 1 where it did end here, otherwise 0.
    case isSecured = "ssl_fc"
    /// 1 where the client asked for a name.
    case hasServerName = "ssl_fc_has_sni"
    /// 1 where the client showed a certificate in this handshake.
    case showedCertificate = "ssl_fc_has_crt"
    /// 1 where the client showed a certificate, be it in a handshake that this one resumed.
    case usesCertificate = "ssl_c_used"
    /// 1 where an earlier session was resumed.
    case isResumed = "ssl_fc_is_resumed"
    /// What verifying the client's certificate came to, 0 being well (X509_V_ERR_…, openssl-verify(1)).
    case verification = "ssl_c_verify"
}

extension ConnectionRule {
    /// Whether it asks for what a client's TLS handshake tells that ends here.
    var needsHandshake: Bool {
        let questions = condition.alternatives.joined().flatMap(\.questions)
        switch action {
        case .track(let tracking) where tracking.key.needsHandshake: return true
        case .setVariable(_, let value) where value.key?.needsHandshake == true: return true
        case .capture(let value, _) where value.key?.needsHandshake == true: return true
        default: return questions.contains(where: \.needsHandshake)
        }
    }
}

extension ConnectionQuestion {
    /// Whether the answer lies in a TLS handshake that ends here.
    var needsHandshake: Bool {
        switch self {
        case .tlsText, .tlsNumber: true
        case .counter(let question, _): question.key?.needsHandshake == true
        default: false
        }
    }
}

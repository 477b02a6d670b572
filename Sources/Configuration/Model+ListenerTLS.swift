/// How connections of clients do their TLS handshake, which ends here (`bind … ssl`).
///
/// Files that it names stand in ``Model/authorities`` and ``Model/certificates``.
public struct ListenerTLS: Hashable, Sendable, Codable {
    /// A certificate that may be shown.
    public struct Certificate: Hashable, Sendable, Codable {
        /// Its file, with its chain and its key, in PEM form.
        public var path: String
        /// For which names it is shown, each perhaps with `*.` before it, and after `!` for which ones of
        /// those not; empty: for those that it is made out to.
        public var names: [String]
        /// What holds for handshakes that it is chosen for instead of the listener's own (a `crt-list`'s
        /// options in brackets).
        public var own = Manner()

        /// Makes one.
        public init(path: String, names: [String] = []) {
            self.path = path
            self.names = names
        }
    }

    /// What the lines of a `crt-list` can say each for itself; `nil`: as the listener has it.
    public struct Manner: Hashable, Sendable, Codable {
        /// As ``ListenerTLS/verification``.
        public var verification: Verification?
        /// As ``ListenerTLS/authoritiesPath``.
        public var authoritiesPath: String?
        /// As ``ListenerTLS/unnamedAuthoritiesPath``.
        public var unnamedAuthoritiesPath: String?
        /// As ``ListenerTLS/namesAuthorities``.
        public var namesAuthorities: Bool?
        /// As ``ListenerTLS/revocationListPath``.
        public var revocationListPath: String?
        /// As ``ListenerTLS/applicationProtocols``.
        public var applicationProtocols: [String]?
        /// As ``ListenerTLS/ciphers``.
        public var ciphers: String?
        /// As ``ListenerTLS/cipherSuites``.
        public var cipherSuites: String?
        /// As ``ListenerTLS/groups``.
        public var groups: String?
        /// As ``ListenerTLS/signatures``.
        public var signatures: String?
        /// As ``ListenerTLS/clientSignatures``.
        public var clientSignatures: String?
        /// As ``ListenerTLS/minimumVersion``.
        public var minimumVersion: ServerTLS.Version?
        /// As ``ListenerTLS/maximumVersion``.
        public var maximumVersion: ServerTLS.Version?

        /// Makes one that says nothing.
        public init() {}
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
    /// The file of further ones that clients are not told of (`ca-verify-file`), among the same.
    public var unnamedAuthoritiesPath: String?
    /// Whether clients are told of them by name (without `no-ca-names`).
    public var namesAuthorities = true
    /// The errors of a client's own certificate that are passed over (`crt-ignore-err`, X509_V_ERR_…).
    public var ignoredCertificateErrors: [Int] = []
    /// The same of those above it (`ca-ignore-err`).
    public var ignoredAuthorityErrors: [Int] = []
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
    /// The signatures that this node makes, in OpenSSL's words between colons, the best first (`sigalgs`);
    /// `nil`: the library's.
    public var signatures: String?
    /// Those of clients with certificates that are taken (`client-sigalgs`); `nil`: the library's.
    public var clientSignatures: String?
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

    /// How handshakes are done that a certificate is chosen for.
    public func applying(_ own: Manner) -> ListenerTLS {
        var all = self
        all.verification = own.verification ?? verification
        all.authoritiesPath = own.authoritiesPath ?? authoritiesPath
        all.unnamedAuthoritiesPath = own.unnamedAuthoritiesPath ?? unnamedAuthoritiesPath
        all.namesAuthorities = own.namesAuthorities ?? namesAuthorities
        all.revocationListPath = own.revocationListPath ?? revocationListPath
        all.applicationProtocols = own.applicationProtocols ?? applicationProtocols
        all.ciphers = own.ciphers ?? ciphers
        all.cipherSuites = own.cipherSuites ?? cipherSuites
        all.groups = own.groups ?? groups
        all.signatures = own.signatures ?? signatures
        all.clientSignatures = own.clientSignatures ?? clientSignatures
        all.minimumVersion = own.minimumVersion ?? minimumVersion
        all.maximumVersion = own.maximumVersion ?? maximumVersion
        return all
    }
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
    /// The first error of that certificate in this handshake.
    case certificateError = "ssl_c_err"
    /// The first error of those above it.
    case authorityError = "ssl_c_ca_err"
    /// How far above it that one stands.
    case authorityErrorDepth = "ssl_c_ca_err_depth"
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

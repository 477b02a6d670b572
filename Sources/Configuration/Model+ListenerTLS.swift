public import TLSOptions

/// How connections of clients do their TLS handshake, which ends here (`bind … ssl`).
///
/// Files that it names stand in ``Model/authorities`` and ``Model/certificates``, lists of revoked
/// certificates in ``Model/revocationLists``.
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
        public var handshake = TLSHandshakeOptions<String>()

        /// Makes one.
        public init(path: String, names: [String] = []) {
            self.path = path
            self.names = names
        }
    }

    /// The certificates (`crt`, `crt-list`), at least one; the first is shown to whoever asks for a name that
    /// none is for, or for none.
    public var certificates: [Certificate] = []
    /// How handshakes are done, but for what a certificate has for itself.
    public var handshake = TLSHandshakeOptions<String>.defaults
    /// What no certificate has for itself.
    public var options = TLSListenerOptions.defaults
    /// The file of the keys of session tickets (`tls-ticket-keys`), which stand in ``Model/ticketKeys``;
    /// `nil`: nobody else knows them.
    public var ticketKeysPath: String?

    /// Makes a handshake that asks for no certificate of a client's.
    public init() {}

    /// How handshakes are done that a certificate is chosen for.
    public func handshake(of certificate: Certificate) -> TLSHandshakeOptions<String> {
        certificate.handshake.completed(by: handshake)
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
        case .shareBandwidth(let shared) where shared.key.needsHandshake: return true
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

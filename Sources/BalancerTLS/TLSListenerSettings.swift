/// How handshakes with clients are done, whose TLS ends here.
public struct TLSListenerSettings: Hashable, Sendable {
    /// A certificate that may be shown.
    public struct Certificate: Hashable, Sendable {
        /// What errors call it, such as its file.
        public var name: String
        /// It, those between it and its authority, and its key, in PEM format.
        public var pem: [UInt8]
        /// For which names it is shown, each perhaps with `*.` before it, and after `!` for which ones of
        /// those not; empty: for those that it is made out to.
        public var serverNames: [String]
        /// What holds for handshakes that it is shown in instead of the settings' own.
        public var own = Manner()

        /// Makes one.
        public init(name: String, pem: [UInt8], serverNames: [String] = []) {
            self.name = name
            self.pem = pem
            self.serverNames = serverNames
        }
    }

    /// What can be another thing for each certificate; `nil`: as the settings have it.
    public struct Manner: Hashable, Sendable {
        /// As ``TLSListenerSettings/verification``.
        public var verification: Verification?
        /// As ``TLSListenerSettings/authorities``.
        public var authorities: [UInt8]?
        /// As ``TLSListenerSettings/unnamedAuthorities``.
        public var unnamedAuthorities: [UInt8]?
        /// As ``TLSListenerSettings/namesAuthorities``.
        public var namesAuthorities: Bool?
        /// As ``TLSListenerSettings/revocationList``.
        public var revocationList: [UInt8]?
        /// As ``TLSListenerSettings/applicationProtocols``.
        public var applicationProtocols: [String]?
        /// As ``TLSListenerSettings/ciphers``.
        public var ciphers: String?
        /// As ``TLSListenerSettings/cipherSuites``.
        public var cipherSuites: String?
        /// As ``TLSListenerSettings/groups``.
        public var groups: String?
        /// As ``TLSListenerSettings/signatures``.
        public var signatures: String?
        /// As ``TLSListenerSettings/clientSignatures``.
        public var clientSignatures: String?
        /// As ``TLSListenerSettings/minimumVersion``.
        public var minimumVersion: TLSSettings.Version?
        /// As ``TLSListenerSettings/maximumVersion``.
        public var maximumVersion: TLSSettings.Version?

        /// Makes one that says nothing.
        public init() {}
    }

    /// What is asked of a client's own certificate.
    public enum Verification: Hashable, Sendable {
        /// Nothing; none is asked for.
        case none
        /// It need not have one, but one that it shows must be trusted.
        case optional
        /// It must show one that is trusted.
        case required
    }

    /// The certificates (`crt`), at least one.
    ///
    /// The first is shown to who asks for a name that none is for, or for none, with those of its name. Of those for one name the first of each kind of key counts.
    public var certificates: [Certificate]
    /// Whether who asks for such a name, or for none, is refused (`strict-sni`).
    public var refusesOtherNames = false
    /// What is asked of a client's certificate (`verify`).
    public var verification = Verification.none
    /// Who may have signed it, certificates in PEM format (`ca-file`).
    public var authorities: [UInt8] = []
    /// Further ones, which clients are not told of (`ca-verify-file`).
    public var unnamedAuthorities: [UInt8] = []
    /// Whether clients are told of ``authorities`` by name, so that one with several certificates knows which
    /// is meant (without `no-ca-names`).
    public var namesAuthorities = true
    /// What may be wrong with a client's own certificate (`crt-ignore-err`, X509_V_ERR_…).
    public var ignoredCertificateErrors: Set<Int> = []
    /// The same of those above it (`ca-ignore-err`).
    public var ignoredAuthorityErrors: Set<Int> = []
    /// Those that were revoked, lists in PEM format (`crl-file`), one of each authority of a chain; `nil`:
    /// nobody looks.
    public var revocationList: [UInt8]?
    /// What is agreed to by ALPN (RFC 7301), the best first, each of 1 to 255 bytes (`alpn`).
    ///
    /// A client that offers none of them goes on without.
    public var applicationProtocols: [String] = []
    /// What is spoken up to TLS 1.2, in OpenSSL's words (`ciphers`, ciphers(1)); `nil`: its usual ones.
    public var ciphers: String?
    /// The same for TLS 1.3 (`ciphersuites`).
    public var cipherSuites: String?
    /// The groups of the key exchange, in OpenSSL's words with colons between them (`curves`); `nil`: its
    /// usual ones.
    public var groups: String?
    /// The signatures that are made, in OpenSSL's words with colons between them, the best first
    /// (`sigalgs`); `nil`: its usual ones.
    public var signatures: String?
    /// Those of clients with certificates that are taken (`client-sigalgs`).
    public var clientSignatures: String?
    /// The lowest version that is spoken (`ssl-min-ver`).
    public var minimumVersion = TLSSettings.Version.oneTwo
    /// The highest one (`ssl-max-ver`).
    public var maximumVersion = TLSSettings.Version.oneThree
    /// Whether of the ciphers that both have the client's best is taken (`prefer-client-ciphers`).
    public var prefersClientCiphers = false
    /// Whether clients get tickets, by which they may go on with a session (`no-tls-tickets` takes them
    /// away).
    public var givesTickets = true
    /// How long after its last use they may, in whole seconds (`tune.ssl.lifetime`).
    public var sessionLife = Duration.seconds(300)
    /// By which keys (`tls-ticket-keys`); `nil`: by ones that nobody else has.
    public var ticketKeys: TicketKeys?

    /// Makes handshakes of TLS 1.2 and 1.3 that ask clients for nothing.
    public init(_ certificates: [Certificate]) { self.certificates = certificates }

    /// How handshakes are done that a certificate is shown in; there is none among these.
    func applying(_ own: Manner) -> TLSListenerSettings {
        var all = self
        all.certificates = []
        all.verification = own.verification ?? verification
        all.authorities = own.authorities ?? authorities
        all.unnamedAuthorities = own.unnamedAuthorities ?? unnamedAuthorities
        all.namesAuthorities = own.namesAuthorities ?? namesAuthorities
        all.revocationList = own.revocationList ?? revocationList
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

    /// Whether clients' certificates are trusted for the same reasons.
    func trusts(as other: TLSListenerSettings) -> Bool {
        authorities == other.authorities && unnamedAuthorities == other.unnamedAuthorities
            && namesAuthorities == other.namesAuthorities
            && revocationList == other.revocationList
    }
}

/// How handshakes with clients are done, whose TLS ends here.
public struct TLSListenerSettings: Hashable, Sendable {
    /// A certificate that may be shown.
    public struct Certificate: Hashable, Sendable {
        /// What errors call it, such as its file.
        public var name: String
        /// It, those between it and its authority, and its key, in PEM format.
        public var pem: [UInt8]
        /// For which names it is shown, each perhaps with `*.` before it; empty: for those that it is made
        /// out to.
        public var serverNames: [String]

        /// Makes one.
        public init(name: String, pem: [UInt8], serverNames: [String] = []) {
            self.name = name
            self.pem = pem
            self.serverNames = serverNames
        }
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
    /// The lowest version that is spoken (`ssl-min-ver`).
    public var minimumVersion = TLSSettings.Version.oneTwo
    /// The highest one (`ssl-max-ver`).
    public var maximumVersion = TLSSettings.Version.oneThree
    /// Whether of the ciphers that both have the client's best is taken (`prefer-client-ciphers`).
    public var prefersClientCiphers = false
    /// Whether clients get tickets, by which they may go on with a session for 300 s (`no-tls-tickets`
    /// takes them away).
    public var givesTickets = true
    /// By which keys (`tls-ticket-keys`); `nil`: by ones that nobody else has.
    public var ticketKeys: TicketKeys?

    /// Makes handshakes of TLS 1.2 and 1.3 that ask clients for nothing.
    public init(_ certificates: [Certificate]) { self.certificates = certificates }
}

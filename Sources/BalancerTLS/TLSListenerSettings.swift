public import TLSOptions

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
        public var handshake = TLSHandshakeOptions<[UInt8]>()

        /// Makes one.
        public init(name: String, pem: [UInt8], serverNames: [String] = []) {
            self.name = name
            self.pem = pem
            self.serverNames = serverNames
        }
    }

    /// The certificates (`crt`), at least one.
    ///
    /// The first is shown to who asks for a name that none is for, or for none, with those of its name. Of
    /// those for one name the first of each kind of key counts.
    public var certificates: [Certificate]
    /// How handshakes are done, but for what a certificate has for itself.
    public var handshake = TLSHandshakeOptions<[UInt8]>.defaults
    /// What no certificate has for itself.
    public var options = TLSListenerOptions.defaults
    /// How long after its last use a session may be resumed, in whole seconds (`tune.ssl.lifetime`).
    public var sessionLife = Duration.seconds(300)
    /// The keys of session tickets (`tls-ticket-keys`); `nil`: ones that nobody else has.
    public var ticketKeys: TicketKeys?

    /// Makes handshakes of TLS 1.2 and 1.3 that ask clients for nothing.
    public init(_ certificates: [Certificate]) { self.certificates = certificates }

    /// How handshakes are done, with what holds where nothing is said.
    var completedHandshake: TLSHandshakeOptions<[UInt8]> {
        var all = handshake.completed(by: .defaults)
        all.parameters = all.parameters.withVersions
        return all
    }
}

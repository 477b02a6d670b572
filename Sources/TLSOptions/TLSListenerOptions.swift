/// What a line `bind` says of handshakes with clients that no certificate has for itself; `nil`: nothing is
/// said.
public struct TLSListenerOptions: Hashable, Sendable, Codable {
    /// Whether a handshake is refused that asks for a name which no certificate is for, or for none
    /// (`strict-sni`).
    public var isStrictSNI: Bool?
    /// Whether of the ciphers that both sides have the client's best is taken (`prefer-client-ciphers`).
    public var prefersClientCiphers: Bool?
    /// Whether clients get session tickets, by which they resume a session (`no-tls-tickets`).
    public var issuesTickets: Bool?
    /// The errors of a client's own certificate that are ignored (`crt-ignore-err`, X509_V_ERR_…).
    public var ignoredCertificateErrors: [Int]?
    /// The same of those above it (`ca-ignore-err`).
    public var ignoredAuthorityErrors: [Int]?

    /// Makes some that say nothing.
    public init() {}

    /// What holds where nothing is said.
    public static var defaults: TLSListenerOptions {
        var defaults = TLSListenerOptions()
        defaults.isStrictSNI = false
        defaults.prefersClientCiphers = false
        defaults.issuesTickets = true
        (defaults.ignoredCertificateErrors, defaults.ignoredAuthorityErrors) = ([], [])
        return defaults
    }

    /// These, and others for what these do not say.
    public func completed(by others: TLSListenerOptions) -> TLSListenerOptions {
        var all = self
        all.isStrictSNI = isStrictSNI ?? others.isStrictSNI
        all.prefersClientCiphers = prefersClientCiphers ?? others.prefersClientCiphers
        all.issuesTickets = issuesTickets ?? others.issuesTickets
        all.ignoredCertificateErrors = ignoredCertificateErrors ?? others.ignoredCertificateErrors
        all.ignoredAuthorityErrors = ignoredAuthorityErrors ?? others.ignoredAuthorityErrors
        return all
    }
}

/// What a handshake may negotiate, on either side; `nil`: nothing is said.
public struct TLSParameters: Hashable, Sendable, Codable {
    /// The protocols of ALPN (RFC 7301), the best first, each of 1 to 255 bytes (`alpn`); empty: none.
    ///
    /// A server that is offered none of them goes on without.
    public var applicationProtocols: [String]?
    /// The ciphers up to TLS 1.2, in OpenSSL's words (`ciphers`, ciphers(1)); `nil`: the library's.
    public var ciphers: String?
    /// The cipher suites of TLS 1.3, between colons (`ciphersuites`); `nil`: the library's.
    public var cipherSuites: String?
    /// The groups of the key exchange, in OpenSSL's words between colons (`curves`, `ecdhe`); `nil`: the
    /// library's.
    public var groups: String?
    /// The signature algorithms of the handshake, in OpenSSL's words between colons, the best first
    /// (`sigalgs`); `nil`: the library's.
    public var signatureAlgorithms: String?
    /// Those of a client that shows a certificate (`client-sigalgs`); `nil`: the library's.
    public var clientSignatureAlgorithms: String?
    /// The lowest version (`ssl-min-ver`); `nil`: TLS 1.2, or ``maximumVersion`` where that is lower.
    public var minimumVersion: TLSVersion?
    /// The highest version (`ssl-max-ver`); `nil`: TLS 1.3.
    public var maximumVersion: TLSVersion?

    /// Makes some that leave all to the library.
    public init() {}

    /// These, and others for what these do not say.
    public func completed(by others: TLSParameters) -> TLSParameters {
        var all = self
        all.applicationProtocols = applicationProtocols ?? others.applicationProtocols
        all.ciphers = ciphers ?? others.ciphers
        all.cipherSuites = cipherSuites ?? others.cipherSuites
        all.groups = groups ?? others.groups
        all.signatureAlgorithms = signatureAlgorithms ?? others.signatureAlgorithms
        all.clientSignatureAlgorithms =
            clientSignatureAlgorithms ?? others.clientSignatureAlgorithms
        all.minimumVersion = minimumVersion ?? others.minimumVersion
        all.maximumVersion = maximumVersion ?? others.maximumVersion
        return all
    }

    /// The versions that are spoken.
    ///
    /// Whoever wants an old one at most wants no newer one at least.
    public var versions: (minimum: TLSVersion, maximum: TLSVersion) {
        let maximum = maximumVersion ?? .tlsv13
        return (minimumVersion ?? min(.tlsv12, maximum), maximum)
    }

    /// These, with the versions that are spoken.
    public var withVersions: TLSParameters {
        var all = self
        (all.minimumVersion, all.maximumVersion) = versions
        return all
    }
}

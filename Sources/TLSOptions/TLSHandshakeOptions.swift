/// How handshakes with clients are done: what a line `bind` says for all of its certificates, and a line of a
/// `crt-list` for its own (haproxy's `ssl_bind_conf`).
///
/// `File` is what stands for a file in PEM format: its path in a configuration, its bytes where handshakes
/// are done.
public struct TLSHandshakeOptions<File: Hashable & Sendable>: Hashable, Sendable {
    /// What is negotiated.
    public var parameters = TLSParameters()
    /// What is asked of a client's certificate (`verify`); `nil`: nothing is said.
    public var verification: ClientVerification?
    /// The authorities who may have signed it (`ca-file`).
    public var authorities: File?
    /// Further ones, whose names clients are not sent (`ca-verify-file`).
    public var unsentAuthorities: File?
    /// Whether clients are sent the names of ``authorities``, so that one with several certificates knows
    /// which is meant (`no-ca-names`); `nil`: nothing is said.
    public var sendsAuthorityNames: Bool?
    /// The lists of revoked certificates, one of each authority of a chain (`crl-file`); `nil`: nobody looks.
    public var revocationLists: File?

    /// Makes some that say nothing.
    public init() {}

    /// What holds where nothing is said: clients are asked for no certificate, and no protocol is agreed to.
    public static var defaults: Self {
        var defaults = Self()
        defaults.parameters.applicationProtocols = []
        defaults.verification = .off
        defaults.sendsAuthorityNames = true
        return defaults
    }

    /// These, and others for what these do not say.
    public func completed(by others: Self) -> Self {
        var all = self
        all.parameters = parameters.completed(by: others.parameters)
        all.verification = verification ?? others.verification
        all.authorities = authorities ?? others.authorities
        all.unsentAuthorities = unsentAuthorities ?? others.unsentAuthorities
        all.sendsAuthorityNames = sendsAuthorityNames ?? others.sendsAuthorityNames
        all.revocationLists = revocationLists ?? others.revocationLists
        return all
    }

    /// The same with something else for the files.
    ///
    /// - Parameters:
    ///   - certificates: What stands for a file of certificates.
    ///   - revocationLists: What stands for a file of lists of revoked ones.
    /// - Returns: Options that are otherwise equal.
    public func mapFiles<Other>(
        certificates: (File) -> Other, revocationLists: (File) -> Other
    ) -> TLSHandshakeOptions<Other> {
        var other = TLSHandshakeOptions<Other>()
        other.parameters = parameters
        other.verification = verification
        other.authorities = authorities.map(certificates)
        other.unsentAuthorities = unsentAuthorities.map(certificates)
        other.sendsAuthorityNames = sendsAuthorityNames
        other.revocationLists = self.revocationLists.map(revocationLists)
        return other
    }

    /// Whether a client is asked for its certificate.
    public var verifiesClients: Bool { verification != nil && verification != .off }
}

extension TLSHandshakeOptions: Codable where File: Codable {}

/// What is asked of a client's certificate, by haproxy's word for it.
public enum ClientVerification: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing; none is asked for.
    case off = "none"
    /// It need not have one, but one that it shows must be trusted.
    case optional
    /// It must show one that is trusted.
    case required
}

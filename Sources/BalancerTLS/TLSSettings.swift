public import TLSOptions

/// How handshakes with servers are done, but for what each server has of its own (``TLSServer``).
public struct TLSSettings: Hashable, Sendable {
    /// Who may have signed a server's certificate.
    public enum Authorities: Hashable, Sendable {
        /// Whom the system trusts.
        case system
        /// Those of a file in PEM format, its bytes.
        case pem([UInt8])
    }

    /// Whether a server's certificate is verified (`verify`): that it is valid now, and that a trusted
    /// authority signed it.
    public var verifies = true
    /// Who may have signed it (`ca-file`).
    public var authorities = Authorities.system
    /// Lists of certificates that were revoked, in PEM format, one of each authority of a chain
    /// (`crl-file`); `nil`: nobody looks for them.
    public var revocationList: [UInt8]?
    /// This node's own certificate, those between it and its authority, and its key, in PEM format
    /// (`crt`); `nil`: none.
    public var certificate: [UInt8]?
    /// What is negotiated; by ALPN these protocols are offered.
    public var parameters = TLSParameters()
    /// Whether a server's tickets are used for the next handshakes with it (`ssl-reuse`).
    public var resumesSessions = true

    /// Makes handshakes of TLS 1.2 and 1.3 that verify against the system's authorities.
    public init() {}
}

/// Settings that no handshake can be done by; what is wrong, and what would be right.
public struct TLSSettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error in words.
    public let description: String

    init(_ description: String) { self.description = description }
}

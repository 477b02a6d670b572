/// How handshakes with servers are done, but for what each server has of its own (``TLSServer``).
public struct TLSSettings: Hashable, Sendable {
    /// A version of TLS.
    public enum Version: Int, Hashable, Sendable, CaseIterable, Comparable {
        /// TLS 1.0 (RFC 2246), which most systems' OpenSSL refuses.
        case one
        /// TLS 1.1 (RFC 4346), likewise.
        case oneOne
        /// TLS 1.2 (RFC 5246).
        case oneTwo
        /// TLS 1.3 (RFC 8446).
        case oneThree

        /// Whether one is older than another.
        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

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
    /// What is offered by ALPN (RFC 7301), each of 1 to 255 bytes (`alpn`).
    public var applicationProtocols: [String] = []
    /// What is offered up to TLS 1.2, in OpenSSL's words (`ciphers`, ciphers(1)); `nil`: its usual ones.
    public var ciphers: String?
    /// The same for TLS 1.3 (`ciphersuites`).
    public var cipherSuites: String?
    /// The lowest version that is spoken (`ssl-min-ver`).
    public var minimumVersion = Version.oneTwo
    /// The highest one (`ssl-max-ver`).
    public var maximumVersion = Version.oneThree
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

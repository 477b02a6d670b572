/// How connections to a server do their TLS handshake (`ssl`).
///
/// Files that it names stand in ``Model/authorities`` and ``Model/certificates``.
public struct ServerTLS: Hashable, Sendable, Codable {
    /// A version of the protocol, by haproxy's word for it; the cases stand in their order.
    public enum Version: String, Hashable, Sendable, Codable, CaseIterable {
        /// RFC 2246.
        case one = "TLSv1.0"
        /// RFC 4346.
        case oneOne = "TLSv1.1"
        /// RFC 5246.
        case oneTwo = "TLSv1.2"
        /// RFC 8446.
        case oneThree = "TLSv1.3"
    }

    /// The name that is asked for by SNI (`sni str(NAME)`), never an address (RFC 6066, section 3);
    /// `nil`: none.
    public var serverName: String?
    /// What of a client names the one that is asked for in ``serverName``'s place (`sni SAMPLE`): a text of
    /// his, or a variable; `nil`: nothing.
    public var serverNameSource: VariableExpression?
    /// How far the server's certificate is checked (`verify`).
    public var verification = CheckTLS.Verification.certificate
    /// The name that the certificate is checked against where ``verification`` says so.
    ///
    /// As haproxy has it: that of SNI, else that of `verifyhost`. Beside ``serverNameSource`` it is for
    /// clients who name nobody, and without one such a client's server need only be trusted.
    public var verifiedName: String?
    /// The file of trusted authorities (`ca-file`); `nil`: the system's.
    public var authoritiesPath: String?
    /// The file of certificates that were revoked (`crl-file`), which stands in
    /// ``Model/revocationLists``; `nil`: nobody looks for them.
    public var revocationListPath: String?
    /// The file of the certificate that is shown to the server, with its chain and its key, in PEM
    /// form (`crt`); `nil`: none is shown.
    public var certificatePath: String?
    /// What is offered by ALPN, the best first (`alpn`); empty: nothing.
    public var applicationProtocols: [String] = []
    /// The ciphers of TLS up to 1.2, in OpenSSL's words (`ciphers`); `nil`: the library's.
    public var ciphers: String?
    /// The cipher suites of TLS 1.3, between colons (`ciphersuites`); `nil`: the library's.
    public var cipherSuites: String?
    /// The least version (`ssl-min-ver`); `nil`: the library's.
    public var minimumVersion: Version?
    /// The greatest version (`ssl-max-ver`), not below ``minimumVersion``; `nil`: the library's.
    public var maximumVersion: Version?
    /// Whether a connection goes on with the keys of an earlier one where the server agrees
    /// (`ssl-reuse`).
    public var resumesSessions = true
    /// Makes a handshake that verifies the certificate against the system's authorities.
    public init() {}
}

extension Backend {
    /// What of a client names the one that a server is asked for.
    var nameKeys: [ConnectionKeyName] { servers.compactMap(\.tls?.serverNameSource?.key) }

    /// The variables that do, and those whose values PROXY headers tell.
    var toldVariables: [VariableName] {
        servers.flatMap { server in
            ([server.tls?.serverNameSource].compactMap(\.self)
                + server.connection.headerExtensions.map(\.value)).compactMap(\.variableName)
        }
    }
}

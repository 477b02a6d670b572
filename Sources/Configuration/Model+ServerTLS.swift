public import TLSOptions

/// How connections to a server do their TLS handshake (`ssl`).
///
/// Files that it names stand in ``Model/authorities`` and ``Model/certificates``.
public struct ServerTLS: Hashable, Sendable, Codable {
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
    /// What is negotiated; by ALPN these protocols are offered.
    public var parameters = TLSParameters()
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

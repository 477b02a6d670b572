internal import TLSOptions

/// What handshakes with any number of servers have in common, read once.
///
/// The authorities are what makes it large (about 1 MB for a system's), so it is to be shared.
public final class TLSContext: Sendable {
    let context: OpenSSLContext
    /// The settings.
    public let settings: TLSSettings

    /// Reads the settings.
    ///
    /// - Parameter settings: The settings.
    /// - Throws: ``TLSSettingsError``, where authorities, a list or a certificate are none, a key is missing,
    ///   locked or another one's, or OpenSSL does not know a cipher.
    public init(_ settings: TLSSettings) throws(TLSSettingsError) {
        context = try OpenSSLContext(.client)
        self.settings = settings
        try context.negotiate(settings.parameters)
        try context.offerProtocols(
            ApplicationProtocols(settings.parameters.applicationProtocols ?? []))
        if settings.verifies {
            try context.verifyServers(by: settings.authorities)
            if let list = settings.revocationList { try context.addRevocationLists(list) }
        }
        if let certificate = settings.certificate {
            try context.useCertificate(PEMFile(certificate), named: "certificate")
        }
        if settings.resumesSessions { context.cacheSessions() }
    }
}

#if Program
internal import NIOSSL
public import TLSOptions

/// What ends the TLS of a page's clients (`bind … ssl`).
public struct PageSecurity: Sendable {
    /// How handshakes are done.
    public struct Settings: Hashable, Sendable {
        /// The certificate, those between it and its authority, and its key, in PEM format.
        public var certificate: [UInt8]
        /// What is asked of a client's certificate.
        public var verification = ClientVerification.off
        /// Who may have signed it, in PEM format.
        public var authorities: [UInt8] = []
        /// Whether clients are sent their names.
        public var sendsAuthorityNames = true
        /// The lowest version that is spoken.
        public var minimumVersion = TLSOptions.TLSVersion.tlsv12
        /// The highest one.
        public var maximumVersion = TLSOptions.TLSVersion.tlsv13

        /// Makes handshakes of TLS 1.2 and 1.3 that ask for no certificate.
        public init(certificate: [UInt8]) { self.certificate = certificate }
    }

    /// The settings.
    public let settings: Settings
    private let context: NIOSSLContext

    /// Prepares handshakes.
    ///
    /// - Parameter settings: How they are done.
    /// - Throws: ``PageSecurityError``, where the certificate or its key is none, or authorities are none.
    public init(_ settings: Settings) throws(PageSecurityError) {
        self.settings = settings
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(settings.certificate)
            let key = try NIOSSLPrivateKey(bytes: settings.certificate, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = settings.minimumVersion.library
            configuration.maximumTLSVersion = settings.maximumVersion.library
            configuration.applicationProtocols = ["http/1.1"]
            switch settings.verification {
            case .off: break
            case .optional: configuration.certificateVerification = .optionalVerification
            case .required: configuration.certificateVerification = .noHostnameVerification
            }
            if settings.verification != .off {
                let authorities = try NIOSSLCertificate.fromPEMBytes(settings.authorities)
                configuration.trustRoots = .certificates(authorities)
                configuration.sendCANameList = settings.sendsAuthorityNames
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw PageSecurityError(description: "\(error)")
        }
    }

    /// What a connection's bytes go through.
    func makeHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: context) }
}

extension PageSecurity: Hashable {
    /// Whether both do the same handshakes.
    public static func == (one: Self, other: Self) -> Bool { one.settings == other.settings }

    /// Feeds the settings.
    public func hash(into hasher: inout Hasher) { hasher.combine(settings) }
}

extension TLSOptions.TLSVersion {
    fileprivate var library: NIOSSL.TLSVersion {
        switch self {
        case .tlsv10: .tlsv1
        case .tlsv11: .tlsv11
        case .tlsv12: .tlsv12
        case .tlsv13: .tlsv13
        }
    }
}

/// Settings that no handshake of a page's clients can be done by.
public struct PageSecurityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error in words.
    public let description: String
}
#endif

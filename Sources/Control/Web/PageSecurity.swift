#if Program
internal import NIOSSL

/// What ends the TLS of a page's clients (`bind … ssl`).
public struct PageSecurity: Sendable {
    /// A version of TLS.
    public enum Version: Hashable, Sendable {
        /// TLS 1.0 (RFC 2246).
        case one
        /// TLS 1.1 (RFC 4346).
        case oneOne
        /// TLS 1.2 (RFC 5246).
        case oneTwo
        /// TLS 1.3 (RFC 8446).
        case oneThree
    }

    /// What is asked of a client's own certificate.
    public enum Verification: Hashable, Sendable {
        /// Nothing; none is asked for.
        case none
        /// It need not have one, but one that it shows must be trusted.
        case optional
        /// It must show one that is trusted.
        case required
    }

    /// How handshakes are done.
    public struct Settings: Hashable, Sendable {
        /// The certificate, those between it and its authority, and its key, in PEM format.
        public var certificate: [UInt8]
        /// What is asked of a client's certificate.
        public var verification = Verification.none
        /// Who may have signed it, in PEM format.
        public var authorities: [UInt8] = []
        /// Whether clients are told of them by name.
        public var namesAuthorities = true
        /// The lowest version that is spoken.
        public var minimumVersion = Version.oneTwo
        /// The highest one.
        public var maximumVersion = Version.oneThree

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
            case .none: break
            case .optional: configuration.certificateVerification = .optionalVerification
            case .required: configuration.certificateVerification = .noHostnameVerification
            }
            if settings.verification != .none {
                let authorities = try NIOSSLCertificate.fromPEMBytes(settings.authorities)
                configuration.trustRoots = .certificates(authorities)
                configuration.sendCANameList = settings.namesAuthorities
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

extension PageSecurity.Version {
    fileprivate var library: TLSVersion {
        switch self {
        case .one: .tlsv1
        case .oneOne: .tlsv11
        case .oneTwo: .tlsv12
        case .oneThree: .tlsv13
        }
    }
}

/// Settings that no handshake of a page's clients can be done by.
public struct PageSecurityError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error in words.
    public let description: String
}
#endif

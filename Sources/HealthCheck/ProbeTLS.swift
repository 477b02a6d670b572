#if Probes
import NIOCore
import NIOSSL

/// How a check does its TLS handshake.
public struct ProbeTLS: Sendable {
    /// How far the server's certificate is checked.
    public enum Verification: Hashable, Sendable, Codable {
        /// Not at all: that it has expired is a fact then, not a failure.
        case none
        /// That it is valid now and that a trusted authority signed it.
        case certificate
        /// That, and that it is made out to the server's name.
        case certificateAndName
    }

    /// A version of the protocol.
    public enum Version: Hashable, Sendable {
        /// RFC 2246.
        case tlsv10
        /// RFC 4346.
        case tlsv11
        /// RFC 5246.
        case tlsv12
        /// RFC 8446.
        case tlsv13

        fileprivate var known: TLSVersion {
            switch self {
            case .tlsv10: .tlsv1
            case .tlsv11: .tlsv11
            case .tlsv12: .tlsv12
            case .tlsv13: .tlsv13
            }
        }
    }

    /// Which authorities are trusted.
    public enum Authorities: Hashable, Sendable {
        /// Those of the system.
        case system
        /// Those in a file in PEM format; the path.
        case file(String)
        /// Those of such a file that was read already.
        case pem([UInt8])
    }

    /// The name that is asked for (SNI) and that the certificate is checked against.
    public let serverName: String?
    /// The fewest days that the certificate must still be valid for; `nil`: only a fact.
    public var minimumDaysLeft: Int?
    private let context: NIOSSLContext

    /// Reads what the handshakes need, once for all of them.
    ///
    /// - Parameters:
    ///   - serverName: The name that is asked for (SNI, RFC 6066 §3) and that the certificate is
    ///     checked against; not an address.
    ///   - applicationProtocols: What is offered by ALPN (RFC 7301), `http/1.1` for example.
    ///   - verification: How far the server's certificate is checked.
    ///   - authorities: Who may have signed it.
    ///   - minimumVersion: The lowest version that is spoken; `nil`: the library's, TLS 1.0.
    ///   - maximumVersion: The highest one; `nil`: the library's.
    ///   - certificate: What is shown to a server that asks for it: a certificate, those between it and its
    ///     authority, and its key, in PEM format; `nil`: nothing.
    /// - Throws: ``ProbeSettingsError/tls(reason:)`` where the authorities' file cannot be read, the
    ///   certificate or its key is none, the server name is an address or no name, or a name is to be
    ///   checked and none is given.
    public init(
        serverName: String? = nil, applicationProtocols: [String] = [],
        verification: Verification = .certificateAndName, authorities: Authorities = .system,
        minimumVersion: Version? = nil, maximumVersion: Version? = nil,
        certificate: [UInt8]? = nil
    ) throws(ProbeSettingsError) {
        guard serverName != nil || verification != .certificateAndName else {
            throw .tls(reason: "the server's name is to be checked, and none is given")
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = applicationProtocols
        if let minimumVersion { configuration.minimumTLSVersion = minimumVersion.known }
        if let maximumVersion { configuration.maximumTLSVersion = maximumVersion.known }
        configuration.certificateVerification =
            switch verification {
            case .none: .none
            case .certificate: .noHostnameVerification
            case .certificateAndName: .fullVerification
            }
        self.serverName = serverName
        do {
            if verification != .none {
                configuration.trustRoots = try NIOSSLTrustRoots(authorities)
            }
            if let certificate {
                configuration.certificateChain =
                    try NIOSSLCertificate.fromPEMBytes(certificate).map { .certificate($0) }
                configuration.privateKey = .privateKey(
                    try NIOSSLPrivateKey(bytes: certificate, format: .pem))
            }
            context = try NIOSSLContext(configuration: configuration)
            _ = try NIOSSLClientHandler(context: context, serverHostname: serverName)
        } catch {
            throw .tls(reason: "\(error)")
        }
    }

    func makeHandler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: context, serverHostname: serverName)
    }
}

extension NIOSSLTrustRoots {
    fileprivate init(_ authorities: ProbeTLS.Authorities) throws {
        switch authorities {
        case .system: self = .default
        case .file(let path): self = .file(path)
        case .pem(let bytes): self = .certificates(try NIOSSLCertificate.fromPEMBytes(bytes))
        }
    }
}
#endif

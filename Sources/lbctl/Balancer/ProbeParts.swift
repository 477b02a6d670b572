#if Program
internal import HealthCheck
internal import NodeConfiguration
internal import TLSOptions

/// What the probes of many servers have in common and is costly to make: the trusted authorities of
/// a host are some hundred certificates.
final class ProbeParts {
    private var handshakes: [CheckTLS: ProbeTLS] = [:]
    private let authorities: [String: [UInt8]]
    private let certificates: [String: [UInt8]]
    /// Opened while it was allowed; `nil`: each check opens its own.
    let icmp: ICMPSockets?

    /// - Parameters:
    ///   - model: What is served.
    ///   - icmp: Sockets for echo requests, where this process may open none.
    init(_ model: Model, icmp: ICMPSockets?) {
        (authorities, certificates) = (model.authorities, model.certificates)
        self.icmp = icmp
    }

    /// How a handshake is done.
    ///
    /// - Throws: `ProbeSettingsError` where TLS cannot be set up.
    func tls(_ settings: CheckTLS) throws -> ProbeTLS {
        if let known = handshakes[settings] { return known }
        let verification: ProbeTLS.Verification =
            switch settings.verification {
            case .none: .none
            case .certificate: .certificate
            case .certificateAndName: .certificateAndName
            }
        var tls = try ProbeTLS(
            serverName: settings.serverName, applicationProtocols: settings.applicationProtocols,
            verification: verification,
            authorities: settings.authoritiesPath.map { .pem(authorities[$0] ?? []) } ?? .system,
            minimumVersion: settings.minimumVersion.map(ProbeTLS.Version.init),
            maximumVersion: settings.maximumVersion.map(ProbeTLS.Version.init),
            certificate: settings.certificatePath.map { certificates[$0] ?? [] })
        tls.minimumDaysLeft = settings.minimumDaysLeft
        handshakes[settings] = tls
        return tls
    }
}

extension ProbeTLS.Version {
    fileprivate init(_ version: TLSVersion) {
        self =
            switch version {
            case .tlsv10: .tlsv10
            case .tlsv11: .tlsv11
            case .tlsv12: .tlsv12
            case .tlsv13: .tlsv13
            }
    }
}
#endif

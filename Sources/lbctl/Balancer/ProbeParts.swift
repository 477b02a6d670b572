#if Program
internal import HealthCheck
internal import NodeConfiguration

/// What the probes of many servers have in common and is costly to make: the trusted authorities of
/// a host are some hundred certificates.
final class ProbeParts {
    private var handshakes: [CheckTLS: ProbeTLS] = [:]

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
            authorities: settings.authoritiesPath.map { .file($0) } ?? .system)
        tls.minimumDaysLeft = settings.minimumDaysLeft
        handshakes[settings] = tls
        return tls
    }
}
#endif

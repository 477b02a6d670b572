#if Program
internal import Balancer
internal import BalancerTLS
internal import LinuxIO
internal import NodeConfiguration
internal import Synchronization
internal import TLSOptions

extension Model {
    /// What encrypts connections to the servers of which that is said (`server … ssl`), by their places.
    ///
    /// - Throws: `Failure` that names the server whose settings no handshake can be done by.
    func serverSecurity() throws(Failure) -> [HealthTargets.Place: TLSServer] {
        var contexts: [ServerTLS: TLSContext] = [:]
        var servers: [HealthTargets.Place: TLSServer] = [:]
        for (pool, backend) in backends.enumerated() {
            for (number, server) in backend.servers.enumerated() {
                guard let tls = server.tls else { continue }
                let name = "server \(HealthTargets.id(backend, server))"
                servers[HealthTargets.Place(pool: pool, server: number)] = try makeServer(
                    tls, of: name, sharing: &contexts)
            }
        }
        return servers
    }

    /// What encrypts connections to who listens with TLS.
    ///
    /// - Parameters:
    ///   - tls: How.
    ///   - name: What errors call it.
    ///   - contexts: What others have in common, since trusted authorities are large, and the same for most.
    /// - Returns: It.
    /// - Throws: `Failure`, where no handshake can be done so.
    func makeServer(
        _ tls: ServerTLS, of name: String, sharing contexts: inout [ServerTLS: TLSContext]
    ) throws(Failure) -> TLSServer {
        var common = tls
        (common.serverName, common.verifiedName, common.serverNameSource) = (nil, nil, nil)
        do throws(TLSSettingsError) {
            let known = contexts[common]
            let context =
                if let known { known } else { try TLSContext(TLSSettings(common, in: self)) }
            contexts[common] = context
            let verifiesName = tls.verification == .certificateAndName
            return try TLSServer(
                context, serverName: tls.serverName,
                verifiedName: verifiesName ? tls.verifiedName : nil)
        } catch {
            throw Failure(.badInput, "\(name): TLS: \(error)")
        }
    }
}

extension TLSSettings {
    fileprivate init(_ tls: ServerTLS, in model: Model) {
        self.init()
        verifies = tls.verification != .none
        authorities = tls.authoritiesPath.map { .pem(model.authorities[$0] ?? []) } ?? .system
        revocationList = tls.revocationListPath.map { model.revocationLists[$0] ?? [] }
        certificate = tls.certificatePath.map { model.certificates[$0] ?? [] }
        parameters = tls.parameters.withVersions
        resumesSessions = tls.resumesSessions
    }
}

/// Tells the log why connections to servers are not encrypted: each reason once until one is, and no
/// more than two lines of a server in 10 s.
final class SecurityComplaints: Sendable {
    private struct Told {
        /// `nil`: since then connections are made.
        var reason: String?
        var at: MonotonicInstant
    }

    private let log: Log
    private let told = Mutex<[String: Told]>([:])

    init(_ log: Log) { self.log = log }

    /// Hears what came of connecting to a server.
    func take(_ outcome: ConnectionOutcome, of server: String, at now: MonotonicInstant = .now) {
        switch outcome {
        case .failed: return
        case .notSecured(let reason):
            let isNews = told.withLock { told in
                if let last = told[server], last.reason == reason || now < last.at + .seconds(10) {
                    return false
                }
                told[server] = Told(reason: reason, at: now)
                return true
            }
            if isNews { log(.warning, "server \(server): no connection by TLS: \(reason)") }
        case .made:
            let isNews = told.withLock { told in
                defer { told[server]?.reason = nil }
                return told[server]?.reason != nil
            }
            if isNews { log(.notice, "server \(server): connections by TLS are made again") }
        }
    }
}
#endif

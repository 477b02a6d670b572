#if Program
internal import Balancer
internal import BalancerTLS
internal import LinuxIO
internal import NodeConfiguration
internal import Synchronization
internal import TLSOptions

extension Model {
    /// What ends the TLS of clients, by frontend and listener (`bind … ssl`).
    ///
    /// - Parameter make: Makes one for a frontend of this name.
    /// - Returns: One for each listener of each frontend that is not disabled; `nil`: it passes TLS on.
    /// - Throws: `Failure` that names the listener whose settings no handshake can be done by.
    func listenerSecurity(
        _ make: (String, TLSListenerSettings) throws(TLSSettingsError) -> TLSListener = {
            (_, settings) throws(TLSSettingsError) in try TLSListener(settings)
        }
    ) throws(Failure) -> [[TLSListener?]] {
        var all: [[TLSListener?]] = []
        for frontend in activeFrontends {
            var own: [TLSListener?] = []
            for listener in frontend.listeners {
                own.append(try security(of: listener, in: frontend.name, make))
            }
            all.append(own)
        }
        return all
    }

    /// What ends the TLS of who connects to a listener.
    ///
    /// - Parameters:
    ///   - listener: The listener.
    ///   - section: The name of its section.
    ///   - make: Makes one for a section of this name.
    /// - Returns: It; `nil`: nothing is said of TLS.
    /// - Throws: `Failure` that names the listener, where no handshake can be done by its settings.
    func security(
        of listener: Listener, in section: String,
        _ make: (String, TLSListenerSettings) throws(TLSSettingsError) -> TLSListener
    ) throws(Failure) -> TLSListener? {
        guard let tls = listener.tls else { return nil }
        do throws(TLSSettingsError) {
            return try make(section, try TLSListenerSettings(tls, in: self))
        } catch {
            throw Failure(.badInput, "\(section), bind \(listener.endpoint): TLS: \(error)")
        }
    }
}

/// What ends the TLS of clients in this process, and what encrypts sessions between peers, over reloads:
/// settings that stay go on with the keys of their tickets, so that sessions do, too.
final class ListenerSecurity: Sendable {
    /// Weak, so that former keys go with the plan that they were for.
    private struct Known {
        let frontendName: String
        weak var listener: TLSListener?
    }

    private let known = Mutex<[Known]>([])
    private let peers = PeerSecurity()
    private let complaints: HandshakeComplaints

    init(_ log: Log) { complaints = HandshakeComplaints(log) }

    /// Sets the listeners' and the peers' securities of a plan that was made of a model.
    ///
    /// - Throws: `Failure` that names the listener or peer whose settings no handshake can be done by.
    func set(in plan: inout BalancerPlan, of model: Model) throws(Failure) {
        try peers.set(in: &plan, of: model)
        let complaints = complaints
        var known = known.withLock(\.self).filter { $0.listener != nil }
        let all = try model.listenerSecurity { (name, settings) throws(TLSSettingsError) in
            let former = known.first {
                $0.frontendName == name && $0.listener?.settings == settings
            }
            if let listener = former?.listener { return listener }
            let listener = try TLSListener(settings) { client, reason in
                complaints.take(reason, of: client, at: name)
            }
            known.append(Known(frontendName: name, listener: listener))
            return listener
        }
        for (frontend, listeners) in all.enumerated() {
            for (number, listener) in listeners.enumerated() {
                plan.frontends[frontend].listeners[number].security = listener
            }
        }
        self.known.withLock { $0 = known }
    }
}

extension TLSListenerSettings {
    fileprivate init(_ tls: ListenerTLS, in model: Model) throws(TLSSettingsError) {
        self.init(
            tls.certificates.map { certificate in
                var shown = Certificate(
                    name: certificate.path, pem: model.certificates[certificate.path] ?? [],
                    serverNames: certificate.names)
                shown.handshake = certificate.handshake.loaded(from: model)
                return shown
            })
        handshake = tls.handshake.loaded(from: model)
        // So that words which say what holds anyway leave sessions alone over a reload.
        handshake.parameters = handshake.parameters.withVersions
        options = tls.options
        sessionLife = model.global.securedSessionLife
        ticketKeys = try tls.ticketKeysPath.map { path throws(TLSSettingsError) in
            try TicketKeys(model.ticketKeys[path] ?? [])
        }
    }
}

extension TLSHandshakeOptions<String> {
    /// The same with what is in the files.
    func loaded(from model: Model) -> TLSHandshakeOptions<[UInt8]> {
        mapFiles(
            certificates: { model.authorities[$0] ?? [] },
            revocationLists: { model.revocationLists[$0] ?? [] })
    }
}

extension SecuredText {
    /// A text of the model.
    init(_ text: TLSText) {
        self =
            switch text {
            case .serverName: .serverName
            case .applicationProtocol: .applicationProtocol
            case .version: .version
            case .cipher: .cipher
            case .sessionID(let inDigits): .sessionID(inDigits: inDigits)
            case .certificate(let text, .client):
                .certificate(CertificateText(text), of: .client)
            case .certificate(let text, .listener):
                .certificate(CertificateText(text), of: .listener)
            }
    }
}

extension CertificateText {
    fileprivate init(_ text: TLSText.CertificateText) {
        self =
            switch text {
            case .subject(let part): .subject(part.map(CertificateNamePart.init))
            case .issuer(let part): .issuer(part.map(CertificateNamePart.init))
            case .serialNumber(let inDigits): .serialNumber(inDigits: inDigits)
            case .digest(let inDigits): .digest(inDigits: inDigits)
            case .start: .start
            case .end: .end
            case .keyAlgorithm: .keyAlgorithm
            case .signatureAlgorithm: .signatureAlgorithm
            }
    }
}

extension CertificateNamePart {
    fileprivate init(_ part: TLSText.NamePart) {
        self.init(part.kind, occurrence: Int16(clamping: part.occurrence))
    }
}

extension SecuredNumber {
    /// A number of the model.
    init(_ number: TLSNumber) {
        self =
            switch number {
            case .isSecured: .isSecured
            case .hasServerName: .hasServerName
            case .showedCertificate: .showedCertificate
            case .usesCertificate: .usesCertificate
            case .isResumed: .isResumed
            case .verification: .verification
            case .certificateError: .certificateError
            case .authorityError: .authorityError
            case .authorityErrorDepth: .authorityErrorDepth
            }
    }
}

/// Tells the log why handshakes with clients fail: each reason of a frontend at most once in 10 s, with how
/// many more there were.
final class HandshakeComplaints: Sendable {
    private struct Line: Hashable {
        let frontend: String
        let reason: String
    }

    private struct Told {
        var at: MonotonicInstant
        var untold = 0
    }

    private let log: Log
    private let told = Mutex<[Line: Told]>([:])

    init(_ log: Log) { self.log = log }

    /// Hears why a handshake failed.
    func take(
        _ reason: String, of client: IPEndpoint, at frontend: String,
        now: MonotonicInstant = .now
    ) {
        let line = Line(frontend: frontend, reason: reason)
        let untold: Int? = told.withLock { told in
            if let last = told[line], now < last.at + .seconds(10) {
                told[line]?.untold += 1
                return nil
            }
            return told.updateValue(Told(at: now), forKey: line)?.untold ?? 0
        }
        guard let untold else { return }
        let more = untold > 0 ? " (\(untold) more since the last such line)" : ""
        log(.warning, "frontend \(frontend): no TLS with \(client): \(reason)\(more)")
    }
}
#endif

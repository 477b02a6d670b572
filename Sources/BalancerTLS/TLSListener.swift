public import Balancer
internal import COpenSSL
public import LinuxIO

/// What ends the TLS of a listener's clients.
///
///     let certificate = TLSListenerSettings.Certificate(name: "www", pem: bytes)
///     listener.security = try TLSListener(TLSListenerSettings([certificate]))
@safe public final class TLSListener: ClientSecurity {
    /// Hears why a handshake failed: the client's end, and the reason.
    public typealias Observer = @Sendable (_ client: IPEndpoint, _ reason: String) -> Void

    /// The settings.
    public let settings: TLSListenerSettings
    /// Each shows other certificates; the first to who asks for no name.
    private let contexts: [OpenSSLContext]
    /// Which one shows those for a name, in small letters.
    private let places: [String: Int]
    private let protocols: ApplicationProtocols
    private let observer: Observer?

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - observer: Told why handshakes failed, by any thread.
    /// - Throws: ``TLSSettingsError``, where a certificate, authorities or a list are none, a key is
    ///   missing, locked or another one's, or OpenSSL does not know a cipher or a curve.
    public init(
        _ settings: TLSListenerSettings, observer: Observer? = nil
    ) throws(TLSSettingsError) {
        self.settings = settings
        self.observer = observer
        protocols = try ApplicationProtocols(settings.applicationProtocols)
        let choice = try CertificateChoice(settings.certificates)
        places = choice.places
        var contexts: [OpenSSLContext] = []
        for certificates in choice.sets {
            let context = try OpenSSLContext(.server)
            try context.prepare(settings, sharingWith: contexts.first)
            for certificate in certificates.map({ settings.certificates[$0] }) {
                try context.use(PEMFile(certificate.pem), named: certificate.name)
            }
            contexts.append(context)
        }
        self.contexts = contexts
        let place = unsafe Unmanaged.passUnretained(self).toOpaque()
        for context in contexts {
            unsafe copenssl_set_name_callback(context.pointer, TLSListener.chooseByName, place)
            if settings.ticketKeys != nil {
                unsafe SSL_CTX_set_ex_data(context.pointer, 0, place)
                unsafe copenssl_set_ticket_callback(context.pointer, TLSListener.prepareTicket)
            }
            guard !protocols.row.isEmpty else { continue }
            unsafe SSL_CTX_set_alpn_select_cb(context.pointer, TLSListener.agree, place)
        }
    }

    /// Begins the server's side of a session.
    public func makeSession(on socket: Int32) -> (any ClientSession)? {
        TLSClientSession(with: self, on: socket)
    }

    /// Tells the observer.
    public func handshakeFailed(of client: IPEndpoint, because reason: String) {
        observer?(client, reason)
    }

    /// The context that handshakes begin with.
    var first: OpenSSLContext { contexts[0] }

    /// The context that shows certificates for a name; `nil`: none is for it.
    private func context(for name: String) -> OpenSSLContext? {
        let name = name.lowercased()
        if let place = places[name] { return contexts[place] }
        // A star stands for one label (RFC 6125 §6.4.3).
        guard let dot = name.firstIndex(of: ".") else { return nil }
        return places["*" + name[dot...]].map { contexts[$0] }
    }

    // MARK: What OpenSSL calls
    // SAFETY: a session holds its listener for as long as anything is asked of OpenSSL's; to free that calls
    // none of these.

    /// Has the certificates shown that are for the name which a client asks for
    /// (`SSL_CTX_set_tlsext_servername_callback(3)`).
    private static let chooseByName:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<Int32>?, UnsafeMutableRawPointer?
        ) -> Int32 = { ssl, alert, place in
            guard let ssl = unsafe ssl, let place = unsafe place else {
                return SSL_TLSEXT_ERR_ALERT_FATAL
            }
            let listener = unsafe Unmanaged<TLSListener>.fromOpaque(place).takeUnretainedValue()
            let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map {
                unsafe String(cString: $0)
            }
            if let context = name.flatMap(listener.context(for:)) {
                return unsafe SSL_set_SSL_CTX(ssl, context.pointer) == nil
                    ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
            }
            guard listener.settings.refusesOtherNames else {
                return name == nil ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK
            }
            unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }

    /// Has a ticket encrypted, or known again, by the listener's keys.
    private static let prepareTicket:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?,
            OpaquePointer?, OpaquePointer?, Int32
        ) -> Int32 = { ssl, name, vector, cipher, mac, encrypts in
            guard let place = unsafe copenssl_owner(ssl), let name = unsafe name,
                let vector = unsafe vector, let cipher = unsafe cipher, let mac = unsafe mac
            else { return -1 }
            let listener = unsafe Unmanaged<TLSListener>.fromOpaque(place).takeUnretainedValue()
            guard let keys = listener.settings.ticketKeys else { return -1 }
            return unsafe keys.prepare(name, vector, cipher, mac, encrypts: encrypts == 1)
        }

    /// Agrees to the first of the listener's protocols that a client offers
    /// (`SSL_CTX_set_alpn_select_cb(3)`).
    private static let agree:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
            UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, count, offered, offeredCount, place in
            guard let chosen = unsafe chosen, let count = unsafe count,
                let offered = unsafe offered, let place = unsafe place
            else { return SSL_TLSEXT_ERR_NOACK }
            let listener = unsafe Unmanaged<TLSListener>.fromOpaque(place).takeUnretainedValue()
            let bytes = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
            guard let range = unsafe listener.protocols.best(of: bytes.span) else {
                return SSL_TLSEXT_ERR_NOACK
            }
            unsafe chosen.pointee = offered + range.lowerBound
            unsafe count.pointee = UInt8(range.count)
            return SSL_TLSEXT_ERR_OK
        }
}

extension ApplicationProtocols {
    /// Where the name of the first of these stands among those that were offered.
    fileprivate func best(of offered: Span<UInt8>) -> Range<Int>? {
        var own = 0
        while own < row.count {
            let name = row[own + 1..<own + 1 + Int(row[own])]
            var place = 0
            while place < offered.count {
                let range = place + 1..<place + 1 + Int(offered[place])
                guard range.upperBound <= offered.count else { break }
                if range.count == name.count,
                    zip(range, name).allSatisfy({ offered[$0] == $1 })
                {
                    return range
                }
                place = range.upperBound
            }
            own = name.endIndex
        }
        return nil
    }
}

/// Which certificates are shown for which names.
private struct CertificateChoice {
    /// Certificates that are shown together, one for each kind of key; the first set, the first
    /// certificate's, is for who asks for no name.
    private(set) var sets: [[Int]] = []
    /// The set for each name.
    private(set) var places: [String: Int] = [:]

    init(_ certificates: [TLSListenerSettings.Certificate]) throws(TLSSettingsError) {
        guard !certificates.isEmpty else { throw TLSSettingsError("there is no certificate") }
        var shown: [String: [(kind: Int32, certificate: Int)]] = [:]
        var names: [String] = []
        for (index, certificate) in certificates.enumerated() {
            let facts = try PEMFile(certificate.pem).facts(named: certificate.name)
            let own = certificate.serverNames.isEmpty ? facts.names : certificate.serverNames
            for name in own.map({ $0.lowercased() }) {
                if shown[name] == nil { names.append(name) }
                // Of one kind the first counts.
                guard shown[name]?.contains(where: { $0.kind == facts.kind }) != true else {
                    continue
                }
                shown[name, default: []].append((facts.kind, index))
            }
        }
        var known: [[Int]: Int] = [:]
        func place(of set: [Int]) -> Int {
            if known[set] == nil {
                known[set] = sets.count
                sets.append(set)
            }
            return known[set] ?? 0
        }
        let ofFirst = names.first.flatMap { shown[$0]?.map(\.certificate) }
        _ = place(of: ofFirst?.first == 0 ? ofFirst ?? [0] : [0])
        for name in names { places[name] = place(of: shown[name]?.map(\.certificate) ?? []) }
    }
}

public import Balancer
internal import COpenSSL
public import LinuxIO
internal import TLSOptions

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
    private let contexts: [CertificateContext]
    /// What handshakes begin with, before the ClientHello is known; tickets' keys are its.
    let initialContext: CertificateContext
    /// Which one shows those for a name, in small letters; `nil`: none does, whatever a star says.
    private let contextIndices: [String: Int?]
    private let observer: Observer?

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - settings: The settings.
    ///   - observer: Told why handshakes failed, by any thread.
    /// - Throws: ``TLSSettingsError``, where a certificate, authorities or a list are none, a key is
    ///   missing, locked or another one's, OpenSSL does not know a cipher or a curve, or two certificates for
    ///   a name have different options.
    public init(
        _ settings: TLSListenerSettings, observer: Observer? = nil
    ) throws(TLSSettingsError) {
        self.settings = settings
        self.observer = observer
        let table = try ServerNameTable(settings)
        contextIndices = table.setIndices
        let usual = settings.completedHandshake
        var contexts: [CertificateContext] = []
        var trusting: [ClientTrust: CertificateContext] = [:]
        for certificates in table.certificateSets.map({ $0.map { settings.certificates[$0] } }) {
            let handshake = (certificates.first?.handshake ?? .init()).completed(by: usual)
            let trust = handshake.verifiesClients ? ClientTrust(handshake) : nil
            let own = try CertificateContext(
                handshake, settings.options, sharingTrustWith: trust.flatMap { trusting[$0] })
            if let trust { trusting[trust] = own }
            for certificate in certificates {
                try own.context.useCertificate(PEMFile(certificate.pem), named: certificate.name)
            }
            contexts.append(own)
        }
        self.contexts = contexts
        // Without options of its own the first one is as good to begin with.
        let isUsual = contexts[0].handshake == usual
        initialContext =
            isUsual
            ? contexts[0]
            : try CertificateContext(usual, settings.options, sharingTrustWith: nil)
        let place = unsafe Unmanaged.passUnretained(self).toOpaque()
        for context in (contexts + (isUsual ? [] : [initialContext])).map(\.context) {
            unsafe SSL_CTX_set_timeout(
                context.pointer, Int(settings.sessionLife.components.seconds))
            unsafe SSL_CTX_set_client_hello_cb(
                context.pointer, TLSListener.clientHelloCallback, place)
            unsafe copenssl_set_servername_callback(
                context.pointer, TLSListener.serverNameCallback, place)
            guard settings.ticketKeys != nil else { continue }
            unsafe SSL_CTX_set_ex_data(context.pointer, 0, place)
            unsafe copenssl_set_ticket_key_callback(context.pointer, TLSListener.ticketKeyCallback)
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

    /// What shows the certificates for a name; `nil`: none is for it.
    private func context(for name: String) -> CertificateContext? {
        let name = name.lowercased()
        if let index = contextIndices[name] { return index.map { contexts[$0] } }
        // A star stands for one label (RFC 6125 §6.4.3).
        guard let dot = name.firstIndex(of: ".") else { return nil }
        return contextIndices["*" + name[dot...]].flatMap(\.self).map { contexts[$0] }
    }

    // MARK: What OpenSSL calls
    // SAFETY: a session holds its listener for as long as anything is asked of OpenSSL's; to free that calls
    // none of these.

    /// Has the certificates shown that are for the name which a client asks for, and all done as goes with
    /// them (`SSL_CTX_set_client_hello_cb(3)`): before a version is chosen, or a session is gone on with.
    private static let clientHelloCallback: SSL_client_hello_cb_fn = { ssl, alert, place in
        guard let ssl = unsafe ssl, let place = unsafe place,
            let session = unsafe TLSClientSession.of(ssl)
        else { return SSL_CLIENT_HELLO_ERROR }
        let listener = unsafe Unmanaged<TLSListener>.fromOpaque(place).takeUnretainedValue()
        let context =
            unsafe requestedName(ssl).flatMap(listener.context(for:)) ?? listener.contexts[0]
        // After a HelloRetryRequest a client may change nothing but its key share (RFC 8446 §4.1.2).
        guard session.selectedContext == nil || session.selectedContext === context else {
            unsafe alert?.pointee = SSL_AD_ILLEGAL_PARAMETER
            return SSL_CLIENT_HELLO_ERROR
        }
        session.selectedContext = context
        return unsafe context.apply(to: ssl, replacing: listener.initialContext)
            ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR
    }

    /// The name that a ClientHello asks for (RFC 6066 §3).
    @unsafe
    private static func requestedName(_ ssl: OpaquePointer) -> String? {
        var start: UnsafePointer<UInt8>?
        var count = 0
        guard
            unsafe SSL_client_hello_get0_ext(
                ssl, UInt32(TLSEXT_TYPE_server_name), &start, &count) == 1,
            let start = unsafe start
        else { return nil }
        // The length of a list, the kind of its first name, that one's length, and it. What else there is
        // OpenSSL refuses later.
        let bytes = unsafe UnsafeBufferPointer(start: start, count: count)
        guard count > 5, unsafe bytes[2] == UInt8(TLSEXT_NAMETYPE_host_name) else {
            return nil
        }
        let length = unsafe Int(bytes[3]) << 8 | Int(bytes[4])
        guard length > 0, 5 + length <= count else { return nil }
        return unsafe String(decoding: bytes[5..<5 + length], as: UTF8.self)
    }

    /// Says whether the name that a client asks for is one here
    /// (`SSL_CTX_set_tlsext_servername_callback(3)`).
    private static let serverNameCallback:
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
            guard listener.settings.options.isStrictSNI == true,
                name.flatMap(listener.context(for:)) == nil
            else { return name == nil ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK }
            unsafe alert?.pointee = SSL_AD_UNRECOGNIZED_NAME
            return SSL_TLSEXT_ERR_ALERT_FATAL
        }

    /// Has a ticket encrypted, or known again, by the listener's keys.
    private static let ticketKeyCallback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt8>?,
            OpaquePointer?, OpaquePointer?, Int32
        ) -> Int32 = { ssl, name, vector, cipher, mac, encrypts in
            guard let place = unsafe copenssl_context_data(ssl), let name = unsafe name,
                let vector = unsafe vector, let cipher = unsafe cipher, let mac = unsafe mac
            else { return -1 }
            let listener = unsafe Unmanaged<TLSListener>.fromOpaque(place).takeUnretainedValue()
            guard let keys = listener.settings.ticketKeys else { return -1 }
            return unsafe keys.protect(name, vector, cipher, mac, encrypts: encrypts == 1)
        }
}

/// By what clients' certificates are trusted; contexts with the same share what was read of it.
private struct ClientTrust: Hashable {
    private let files: [[UInt8]?]
    private let sendsAuthorityNames: Bool?

    init(_ handshake: TLSHandshakeOptions<[UInt8]>) {
        files = [handshake.authorities, handshake.unsentAuthorities, handshake.revocationLists]
        sendsAuthorityNames = handshake.sendsAuthorityNames
    }

    /// Feeds the ends, where signatures are.
    ///
    /// To go through each file once for each certificate would take longer than all else; that two are
    /// equal is told at once where they are one in memory.
    func hash(into hasher: inout Hasher) {
        for file in files {
            hasher.combine(file?.count)
            hasher.combine(file?.suffix(128))
        }
    }
}

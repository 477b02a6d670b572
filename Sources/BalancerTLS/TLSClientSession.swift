internal import Balancer
internal import COpenSSL
internal import LinuxIO
internal import TLSOptions

/// The server's side of a client's connection.
final class TLSClientSession: TLSSession, ClientSession {
    /// OpenSSL calls it.
    private let listener: TLSListener
    /// What goes with the name that the client asked for; `nil`: its ClientHello is still to come.
    var selectedContext: CertificateContext?
    /// What is wrong with his own certificate.
    private var certificateError = 0
    /// What is wrong with those above it, and how far above it.
    private var authorityError = (error: 0, depth: 0)
    /// What was looked at before it is taken.
    private var peeked: [UInt8] = []
    /// How many of them were taken.
    private var consumedCount = 0

    init?(with listener: TLSListener, on socket: Int32) {
        self.listener = listener
        super.init(listener.initialContext.context, on: socket)
        let place = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard unsafe SSL_set_ex_data(ssl, 0, place) == 1 else { return nil }
        unsafe SSL_set_accept_state(ssl)
    }

    override var verifies: Bool { selectedContext?.handshake.verifiesClients ?? false }

    // MARK: What OpenSSL calls

    /// The session that OpenSSL's own is of.
    // SAFETY: the session is who asks anything of OpenSSL's, so that it is there.
    @unsafe
    static func of(_ ssl: OpaquePointer) -> TLSClientSession? {
        unsafe SSL_get_ex_data(ssl, 0).map {
            unsafe Unmanaged<TLSClientSession>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// Hears what each certificate of a client's chain comes to (`SSL_CTX_set_verify(3)`), and ignores the errors
    /// that the settings say.
    static let verifyCallback: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isWell, store in
        guard isWell == 0 else { return isWell }
        guard let store = unsafe store,
            let ssl = unsafe X509_STORE_CTX_get_ex_data(
                store, SSL_get_ex_data_X509_STORE_CTX_idx()),
            let session = unsafe of(OpaquePointer(ssl))
        else { return 0 }
        let error = unsafe Int(X509_STORE_CTX_get_error(store))
        let depth = unsafe Int(X509_STORE_CTX_get_error_depth(store))
        // As haproxy: the first error counts.
        if depth > 0 {
            if session.authorityError.error == 0 { session.authorityError = (error, depth) }
        } else if session.certificateError == 0 {
            session.certificateError = error
        }
        let options = session.listener.settings.options
        let ignored =
            depth > 0 ? options.ignoredAuthorityErrors : options.ignoredCertificateErrors
        guard ignored?.contains(error) == true else { return 0 }
        ERR_clear_error()
        return 1
    }

    // MARK: Bytes

    var hasReceived: Bool { unsafe BIO_number_read(SSL_get_rbio(ssl)) > 0 }

    @unsafe
    func peek(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        let missing = byteCount - (peeked.count - consumedCount)
        if missing > 0 {
            switch unsafe super.receive(into: buffer, upTo: missing) {
            case .moved(let count) where count > 0:
                unsafe peeked.append(
                    contentsOf: UnsafeRawBufferPointer(start: buffer, count: count))
            case let stop where peeked.count == consumedCount: return stop
            // A stop that is final is told again behind what is held.
            case .moved, .wouldBlock, .failed: break
            }
        }
        return unsafe .moved(copyPeeked(into: buffer, upTo: byteCount))
    }

    @unsafe
    override func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        guard peeked.count > consumedCount else {
            return unsafe super.receive(into: buffer, upTo: byteCount)
        }
        let count = unsafe copyPeeked(into: buffer, upTo: byteCount)
        consumedCount += count
        if consumedCount == peeked.count { (peeked, consumedCount) = ([], 0) }
        return .moved(count)
    }

    @unsafe
    private func copyPeeked(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Int {
        let part = peeked[consumedCount...].prefix(byteCount)
        unsafe part.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe buffer.copyMemory(from: start, byteCount: bytes.count)
        }
        return part.count
    }

    func text(_ text: SecuredText) -> ShortText {
        switch text {
        case .serverName: unsafe Self.text(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
        case .applicationProtocol: applicationProtocol
        case .version: unsafe Self.text(SSL_get_version(ssl))
        case .cipher: unsafe Self.text(copenssl_cipher_name(ssl))
        case .sessionID(let inDigits): sessionID(inDigits: inDigits)
        case .certificate(let part, .client):
            unsafe CertificateReader(SSL_get0_peer_certificate(ssl))?.text(part) ?? ShortText()
        case .certificate(let part, .listener):
            unsafe CertificateReader(SSL_get_certificate(ssl))?.text(part) ?? ShortText()
        }
    }

    private func sessionID(inDigits: Bool) -> ShortText {
        guard let session = unsafe SSL_get_session(ssl) else { return ShortText() }
        var count: UInt32 = 0
        let start = unsafe SSL_SESSION_get_id(session, &count)
        return unsafe ShortText(start, Int(count), inDigits: inDigits)
    }

    private var applicationProtocol: ShortText {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        return unsafe ShortText(start, Int(count))
    }

    @unsafe
    private static func text(_ start: UnsafePointer<CChar>?) -> ShortText {
        guard let start = unsafe start else { return ShortText() }
        let count = unsafe strlen(start)
        return unsafe start.withMemoryRebound(to: UInt8.self, capacity: count) {
            unsafe ShortText($0, count)
        }
    }

    func number(_ number: SecuredNumber) -> Int {
        switch number {
        case .isSecured: 1
        case .hasServerName:
            unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == nil ? 0 : 1
        case .showedCertificate: isResumed ? 0 : usesCertificate ? 1 : 0
        case .usesCertificate: usesCertificate ? 1 : 0
        case .isResumed: isResumed ? 1 : 0
        case .verification: unsafe SSL_get_verify_result(ssl)
        case .certificateError: certificateError
        case .authorityError: authorityError.error
        case .authorityErrorDepth: authorityError.depth
        }
    }

    private var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }
    private var usesCertificate: Bool { unsafe SSL_get0_peer_certificate(ssl) != nil }
}

internal import Balancer
internal import COpenSSL
internal import LinuxIO

/// The server's side of a client's connection.
final class TLSClientSession: TLSSession, ClientSession {
    /// OpenSSL calls it.
    private let listener: TLSListener
    /// What was looked at before it is taken.
    private var held: [UInt8] = []
    /// How many of them were taken.
    private var takenCount = 0

    init?(with listener: TLSListener, on socket: Int32) {
        self.listener = listener
        super.init(listener.first, on: socket)
        unsafe SSL_set_accept_state(ssl)
    }

    override var verifies: Bool { listener.settings.verification != .none }

    @unsafe
    func peek(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        let missing = byteCount - (held.count - takenCount)
        if missing > 0 {
            switch unsafe super.receive(into: buffer, upTo: missing) {
            case .moved(let count) where count > 0:
                unsafe held.append(
                    contentsOf: UnsafeRawBufferPointer(start: buffer, count: count))
            case let stop where held.count == takenCount: return stop
            // A stop that is final is told again behind what is held.
            case .moved, .wouldBlock, .failed: break
            }
        }
        return unsafe .moved(copyHeld(into: buffer, upTo: byteCount))
    }

    @unsafe
    override func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        guard held.count > takenCount else {
            return unsafe super.receive(into: buffer, upTo: byteCount)
        }
        let count = unsafe copyHeld(into: buffer, upTo: byteCount)
        takenCount += count
        if takenCount == held.count { (held, takenCount) = ([], 0) }
        return .moved(count)
    }

    @unsafe
    private func copyHeld(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Int {
        let part = held[takenCount...].prefix(byteCount)
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
        case .subjectName: commonName(ofIssuer: false)
        case .issuerName: commonName(ofIssuer: true)
        }
    }

    private var applicationProtocol: ShortText {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        return unsafe Self.text(start, Int(count))
    }

    private func commonName(ofIssuer isIssuers: Bool) -> ShortText {
        guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return ShortText() }
        var (place, count): (Int32, Int32) = (-1, 0)
        let start = unsafe copenssl_common_name(
            certificate, isIssuers ? 1 : 0, &place, &count)
        return unsafe Self.text(start, Int(count))
    }

    @unsafe
    private static func text(_ start: UnsafePointer<CChar>?) -> ShortText {
        guard let start = unsafe start else { return ShortText() }
        let count = unsafe strlen(start)
        return unsafe start.withMemoryRebound(to: UInt8.self, capacity: count) {
            unsafe text($0, count)
        }
    }

    /// A text; what is too long is none, since its beginning is somebody else's.
    @unsafe
    private static func text(_ start: UnsafePointer<UInt8>?, _ count: Int) -> ShortText {
        guard let start = unsafe start, count > 0 else { return ShortText() }
        return unsafe ShortText(UnsafeBufferPointer(start: start, count: count).span) ?? ShortText()
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
        }
    }

    private var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }
    private var usesCertificate: Bool { unsafe SSL_get0_peer_certificate(ssl) != nil }
}

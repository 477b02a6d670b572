internal import Balancer
internal import COpenSSL
internal import Glibc
internal import LinuxIO

/// One connection's session: OpenSSL's SSL.
@safe class TLSSession: SecureSession {
    let ssl: OpaquePointer
    /// What broke the stream off: OpenSSL tells of it once, and then of an end.
    private var failure: Errno?
    private(set) final var complaint: String?

    /// Begins a session of a context; `nil`: there is no memory for it.
    init?(_ context: OpenSSLContext, on socket: Int32) {
        guard let ssl = unsafe SSL_new(context.pointer) else { return nil }
        unsafe self.ssl = ssl
        guard unsafe SSL_set_fd(ssl, socket) == 1 else { return nil }
    }

    deinit {
        // Otherwise a connection that broke would take the session from those that come after it.
        unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        unsafe SSL_free(ssl)
    }

    /// Whether the other side's certificate is looked at.
    var verifies: Bool { false }

    func handshake() -> HandshakeProgress {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 { return .done }
        let systemError = errno
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .waits(forRoom: false)
        case SSL_ERROR_WANT_WRITE: return .waits(forRoom: true)
        case SSL_ERROR_SYSCALL where systemError != 0:
            return .failed(Errno(rawValue: systemError).description)
        default: return handshakeFailure
        }
    }

    /// What a handshake failed by.
    private var handshakeFailure: HandshakeProgress {
        let verification = unsafe SSL_get_verify_result(ssl)
        let error = ERR_peek_last_error()
        if verifies, verification != X509_V_OK,
            let text = unsafe X509_verify_cert_error_string(verification)
        {
            ERR_clear_error()
            return unsafe .failed("its certificate: \(String(cString: text))")
        }
        guard error != 0,
            copenssl_is_reason(
                error, Int32(ERR_LIB_SSL), Int32(SSL_R_UNEXPECTED_EOF_WHILE_READING)) == 0
        else {
            ERR_clear_error()
            return .ended
        }
        return .failed(OpenSSLErrors.lastReason)
    }

    @unsafe
    func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        if let failure { return .failed(failure) }
        var count = 0
        while count < byteCount {
            ERR_clear_error()
            let result = unsafe SSL_read(ssl, buffer + count, Int32(byteCount - count))
            guard result <= 0 else {
                count += Int(result)
                continue
            }
            let stop = transfer(of: result)
            if case .failed(let errno) = stop { failure = errno }
            guard count > 0 else { return stop }
            break
        }
        return .moved(count)
    }

    @unsafe
    final func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer {
        var sent = 0
        while sent < count {
            ERR_clear_error()
            // One record a call: of several OpenSSL would tell only once the last has gone. What was not
            // taken stands in the session, which wants the same bytes again.
            let length = min(count - sent, plaintextLimit)
            let result = unsafe SSL_write(ssl, bytes + sent, Int32(length))
            guard result <= 0 else {
                sent += Int(result)
                continue
            }
            let stop = transfer(of: result)
            // Once the other side has ended its stream, OpenSSL tells of that in place of an error: without
            // this whoever has bytes left would try for ever.
            guard stop != .moved(0) else { return .failed(.brokenPipe) }
            guard sent > 0, stop == .wouldBlock else { return stop }
            break
        }
        return .moved(sent)
    }

    /// What a call came to that moved nothing.
    private func transfer(of result: Int32) -> Transfer {
        let systemError = errno
        switch unsafe SSL_get_error(ssl, result) {
        // Reading waits for room after a request for new keys; who uses this tries again then.
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .moved(0)
        case SSL_ERROR_SYSCALL where systemError != 0:
            return .failed(Errno(rawValue: systemError))
        default:
            complaint = OpenSSLErrors.lastReason
            return .failed(Errno(rawValue: EPROTO))
        }
    }

    final func endSending() -> Bool {
        ERR_clear_error()
        let result = unsafe SSL_shutdown(ssl)
        return result >= 0 || transfer(of: result) != .wouldBlock
    }
}

/// What a record holds at most (RFC 8446 §5.1).
private let plaintextLimit = 16_384

#if Program
import COpenSSL
import Glibc
import LinuxIO

/// What carries the bytes of a connection over a socket that does not block: TCP itself, or TLS over it.
protocol StreamLine: AnyObject {
    /// Whether bytes lie here that no event of the socket tells of any more.
    var holdsBytes: Bool { get }
    func send(_ bytes: ArraySlice<UInt8>) -> LineStep
    func receive(into buffer: inout [UInt8]) -> LineStep
    /// Says that nothing more comes; may have to be called again.
    func endSending() -> LineStep
}

/// What a call came to.
enum LineStep {
    /// So many bytes were moved; of a reception, 0 is the clean end of the stream.
    case moved(Int)
    /// It has to wait for the socket.
    case waits(for: Int32)
    case failed(String)
}

/// TCP itself.
final class PlainLine: StreamLine {
    private let number: Int32

    init(_ number: Int32) { self.number = number }

    var holdsBytes: Bool { false }

    func send(_ bytes: ArraySlice<UInt8>) -> LineStep {
        let count = bytes.withUnsafeBytes {
            Glibc.send(number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        return step(count, orWaitFor: POLLOUT)
    }

    func receive(into buffer: inout [UInt8]) -> LineStep {
        step(recv(number, &buffer, buffer.count, 0), orWaitFor: POLLIN)
    }

    func endSending() -> LineStep { .moved(Int(shutdown(number, Int32(SHUT_WR)))) }

    private func step(_ count: Int, orWaitFor events: Int32) -> LineStep {
        if count >= 0 { return .moved(count) }
        return errno == EAGAIN ? .waits(for: events) : .failed("error \(errno)")
    }
}

/// A client's TLS, by OpenSSL; whose certificate it is shown does not matter.
final class SecureLine: StreamLine {
    /// What a server gave to go on with.
    final class Session {
        fileprivate let pointer: OpaquePointer
        fileprivate init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { SSL_SESSION_free(pointer) }
    }

    private let ssl: OpaquePointer

    /// Begins on a socket that is connected.
    ///
    /// - Parameters:
    ///   - number: The socket.
    ///   - isOld: Whether it speaks TLS 1.2 instead of 1.3.
    ///   - session: A session of that version to go on with.
    /// - Throws: ``Mistake``: no memory.
    init(_ number: Int32, isOld: Bool, goingOnWith session: Session?) throws {
        // OpenSSL writes to what has been reset.
        LinuxIO.Thread.blockBrokenPipeSignal()
        guard let ssl = SSL_new(isOld ? Self.old : Self.new) else {
            throw Mistake("no memory for TLS")
        }
        self.ssl = ssl
        if let session { SSL_set_session(ssl, session.pointer) }
        SSL_set_fd(ssl, number)
        SSL_set_connect_state(ssl)
    }

    deinit {
        // Otherwise what it keeps of the session could not be gone on with.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)
    }

    var isResumed: Bool { SSL_session_reused(ssl) == 1 }
    /// Of TLS 1.3 only once something was received.
    var session: Session? { SSL_get1_session(ssl).map(Session.init) }
    var holdsBytes: Bool { SSL_pending(ssl) > 0 }

    /// Goes on with the handshake; it has moved something once it is done.
    func greet() -> LineStep { step { SSL_do_handshake(ssl) } }

    func send(_ bytes: ArraySlice<UInt8>) -> LineStep {
        bytes.withUnsafeBytes { bytes in
            step { SSL_write(ssl, bytes.baseAddress, Int32(bytes.count)) }
        }
    }

    func receive(into buffer: inout [UInt8]) -> LineStep {
        step { SSL_read(ssl, &buffer, Int32(buffer.count)) }
    }

    /// By TLS (close_notify) alone: TCP stays open both ways.
    func endSending() -> LineStep {
        // 0: it is said, and the other side has not said it yet.
        let result = SSL_shutdown(ssl)
        return result >= 0 ? .moved(0) : step { result }
    }

    private func step(_ call: () -> Int32) -> LineStep {
        ERR_clear_error()
        let result = call()
        if result > 0 { return .moved(Int(result)) }
        let systemError = errno
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .waits(for: POLLIN)
        case SSL_ERROR_WANT_WRITE: return .waits(for: POLLOUT)
        case SSL_ERROR_ZERO_RETURN: return .moved(0)
        case SSL_ERROR_SYSCALL: return .failed("TLS, error \(systemError)")
        default:
            let reason = ERR_reason_error_string(ERR_peek_last_error())
            return .failed("TLS: " + (reason.map { String(cString: $0) } ?? "unknown"))
        }
    }

    // One for each version, for all threads.
    // SAFETY: OpenSSL counts who uses a context, and nobody changes one of these any more.
    nonisolated(unsafe) private static let old = context(TLS1_2_VERSION)
    nonisolated(unsafe) private static let new = context(TLS1_3_VERSION)

    private static func context(_ version: Int32) -> OpaquePointer? {
        let context = SSL_CTX_new(TLS_client_method())
        guard let context, copenssl_set_versions(context, version, version) == 1 else { return nil }
        copenssl_set_mode(
            context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        return context
    }
}
#endif

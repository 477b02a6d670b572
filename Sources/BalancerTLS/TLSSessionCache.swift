internal import COpenSSL
internal import Synchronization

/// The session that a server gave last under each of its names, by which the next handshake that asks
/// for the same one is shorter.
final class TLSSessionCache: Sendable {
    private let sessions = Mutex<[String: CachedSession]>([:])

    /// Has a handshake resume the last session of its name, if there is one.
    @unsafe
    func resume(on ssl: OpaquePointer, of name: String) {
        guard let cached = sessions.withLock({ $0[name] }) else { return }
        _ = unsafe SSL_set_session(ssl, cached.session)
    }

    /// Has the next handshake of a name be a whole one.
    func forget(_ name: String) { sessions.withLock { $0[name] = nil } }

    private func keep(_ session: CachedSession, of name: String) {
        sessions.withLock { sessions in
            // Clients name what they like.
            if sessions.count >= nameLimit, sessions[name] == nil { _ = sessions.popFirst() }
            sessions[name] = session
        }
    }

    /// What OpenSSL calls when a server gives a session (`SSL_CTX_sess_set_new_cb(3)`).
    static let newSessionCallback: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = {
        ssl, session in
        guard let ssl = unsafe ssl, let session = unsafe session,
            let place = unsafe SSL_get_ex_data(ssl, 0)
        else { return 0 }
        let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        // SAFETY: who made the session holds its cache for as long as it holds the session.
        let cache = unsafe Unmanaged<TLSSessionCache>.fromOpaque(place).takeUnretainedValue()
        let cached = unsafe CachedSession(owning: session)
        cache.keep(cached, of: unsafe name.map { unsafe String(cString: $0) } ?? "")
        // The reference is ours now.
        return 1
    }
}

/// A session that is no connection's any more.
@safe private final class CachedSession: @unchecked Sendable {
    // SAFETY: a session is counted by references, and not changed once it is given.
    let session: OpaquePointer

    @unsafe
    init(owning session: OpaquePointer) { unsafe self.session = session }

    deinit { unsafe SSL_SESSION_free(session) }
}

/// How many names of a server sessions are kept of.
private let nameLimit = 64

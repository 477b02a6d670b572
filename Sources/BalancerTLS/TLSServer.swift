public import Balancer
internal import COpenSSL
internal import Synchronization

/// TLS to one server: what all servers have in common, and its names.
///
///     let context = try TLSContext(TLSSettings())
///     server.connection.security = try TLSServer(context, serverName: "db.example.org")
public final class TLSServer: ServerSecurity {
    let context: TLSContext
    /// The name that is asked for (SNI, RFC 6066 §3); `nil`: none.
    public let serverName: String?
    /// The name that the certificate must be made out to (`verifyhost`); `nil`: any.
    public let verifiedName: String?
    let tickets = TLSTickets()

    /// - Parameters:
    ///   - context: What the handshakes have in common.
    ///   - serverName: The name that is asked for, no address (`sni`).
    ///   - verifiedName: The name that the certificate must be made out to, where it is verified at all;
    ///     `nil`: as haproxy, the one that is asked for, if there is one.
    /// - Throws: ``TLSSettingsError``, where a name is none.
    public init(
        _ context: TLSContext, serverName: String? = nil, verifiedName: String? = nil
    ) throws(TLSSettingsError) {
        for name in [serverName, verifiedName].compactMap(\.self) {
            guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 }) else {
                throw TLSSettingsError("'\(name)' is no name of a host")
            }
        }
        self.context = context
        self.serverName = serverName
        self.verifiedName = verifiedName ?? serverName
    }

    /// Begins the client's side of a session.
    public func makeSession(on socket: Int32) -> (any SecureSession)? {
        TLSServerSession(to: self, on: socket)
    }
}

/// The session that a server gave last, by which the next handshake with it is shorter.
@safe final class TLSTickets: Sendable {
    // SAFETY: a session is counted by references, and its owner is behind the lock.
    @safe private struct Kept: @unchecked Sendable { var session: OpaquePointer? }

    private let last = Mutex(Kept())

    deinit {
        last.withLock { kept in
            if let session = unsafe kept.session { unsafe SSL_SESSION_free(session) }
        }
    }

    /// Has a handshake resume the last session, if there is one.
    @unsafe
    func offer(to ssl: OpaquePointer) {
        last.withLock { kept in
            if let session = unsafe kept.session { _ = unsafe SSL_set_session(ssl, session) }
        }
    }

    /// Has the next handshake be a whole one.
    func forget() { unsafe keep(nil) }

    @unsafe
    private func keep(_ session: OpaquePointer?) {
        let former = last.withLock { kept in
            defer { unsafe kept.session = session }
            return unsafe Kept(session: kept.session)
        }
        if let former = unsafe former.session { unsafe SSL_SESSION_free(former) }
    }

    /// What OpenSSL calls when a server gives a session (`SSL_CTX_sess_set_new_cb(3)`).
    static let keep: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
        guard let ssl = unsafe ssl, let session = unsafe session,
            let place = unsafe SSL_get_ex_data(ssl, 0)
        else { return 0 }
        // SAFETY: who made the session holds its tickets for as long as it holds the session.
        unsafe Unmanaged<TLSTickets>.fromOpaque(place).takeUnretainedValue().keep(session)
        // The reference is ours now.
        return 1
    }
}

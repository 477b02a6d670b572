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

    /// Whether another one has the same settings and names, so that sessions with one may go on for the other.
    public func isSame(as other: TLSServer) -> Bool {
        context.settings == other.context.settings && serverName == other.serverName
            && verifiedName == other.verifiedName
    }

    /// Begins the client's side of a session.
    ///
    /// - Parameters:
    ///   - socket: A connected socket.
    ///   - name: The name that is asked for in ``serverName``'s place, and that the certificate must be
    ///     made out to, where it is one: it is the client who says it.
    /// - Returns: The session; `nil`: there is no memory for it.
    public func makeSession(on socket: Int32, asking name: ShortText?) -> (any SecureSession)? {
        let name = name.map(String.init(describing:)).flatMap { $0.isHostName ? $0 : nil }
        return TLSServerSession(to: self, asking: name, on: socket)
    }
}

extension String {
    /// Whether it may be asked for by SNI, which has no addresses (RFC 6066 §3).
    fileprivate var isHostName: Bool {
        let isWritten = utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        let isAddress = utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        return isWritten && !isAddress && utf8.count < 254
    }
}

/// The session that a server gave last under each of its names, by which the next handshake that asks
/// for the same one is shorter.
final class TLSTickets: Sendable {
    private let sessions = Mutex<[String: TLSTicket]>([:])

    /// Has a handshake resume the last session of its name, if there is one.
    @unsafe
    func offer(to ssl: OpaquePointer, of name: String) {
        guard let ticket = sessions.withLock({ $0[name] }) else { return }
        _ = unsafe SSL_set_session(ssl, ticket.session)
    }

    /// Has the next handshake of a name be a whole one.
    func forget(_ name: String) { sessions.withLock { $0[name] = nil } }

    private func keep(_ ticket: TLSTicket, of name: String) {
        sessions.withLock { sessions in
            // Clients name what they like.
            if sessions.count >= mostNames, sessions[name] == nil { _ = sessions.popFirst() }
            sessions[name] = ticket
        }
    }

    /// What OpenSSL calls when a server gives a session (`SSL_CTX_sess_set_new_cb(3)`).
    static let keep: @convention(c) (OpaquePointer?, OpaquePointer?) -> Int32 = { ssl, session in
        guard let ssl = unsafe ssl, let session = unsafe session,
            let place = unsafe SSL_get_ex_data(ssl, 0)
        else { return 0 }
        let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
        // SAFETY: who made the session holds its tickets for as long as it holds the session.
        let tickets = unsafe Unmanaged<TLSTickets>.fromOpaque(place).takeUnretainedValue()
        let ticket = unsafe TLSTicket(owning: session)
        tickets.keep(ticket, of: unsafe name.map { unsafe String(cString: $0) } ?? "")
        // The reference is ours now.
        return 1
    }
}

/// A session that is no connection's any more.
@safe private final class TLSTicket: @unchecked Sendable {
    // SAFETY: a session is counted by references, and not changed once it is given.
    let session: OpaquePointer

    @unsafe
    init(owning session: OpaquePointer) { unsafe self.session = session }

    deinit { unsafe SSL_SESSION_free(session) }
}

/// How many names of a server sessions are kept of.
private let mostNames = 64

public import Balancer

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
    let sessions = TLSSessionCache()

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

public import LinuxIO

/// What ends the TLS of a listener's clients (`bind … ssl`).
///
/// A PROXY header comes before it, and so do `tcp-request connection` rules; all else sees what was
/// decrypted. `BalancerTLS` has one by OpenSSL.
public protocol ClientSecurity: AnyObject, Sendable {
    /// Begins the server's side of a session.
    ///
    /// - Parameter socket: A connected non-blocking socket, which remains the caller's and is open for as
    ///   long as the session is used.
    /// - Returns: The session; `nil`: there is no memory for it.
    func makeSession(on socket: Int32) -> (any ClientSession)?

    /// Hears why a client's handshake failed; not of those who only went away, or took too long.
    ///
    /// Called by any reactor, which waits for it.
    func handshakeFailed(of client: IPEndpoint, because reason: String)
}

/// One client's encrypted connection.
public protocol ClientSession: SecureSession {
    /// Copies decrypted bytes, which are to be received all the same.
    ///
    /// - Parameters:
    ///   - buffer: Where to.
    ///   - byteCount: The most to look at.
    /// - Returns: The bytes that are there; 0 at the end of a stream without any. `wouldBlock` only once
    ///   the socket has nothing more.
    @unsafe
    func peek(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer

    /// What the handshake told; empty where it did not, or where that is longer than 255 bytes.
    func text(_ text: SecuredText) -> ShortText

    /// What the handshake told.
    func number(_ number: SecuredNumber) -> Int
}

/// What is known of a client's TLS, as a text.
public enum SecuredText: Hashable, Sendable, CaseIterable {
    /// The name that he asked for (`ssl_fc_sni`).
    case serverName
    /// The protocol that was agreed on by ALPN (`ssl_fc_alpn`).
    case applicationProtocol
    /// The version, such as `TLSv1.3` (`ssl_fc_protocol`).
    case version
    /// The cipher, by OpenSSL's name (`ssl_fc_cipher`).
    case cipher
    /// The common name that his certificate is made out to (`ssl_c_s_dn(cn)`).
    case subjectName
    /// That of who signed it (`ssl_c_i_dn(cn)`).
    case issuerName
}

/// What is known of a client's TLS, as a number; of a connection without all are 0.
public enum SecuredNumber: Hashable, Sendable, CaseIterable {
    /// 1 (`ssl_fc`).
    case isSecured
    /// Whether he asked for a name (`ssl_fc_has_sni`).
    case hasServerName
    /// Whether he showed a certificate in this very handshake (`ssl_fc_has_crt`).
    case showedCertificate
    /// Whether he showed one, be it in the handshake of the session that was resumed (`ssl_c_used`).
    case usesCertificate
    /// Whether a session was resumed (`ssl_fc_is_resumed`).
    case isResumed
    /// What verifying his certificate came to, 0 being well (`ssl_c_verify`, X509_V_ERR_…).
    case verification
}

/// A ``ClientSecurity`` in a plan: equal to another one if it is the same.
struct ClientSecurityReference: Hashable, Sendable {
    let security: any ClientSecurity

    static func == (one: Self, other: Self) -> Bool { one.security === other.security }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(security)) }
}

public import LinuxIO

/// What encrypts connections to a server (`server … ssl`).
///
/// The balancer connects, and sends the PROXY header, as to any server; from then on what it relays goes
/// through a session. `BalancerTLS` has one by OpenSSL.
public protocol ServerSecurity: AnyObject, Sendable {
    /// Begins the client's side of a session.
    ///
    /// - Parameters:
    ///   - socket: A connected non-blocking socket, which remains the caller's and is open for as long as
    ///     the session is used.
    ///   - name: What the plan has a server asked for on behalf of this client
    ///     (``ConnectionPlan/nameSource``), as it came from him; `nil`: nothing, or he has not said it.
    /// - Returns: The session; `nil`: there is no memory for it.
    func makeSession(on socket: Int32, asking name: ShortText?) -> (any SecureSession)?
}

/// One encrypted connection; used by one thread, on which SIGPIPE is blocked.
public protocol SecureSession: AnyObject {
    /// Goes on with the handshake, as far as it can without waiting.
    func handshake() -> HandshakeProgress

    /// Why the other side has broken it off since the handshake, for the operator; `nil`: it has not.
    ///
    /// Who has to show a server a certificate (TLS 1.3) hears only then that it was not the right one.
    var complaint: String? { get }

    /// Takes bytes that were decrypted.
    ///
    /// - Parameters:
    ///   - buffer: Where to.
    ///   - byteCount: The most to take.
    /// - Returns: The bytes moved; 0 at the end of the stream. `wouldBlock` only once the socket has
    ///   nothing more.
    @unsafe
    func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer

    /// Gives bytes to encrypt and send.
    ///
    /// - Parameters:
    ///   - bytes: Where they are. Those that were not taken are given again next time, be it from
    ///     elsewhere, with what follows them.
    ///   - count: How many.
    /// - Returns: The bytes moved, fewer than asked once the socket has no room.
    @unsafe
    func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer

    /// Says that no more bytes follow; the other direction goes on, and so does the socket.
    ///
    /// - Returns: Whether that is said, and not to be said again; otherwise to be called again once there
    ///   is room.
    func endSending() -> Bool
}

/// How far a handshake has come.
public enum HandshakeProgress: Hashable, Sendable {
    /// It is done.
    case done
    /// The socket must become writable first, or readable.
    case waits(forRoom: Bool)
    /// The other side has ended the connection.
    case ended
    /// It failed; the reason, for the operator.
    case failed(String)
}

/// A ``ServerSecurity`` in a plan: equal to another one if it is the same.
struct SecurityReference: Hashable, Sendable {
    let security: any ServerSecurity

    static func == (one: Self, other: Self) -> Bool { one.security === other.security }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(security)) }
}

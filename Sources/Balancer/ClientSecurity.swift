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

    /// Whether the client has sent anything, be it that it came to no handshake.
    var hasReceived: Bool { get }

    /// What the handshake told; empty where it did not, or where that is longer than 255 bytes.
    func text(_ text: SecuredText) -> ShortText

    /// What the handshake told.
    func number(_ number: SecuredNumber) -> Int
}

/// What is known of a client's TLS, as a text.
public enum SecuredText: Hashable, Sendable {
    /// The name that he asked for (`ssl_fc_sni`).
    case serverName
    /// The protocol that was agreed on by ALPN (`ssl_fc_alpn`).
    case applicationProtocol
    /// The version, such as `TLSv1.3` (`ssl_fc_protocol`).
    case version
    /// The cipher, by OpenSSL's name (`ssl_fc_cipher`).
    case cipher
    /// What the session is known by (`ssl_fc_session_id`), in bytes or in hexadecimal digits.
    case sessionID(inDigits: Bool)
    /// What stands in a certificate (`ssl_c_…`, `ssl_f_…`).
    case certificate(CertificateText, of: CertificateOwner)

    /// The common name that the client's certificate is made out to (`ssl_c_s_dn(cn)`).
    public static var subjectName: SecuredText {
        .certificate(.subject(CertificateNamePart("cn")), of: .client)
    }
}

/// Whose certificate is meant.
public enum CertificateOwner: Hashable, Sendable {
    /// The client's (`ssl_c_…`).
    case client
    /// The one that he was shown (`ssl_f_…`).
    case listener
}

/// What a certificate says, as a text; haproxy's forms.
public enum CertificateText: Hashable, Sendable {
    /// Whom it is made out to (`s_dn`): all as `/C=FR/CN=name`, or a part.
    case subject(CertificateNamePart?)
    /// Who signed it (`i_dn`).
    case issuer(CertificateNamePart?)
    /// Its number (`serial`), in bytes or in hexadecimal digits.
    case serialNumber(inDigits: Bool)
    /// The SHA-1 digest of it (`sha1`), likewise.
    case digest(inDigits: Bool)
    /// From when on it is good (`notbefore`): `YYMMDDhhmmssZ`.
    case start
    /// Until when (`notafter`).
    case end
    /// What kind its key is of (`key_alg`), by OpenSSL's short name.
    case keyAlgorithm
    /// What it was signed by (`sig_alg`), likewise.
    case signatureAlgorithm
}

/// A part of the name of whom a certificate is made out to, or of who signed it.
public struct CertificateNamePart: Hashable, Sendable {
    private var bytes = InlineArray<32, UInt8>(repeating: 0)
    private let count: UInt8
    /// Which of those of its kind: 1 is the first one, -1 the last.
    public let occurrence: Int16

    /// Makes one.
    ///
    /// - Parameters:
    ///   - kind: OpenSSL's short name of the kind, such as `O`, in any case, or the numbers of one that has
    ///     none; at most 32 bytes count.
    ///   - occurrence: Which of that kind, not 0.
    public init(_ kind: String, occurrence: Int16 = 1) {
        var count = 0
        for byte in kind.utf8.prefix(32) {
            bytes[count] = LetterCase.lower.applied(to: byte)
            count += 1
        }
        self.count = UInt8(count)
        self.occurrence = occurrence
    }

    /// Whether it means parts of a kind.
    public func isOf(_ kind: Span<UInt8>) -> Bool {
        guard kind.count == Int(count) else { return false }
        for index in kind.indices where bytes[index] != LetterCase.lower.applied(to: kind[index]) {
            return false
        }
        return true
    }

    /// Whether both mean the same.
    public static func == (one: Self, other: Self) -> Bool {
        one.occurrence == other.occurrence
            && one.isOf(other.bytes.span.extracting(0..<Int(other.count)))
    }

    /// Feeds the bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(occurrence)
        for index in 0..<Int(count) { hasher.combine(bytes[index]) }
    }
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
    /// The first thing that was wrong with it, 0 being nothing, in this very handshake (`ssl_c_err`).
    case certificateError
    /// The same of those above it (`ssl_c_ca_err`).
    case authorityError
    /// How far above it that one stands (`ssl_c_ca_err_depth`).
    case authorityErrorDepth
}

/// What is known of a client's TLS, as a log line tells it.
public enum SecuredSample: Hashable, Sendable {
    /// A text.
    case text(SecuredText)
    /// A number.
    case number(SecuredNumber)
}

/// A ``ClientSecurity`` in a plan: equal to another one if it is the same.
struct ClientSecurityReference: Hashable, Sendable {
    let security: any ClientSecurity

    static func == (one: Self, other: Self) -> Bool { one.security === other.security }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(security)) }
}

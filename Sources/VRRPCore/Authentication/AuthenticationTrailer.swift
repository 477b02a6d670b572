/// What follows an authenticated message inside its IP payload.
///
///     +-------+-------+---------------+-------------------------------+
///     |Scheme | Key   |   Reserved    |            Seconds            |
///     +-------+-------+---------------+-------------------------------+
///     |   Fraction    |    Counter    |  HMAC, the first 16 bytes ... |
///     +---------------+---------------+-------------------------------+
///
/// keepalived 2.4.3.
public struct AuthenticationTrailer: Hashable, Sendable {
    /// The length in bytes.
    public static let byteCount = 28
    /// The length of the code in bytes: HMAC-SHA-256 truncated to 128 bits.
    static let codeByteCount = 16
    /// The number of the only scheme.
    private static let schemeNumber: UInt8 = 1

    /// The key that the message was signed with.
    public let keyID: UInt8
    /// Where the message stands among its sender's.
    public let sequence: SequenceNumber
    /// The code, 16 bytes.
    public let code: [UInt8]

    /// Decodes what follows a message.
    ///
    /// - Parameter bytes: All that follows the message in its IP payload.
    /// - Throws: `.malformed` unless it is 28 bytes of scheme 1 with reserved bits of 0.
    public init(decoding bytes: Span<UInt8>) throws(AuthenticationFailure) {
        guard bytes.count == Self.byteCount, bytes[0] == Self.schemeNumber, bytes.word(at: 2) == 0
        else { throw .malformed }
        keyID = bytes[1]
        sequence = SequenceNumber(rawValue: bytes.quadWord(at: 4))
        code = (12..<Self.byteCount).map { bytes[$0] }
    }

    /// Signs a message.
    ///
    /// - Throws: `.unknownKey` if `authenticator` has no such key; `.malformed` if the message is
    ///   shorter than any of VRRP.
    init(
        signing message: [UInt8], header: IPHeader, keyID: UInt8, sequence: SequenceNumber,
        using authenticator: any MessageAuthenticator
    ) throws(AuthenticationFailure) {
        guard message.count >= 8 else { throw .malformed }
        self.keyID = keyID
        self.sequence = sequence
        let input = Self.signedBytes(
            message: message, header: header, keyID: keyID, sequence: sequence)
        guard let code = authenticator.authenticationCode(of: input, keyID: keyID),
            code.count >= Self.codeByteCount
        else { throw .unknownKey(keyID) }
        self.code = Array(code.prefix(Self.codeByteCount))
    }

    /// The trailer as it stands on the wire, 28 bytes.
    public func encoded() -> [UInt8] { Self.start(keyID: keyID, sequence: sequence) + code }

    /// What the code is computed of.
    ///
    /// The destination is not part of it, so that one signature serves all unicast peers; nor is
    /// the checksum, which the kernel may write.
    ///
    /// - Parameters:
    ///   - message: The VRRP message, at least 8 bytes.
    ///   - header: Tells the family and the source.
    ///   - keyID: The key that it is signed with.
    ///   - sequence: Where it stands among its sender's messages.
    /// - Returns: 20 bytes of pseudo-header, the message, the trailer with 16 zeros as code.
    static func signedBytes(
        message: [UInt8], header: IPHeader, keyID: UInt8, sequence: SequenceNumber
    ) -> [UInt8] {
        let familyNumber: UInt8 = header.family == .ipv4 ? 4 : 6
        var bytes = [familyNumber, message[0] >> 4, message[1], 0]
        bytes += header.source.octets
        while bytes.count < 20 { bytes.append(0) }
        bytes += message
        (bytes[26], bytes[27]) = (0, 0)
        bytes += start(keyID: keyID, sequence: sequence)
        return bytes + Array(repeating: 0, count: codeByteCount)
    }

    private static func start(keyID: UInt8, sequence: SequenceNumber) -> [UInt8] {
        [schemeNumber, keyID, 0, 0]
            + stride(from: 56 as UInt64, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: sequence.rawValue >> $0)
            }
    }
}

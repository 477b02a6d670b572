/// The clear-text password of VRRP version 2, authentication type 1.
///
/// It guards against mistakes, not attackers: everybody on the LAN can read it. RFC 2338 §5.3.6.2.
public struct Password: Hashable, Sendable, Codable {
    /// The authentication type of a clear-text password.
    static let typeNumber: UInt8 = 1
    /// The authentication data of a message without authentication.
    static let absent = [UInt8](repeating: 0, count: 8)

    /// The eight bytes of the authentication data, filled up with zeros.
    let octets: [UInt8]

    /// Makes a password, or `nil` unless its text has 1 to 8 bytes, none of them 0.
    ///
    /// - Parameter text: The password; keepalived uses only the first 8 characters of its.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard (1...8).contains(bytes.count), !bytes.contains(0) else { return nil }
        octets = bytes + Self.absent.dropFirst(bytes.count)
    }

    /// The password that a message was sent with: its eight bytes of authentication data.
    init(octets: [UInt8]) { self.octets = octets }

    /// Whether the authentication data is this password's, in a time that depends on neither.
    func matches(_ data: Span<UInt8>) -> Bool {
        guard data.count == octets.count else { return false }
        return data.equalsInConstantTime(octets.span)
    }
}

extension Span<UInt8> {
    /// Whether both hold the same bytes; the time depends on the length alone.
    func equalsInConstantTime(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<count { difference |= self[index] ^ other[index] }
        return difference == 0
    }
}

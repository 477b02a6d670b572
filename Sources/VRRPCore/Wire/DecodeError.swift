/// Why a datagram is not an advertisement, before any virtual router has looked at it.
///
/// One case per check, in the order in which they are made, with the value that was found.
/// RFC 9568 §7.1, RFC 3768 §7.1.
public enum DecodeError: Error, Hashable, Sendable {
    /// Fewer bytes than an IPv4 header has.
    case truncatedHeader(byteCount: Int)
    /// The first four bits are not 4.
    case ipVersion(UInt8)
    /// The header length, in bytes, is below 20 or beyond the total length.
    case headerLength(Int)
    /// The total length, in bytes, is more than the `available` ones that arrived.
    case totalLength(Int, available: Int)
    /// The payload is of another protocol than 112.
    case protocolNumber(UInt8)
    /// The TTL is not 255, so the datagram may have passed a router (RFC 9568 §5.1.1.3).
    case timeToLive(UInt8)
    /// The message has fewer bytes than its fixed part, or than its address count asks for.
    case truncated(byteCount: Int, expected: Int)
    /// The version is neither 2 nor 3.
    case version(UInt8)
    /// The type is not 1, ADVERTISEMENT (RFC 9568 §5.2.2).
    case type(UInt8)
    /// The checksum is right in neither form; `expected` is the one of the message alone.
    case checksum(found: UInt16, expected: UInt16)
    /// The virtual router identifier is 0 (RFC 9568 §5.2.3).
    case zeroVRID
    /// The count of addresses is 0 (RFC 9568 §5.2.5, erratum 8299).
    case noAddresses
    /// Version 2 with another authentication type than 0, none (RFC 3768 §5.3.6).
    case authenticationType(UInt8)
    /// The advertisement interval is 0 (RFC 9568 §7.1, erratum 8301).
    case zeroInterval
}

extension DecodeError: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .truncatedHeader(let byteCount):
            "\(byteCount) bytes, an IPv4 header has at least 20"
        case .ipVersion(let found): "IP version \(found), must be 4"
        case .headerLength(let found):
            "IPv4 header length \(found), must be 20 to 60 and within the total length"
        case .totalLength(let found, let available):
            "IPv4 total length \(found), but only \(available) bytes arrived"
        case .protocolNumber(let found): "IP protocol \(found), must be 112"
        case .timeToLive(let found): "TTL \(found), must be 255"
        case .truncated(let byteCount, let expected):
            "VRRP message of \(byteCount) bytes, must have \(expected)"
        case .version(let found): "VRRP version \(found), must be 2 or 3"
        case .type(let found): "VRRP type \(found), must be 1"
        case .checksum(let found, let expected):
            "VRRP checksum \(hexadecimal(found)), must be \(hexadecimal(expected))"
        case .zeroVRID: "VRID 0, must be 1 to 255"
        case .noAddresses: "no addresses, must be at least 1"
        case .authenticationType(let found): "authentication type \(found), must be 0"
        case .zeroInterval: "advertisement interval 0, must be at least 1"
        }
    }

    private func hexadecimal(_ word: UInt16) -> String {
        let digits = String(word, radix: 16)
        return "0x" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
    }
}

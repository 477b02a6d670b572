/// Why a datagram is not an advertisement, before any virtual router has looked at it.
///
/// One case per check, in the order in which they are made, with the value that was found.
/// RFC 9568 §7.1, RFC 3768 §7.1.
public enum DecodeError: Error, Hashable, Sendable {
    /// Fewer bytes than an IP header has.
    case truncatedHeader(byteCount: Int)
    /// The first four bits are neither 4 nor 6.
    case ipVersion(UInt8)
    /// The headers' length, in bytes, is below 20 or beyond the total length.
    case headerLength(Int)
    /// The total length, in bytes, is more than the `available` ones that arrived.
    case totalLength(Int, available: Int)
    /// The payload is of another protocol than 112.
    case protocolNumber(UInt8)
    /// The message is inside an IPsec authentication header (RFC 2338 §5.3.6.3).
    case authenticationHeader
    /// The TTL or Hop Limit is not `expected`, normally 255, so the datagram may have passed a router.
    ///
    /// RFC 9568 §5.1.1.3, §5.1.2.3.
    case timeToLive(UInt8, expected: ClosedRange<UInt8>)
    /// The message has fewer bytes than its fixed part, or than its address count asks for.
    case truncated(byteCount: Int, expected: Int)
    /// The version is neither 2 nor 3, or 2 over IPv6.
    case version(UInt8)
    /// The type is not 1, ADVERTISEMENT (RFC 9568 §5.2.2).
    case type(UInt8)
    /// The checksum is right in no form of the family and version; `expected` is RFC 9568's form.
    case checksum(found: UInt16, expected: UInt16)
    /// The virtual router identifier is 0 (RFC 9568 §5.2.3).
    case zeroVRID
    /// The count of addresses is 0 (RFC 9568 §5.2.5, erratum 8299).
    case noAddresses
    /// Version 2 with another authentication type than the configured one (RFC 3768 §5.3.6).
    ///
    /// 0 is none, 1 a clear-text password.
    case authenticationType(UInt8, expected: UInt8)
    /// Version 2 with another password than the configured one (RFC 2338 §5.3.6.2).
    case wrongPassword
    /// The advertisement interval is 0 (RFC 9568 §7.1, erratum 8301).
    case zeroInterval
}

extension DecodeError: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .truncatedHeader(let byteCount):
            "\(byteCount) bytes, an IP header has at least 20, of IPv6 40"
        case .ipVersion(let found): "IP version \(found), must be 4 or 6"
        case .headerLength(let found):
            "IP header length \(found), must be at least 20 and within the total length"
        case .totalLength(let found, let available):
            "IP total length \(found), but only \(available) bytes arrived"
        case .protocolNumber(let found): "IP protocol \(found), must be 112"
        case .authenticationHeader:
            "inside an IPsec authentication header, which is not spoken here"
        case .timeToLive(let found, let expected) where expected.count == 1:
            "TTL \(found), must be \(expected.lowerBound)"
        case .timeToLive(let found, let expected):
            "TTL \(found), must be \(expected.lowerBound) to \(expected.upperBound)"
        case .truncated(let byteCount, let expected):
            "VRRP message of \(byteCount) bytes, must have \(expected)"
        case .version(let found): "VRRP version \(found), must be 2 or 3"
        case .type(let found): "VRRP type \(found), must be 1"
        case .checksum(let found, let expected):
            "VRRP checksum \(hexadecimal(found)), must be \(hexadecimal(expected))"
        case .zeroVRID: "VRID 0, must be 1 to 255"
        case .noAddresses: "no addresses, must be at least 1"
        case .authenticationType(let found, let expected):
            "authentication type \(found), must be \(expected)"
        case .wrongPassword: "wrong password"
        case .zeroInterval: "advertisement interval 0, must be at least 1"
        }
    }
}

/// The 16-bit ones' complement sum that IPv4, and VRRP over it, protect their bytes with.
///
/// RFC 1071.
struct InternetChecksum {
    /// The ones' complement sum so far, folded to 16 bits.
    private(set) var sum: UInt16 = 0

    /// Adds one 16-bit word.
    mutating func add(_ word: UInt16) {
        let (partial, carried) = sum.addingReportingOverflow(word)
        sum = carried ? partial &+ 1 : partial
    }

    /// Adds bytes as words in network order; an odd last byte counts as the high half of a word.
    mutating func add(_ bytes: Span<UInt8>) {
        var index = 0
        while index + 1 < bytes.count {
            add(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]))
            index += 2
        }
        if index < bytes.count { add(UInt16(bytes[index]) << 8) }
    }

    /// Adds an address as two or eight words.
    mutating func add(_ address: IPAddress) {
        switch address {
        case .v4(let address):
            add(UInt16(truncatingIfNeeded: address.rawValue >> 16))
            add(UInt16(truncatingIfNeeded: address.rawValue))
        case .v6(let address):
            for half in [address.high, address.low] {
                for shift in [48, 32, 16, 0] as [UInt64] {
                    add(UInt16(truncatingIfNeeded: half >> shift))
                }
            }
        }
    }

    /// What the checksum field must hold, if it was 0 while the bytes were added.
    var value: UInt16 { ~sum }
}

/// Which bytes the checksum of a VRRP message over IPv4 covers.
///
/// Version 2 always has the message alone, IPv6 always the pseudo-header of RFC 8200 §8.1. For
/// version 3 over IPv4, RFC 9568 says the message alone, while
/// RFC 5798 was read by many, keepalived among them, as asking for a pseudo-header.
public enum ChecksumCoverage: Hashable, Sendable {
    /// The VRRP message alone (RFC 9568 §5.2.8, RFC 3768 §5.3.8).
    case message
    /// Source, destination, length and protocol from the IP header, then the message.
    ///
    /// RFC 9568 §5.2.8 for IPv6; RFC 5798 §5.2.8 as it was read, for IPv4.
    case pseudoHeader
    /// The same with 224.0.0.18 in place of the destination, whatever it is.
    ///
    /// What keepalived before 1.3.7 sends to its unicast peers in version 3 over IPv4
    /// (`old_unicast_checksum`).
    case groupPseudoHeader

    /// The sum to begin with, before the message's own bytes.
    ///
    /// Both pseudo-headers add up to the same: addresses, length and protocol.
    func seed(source: IPAddress, destination: IPAddress, byteCount: Int) -> InternetChecksum {
        var checksum = InternetChecksum()
        guard self != .message else { return checksum }
        checksum.add(source)
        checksum.add(self == .groupPseudoHeader ? source.family.vrrpGroup : destination)
        checksum.add(UInt16(IPHeader.vrrpProtocolNumber))
        checksum.add(UInt16(truncatingIfNeeded: byteCount))
        return checksum
    }
}

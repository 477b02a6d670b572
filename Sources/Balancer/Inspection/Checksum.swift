/// CRC32c, the checksum of Castagnoli (RFC 4960, appendix B).
enum Checksum {
    /// The checksum of bytes in which four count as zeros: where the checksum itself stands.
    static func castagnoli(of bytes: Span<UInt8>, leavingOut place: Int) -> UInt32 {
        var sum: UInt32 = ~0
        for index in 0..<bytes.count {
            let isOut = index >= place && index < place + 4
            sum ^= isOut ? 0 : UInt32(bytes[index])
            for _ in 0..<8 { sum = sum >> 1 ^ (0x82F6_3B78 & (0 &- (sum & 1))) }
        }
        return ~sum
    }
}

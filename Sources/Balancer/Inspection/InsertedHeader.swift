internal import LinuxIO

// What a NetScaler tells of its client (client IP insertion): a number that both sides agree on, a
// length, and the client's own headers of IP and TCP.

extension ProxyHeader {
    /// Reads what came first on a connection from a NetScaler.
    ///
    /// haproxy's netscaler-client-ip-insertion-protocol.txt, in both forms; of the two lengths in the newer
    /// one the one of the headers counts, as in haproxy. Fragments are put together.
    ///
    /// - Parameters:
    ///   - bytes: All bytes so far, from the first one on.
    ///   - magic: The number that was agreed on.
    /// - Returns: The header, or whether more bytes could make one.
    public static func readInserted(_ bytes: Span<UInt8>, magic: UInt32) -> Reading {
        for index in 0..<min(4, bytes.count)
        where bytes[index] != UInt8(truncatingIfNeeded: magic >> UInt32(24 - 8 * index)) {
            return .malformed(.signature)
        }
        guard bytes.count > 8 else { return .needsMore }
        let (start, length): (Int, Int)
        switch bytes[8] {
        // The IP header follows at once, of version 4 or 6.
        case 0x40...0x4F, 0x60...0x6F: (start, length) = (8, Int(number(bytes, at: 4, 4)))
        case 0:
            guard bytes.count >= 12 else { return .needsMore }
            (start, length) = (12, Int(number(bytes, at: 10, 2)))
        default: return .malformed(.command)
        }
        let end = start + length
        guard end <= longestByteCount else { return .malformed(.length) }
        guard length >= 24 else { return .malformed(.address) }
        guard bytes.count >= end else { return .needsMore }
        guard let addresses = addresses(inPacket: bytes.extracting(start..<end)) else {
            return .malformed(.address)
        }
        return .complete(ProxyHeader(addresses: addresses), byteCount: end)
    }

    /// The ends of a connection, from its headers of IP and TCP; `nil`: it is none of TCP, or is cut.
    private static func addresses(inPacket packet: Span<UInt8>) -> Addresses? {
        let tcp: UInt8 = 6
        switch packet[0] >> 4 {
        case 4:
            let ports = Int(packet[0] & 15) * 4
            guard ports >= 20, packet.count >= ports + 4, packet[9] == tcp else { return nil }
            return addresses(ipv4: packet, at: 12, ports: ports)
        case 6:
            guard packet.count >= 44, packet[6] == tcp else { return nil }
            return addresses(ipv6: packet, at: 8, ports: 40)
        default: return nil
        }
    }
}

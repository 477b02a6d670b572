internal import Glibc

/// The address and port of one end of a connection, of either family, in 24 bytes.
///
/// IPv4 addresses stand in their IPv6 form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), as a socket that
/// serves both families shows them, so that one comparison serves both. All zeros stand for an end
/// that has no such address, that of a Unix socket.
public struct IPEndpoint: Hashable, Sendable {
    /// The first 64 bits of the address as a number, the first octet highest.
    public var high: UInt64
    /// The last 64 bits of the address.
    public var low: UInt64
    /// The port, 0 to 65535.
    public var port: UInt16

    /// Makes an endpoint from the two halves of an IPv6 address and a port.
    @inlinable
    public init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    /// Makes an endpoint from the 32 bits of an IPv4 address (first octet highest) and a port.
    @inlinable
    public init(ipv4 address: UInt32, port: UInt16) {
        self.init(high: 0, low: 0xffff_0000_0000 | UInt64(address), port: port)
    }

    /// The end that has no internet address.
    public static let none = IPEndpoint(high: 0, low: 0, port: 0)

    /// Whether the address is one of IPv4.
    @inlinable
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// Whether there is an address at all.
    @inlinable
    public var isPresent: Bool { high | low != 0 }

    /// The 32 bits of an IPv4 address.
    @inlinable
    public var ipv4: UInt32 { UInt32(truncatingIfNeeded: low) }

    /// The 128 bits of the address.
    @inlinable
    public var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// A number of 32 bits that the address decides: the address itself for IPv4, the exclusive or
    /// of its four parts for IPv6, as haproxy's `balance source` has it.
    @inlinable
    public var digest: UInt32 {
        guard !isIPv4 else { return ipv4 }
        let folded = high ^ low
        return UInt32(truncatingIfNeeded: folded >> 32 ^ folded)
    }

    /// Whether both have the same address, whatever the ports.
    @inlinable
    public func hasSameAddress(as other: IPEndpoint) -> Bool {
        high == other.high && low == other.low
    }
}

extension IPEndpoint {
    /// Makes an endpoint from an address in text and a port.
    ///
    /// - Parameters:
    ///   - address: An address of IPv4 in dotted decimal or of IPv6 (RFC 4291 §2.2), without brackets,
    ///     port, zone or length of a prefix; `nil` comes of all else, names too. inet_pton(3).
    ///   - port: The port.
    public init?(_ address: String, port: UInt16 = 0) {
        var ipv4 = in_addr()
        var ipv6 = in6_addr()
        // The kernel's library stops at a zero.
        guard !address.utf8.contains(0) else { return nil }
        if unsafe inet_pton(AF_INET, address, &ipv4) == 1 {
            self.init(ipv4: UInt32(bigEndian: ipv4.s_addr), port: port)
        } else if unsafe inet_pton(AF_INET6, address, &ipv6) == 1 {
            let bits = unsafe unsafeBitCast(ipv6, to: (UInt64, UInt64).self)
            self.init(
                high: UInt64(bigEndian: bits.0), low: UInt64(bigEndian: bits.1), port: port)
        } else {
            return nil
        }
    }

    /// The address alone, `A.B.C.D` or as RFC 5952 wants it; inet_ntop(3).
    public var host: String {
        let (family, words) =
            isIPv4
            ? (AF_INET, [UInt64(ipv4.bigEndian), 0]) : (AF_INET6, [high.bigEndian, low.bigEndian])
        let room = Int(INET6_ADDRSTRLEN)
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { text in
            let end = unsafe inet_ntop(family, words, text.baseAddress, UInt32(room))
            return unsafe end.map { unsafe String(cString: $0) } ?? ""
        }
    }
}

extension IPEndpoint: CustomStringConvertible {
    /// `A.B.C.D:PORT`, `[IPV6]:PORT`, or `unix`.
    public var description: String {
        guard isPresent else { return "unix" }
        return isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)"
    }
}

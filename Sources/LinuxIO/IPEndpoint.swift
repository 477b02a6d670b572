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

extension IPEndpoint: CustomStringConvertible {
    /// `A.B.C.D:PORT`, `[IPV6]:PORT`, or `unix`.
    public var description: String {
        guard isPresent else { return "unix" }
        if isIPv4 { return SocketAddress(address: ipv4, port: port).description }
        let groups = [high, low].flatMap { half in
            stride(from: 48 as UInt64, through: 0, by: -16).map {
                String(half >> $0 & 0xffff, radix: 16)
            }
        }
        return "[\(groups.joined(separator: ":"))]:\(port)"
    }
}

/// The address of an Ethernet interface, 6 octets.
public struct HardwareAddress: RawRepresentable, Hashable, Sendable {
    /// The 48 bits as a number, the first octet highest.
    public let rawValue: UInt64

    /// Makes an address from its 48 bits; higher ones are dropped.
    public init(rawValue: UInt64) { self.rawValue = rawValue & 0xffff_ffff_ffff }

    /// Makes an address from its octets; `nil` unless there are 6.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        self.init(rawValue: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The six octets, in the order in which they are sent.
    public var octets: [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: rawValue >> (40 - 8 * $0)) }
    }
}

extension HardwareAddress: CustomStringConvertible {
    /// `02:00:5e:10:00:01`.
    public var description: String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}

/// The addresses whose first bits are the same: a subnet, or a single address.
public struct InternetPrefix: Hashable, Sendable {
    /// The lowest address: all bits after the prefix are 0.
    public let address: InternetAddress
    /// How many bits are the same: 0 to 32, or to 128.
    public let length: UInt8

    /// Makes the prefix that an address belongs to.
    ///
    /// - Parameters:
    ///   - address: Any address of it; the bits after the prefix are cleared.
    ///   - length: How many bits count; `nil`, and more than there are: all.
    public init(_ address: InternetAddress, length: UInt8? = nil) {
        let length = min(length ?? address.family.bitWidth, address.family.bitWidth)
        self.length = length
        switch address {
        case .v4(let bits): self.address = .v4(bits & ~(length == 0 ? .max : .max >> length))
        case .v6(let high, let low):
            self.address = .v6(
                high: high & ~(UInt64.max >> min(UInt64(length), 64)),
                low: low & ~(UInt64.max >> (max(UInt64(length), 64) - 64)))
        }
    }

    /// All addresses of a version.
    ///
    /// - Parameter family: The version.
    /// - Returns: 0.0.0.0/0 or ::/0.
    public static func all(_ family: InternetAddress.Family) -> InternetPrefix {
        switch family {
        case .v4: InternetPrefix(.v4(0), length: 0)
        case .v6: InternetPrefix(.v6(high: 0, low: 0), length: 0)
        }
    }
}

extension InternetPrefix: CustomStringConvertible {
    /// `172.17.0.0/24`.
    public var description: String { "\(address)/\(length)" }
}

/// The identifier of a virtual router on its LAN, 1 to 255.
///
/// RFC 9568 §5.2.3.
public struct VRID: RawRepresentable, Hashable, Sendable, Codable {
    /// The number as it stands on the wire, 1 to 255.
    public let rawValue: UInt8

    /// Makes an identifier, or `nil` for 0, which the protocol does not allow.
    public init?(rawValue: UInt8) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Makes an identifier from any integer, or `nil` outside 1 to 255.
    public init?(_ value: Int) {
        guard let byte = UInt8(exactly: value) else { return nil }
        self.init(rawValue: byte)
    }
}

extension VRID: CustomStringConvertible {
    /// The number.
    public var description: String { "\(rawValue)" }
}

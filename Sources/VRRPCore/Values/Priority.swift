/// The priority of a router within one virtual router, as an advertisement carries it.
///
/// Higher is preferred. RFC 9568 §5.2.4.
public struct Priority: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// The number as it stands on the wire, 0 to 255.
    public let rawValue: UInt8

    /// Makes a priority from the number on the wire.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Makes a priority that may be configured, or `nil` outside 1 to 255.
    public init?(_ value: Int) {
        guard let byte = UInt8(exactly: value), byte != 0 else { return nil }
        self.rawValue = byte
    }

    /// Whether `lhs` is less preferred than `rhs`.
    public static func < (lhs: Priority, rhs: Priority) -> Bool { lhs.rawValue < rhs.rawValue }

    /// The priority of the router that owns the virtual addresses, 255.
    public static let owner = Priority(rawValue: 255)
    /// The priority of a router that backs up when nothing else is configured, 100.
    public static let `default` = Priority(rawValue: 100)
    /// The priority of an Active router's last advertisement, 0: it stops taking part.
    public static let release = Priority(rawValue: 0)
}

extension Priority: CustomStringConvertible {
    /// The number.
    public var description: String { "\(rawValue)" }
}

/// What a record of DNS tells.
///
/// RFC 1035 §3.2.2, RFC 3596 §2.1, RFC 2782.
public struct DNSRecordType: RawRepresentable, Hashable, Sendable {
    /// An IPv4 address.
    public static let a = DNSRecordType(rawValue: 1)
    /// The name's servers.
    public static let ns = DNSRecordType(rawValue: 2)
    /// The name that this one is an alias of.
    public static let cname = DNSRecordType(rawValue: 5)
    /// The start of authority.
    public static let soa = DNSRecordType(rawValue: 6)
    /// Mail servers.
    public static let mx = DNSRecordType(rawValue: 15)
    /// Text.
    public static let txt = DNSRecordType(rawValue: 16)
    /// An IPv6 address.
    public static let aaaa = DNSRecordType(rawValue: 28)
    /// Where a service is.
    public static let srv = DNSRecordType(rawValue: 33)

    /// The number that stands for it.
    public let rawValue: UInt16

    /// Makes the type of a number.
    ///
    /// - Parameter rawValue: The number.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The type of a name such as `MX` that a ``DNSProbe`` asks for; one that is not known is the start of
    /// authority.
    ///
    /// - Parameter name: The name in capitals.
    public init(named name: String) {
        let types: [String: DNSRecordType] = [
            "A": .a, "NS": .ns, "CNAME": .cname, "SOA": .soa, "MX": .mx, "TXT": .txt,
            "AAAA": .aaaa,
        ]
        self = types[name] ?? .soa
    }
}

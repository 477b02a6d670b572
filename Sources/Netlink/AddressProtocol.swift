/// Who put an address on an interface, as the kernel remembers it.
///
/// `IFA_PROTO` of `rtnetlink(7)`, Linux 5.18. The kernel gives it no meaning of its own.
public struct AddressProtocol: RawRepresentable, Hashable, Sendable {
    /// The kernel's number, 1 to 255.
    public let rawValue: UInt8

    /// Wraps the kernel's number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// This program's addresses: 0x6c, the letter l.
    ///
    /// No registry assigns these numbers. 1 to 3 are the kernel's own, and other daemons use the
    /// number that they have for routes (`/etc/iproute2/rt_protos`: up to 18 keepalived, 42 babel,
    /// 99 OpenR, 186 to 192 the routing suites); 0x6c is in neither list.
    public static let lbctl = AddressProtocol(rawValue: 0x6c)
}

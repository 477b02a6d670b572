/// The addresses of a virtual router in the order in which its advertisements list them.
///
/// At least one and at most 255, so that a list always fits its packet: the count is one byte, and
/// an advertisement of 0 addresses is ignored by its receivers (RFC 9568 §5.2.5, erratum 8299).
/// All are of one family, which is the virtual router's (RFC 9568 §5.2.9).
public struct VirtualAddressList: Hashable, Sendable {
    /// The addresses, 1 to 255 of them, all of one family.
    public let addresses: [IPAddress]

    /// Makes a list, or `nil` for none, for more than 255 or for addresses of both families.
    public init?(_ addresses: [IPAddress]) {
        guard (1...255).contains(addresses.count),
            addresses.allSatisfy({ $0.family == addresses[0].family })
        else { return nil }
        self.addresses = addresses
    }

    /// Makes a list, or `nil` for none or more than 255 addresses.
    public init?(_ addresses: [IPv4Address]) { self.init(addresses.map(IPAddress.v4)) }

    /// Makes a list, or `nil` for none or more than 255 addresses.
    public init?(_ addresses: [IPv6Address]) { self.init(addresses.map(IPAddress.v6)) }

    /// Makes a list of one address.
    public init(_ address: IPAddress) { addresses = [address] }

    /// Makes a list of one address.
    public init(_ address: IPv4Address) { addresses = [.v4(address)] }

    /// The family of all the addresses.
    public var family: AddressFamily { addresses[0].family }

    /// Whether the list begins as its family asks: for IPv6 with a link-local address.
    ///
    /// RFC 9568 §5.2.9; an IPv4 list may begin with any.
    public var beginsAsRequired: Bool { addresses[0].ipv6?.isLinkLocal ?? true }

    /// Whether both lists name the same addresses, in whatever order.
    ///
    /// RFC 9568 §5.2.9 recommends one order on all routers but does not ask for it.
    public func namesSameAddresses(as other: VirtualAddressList) -> Bool {
        addresses == other.addresses || Set(addresses) == Set(other.addresses)
    }
}

extension VirtualAddressList: RandomAccessCollection {
    /// The position of the first address.
    public var startIndex: Int { addresses.startIndex }
    /// The position after the last address.
    public var endIndex: Int { addresses.endIndex }
    /// The address at `position`.
    public subscript(position: Int) -> IPAddress { addresses[position] }
}

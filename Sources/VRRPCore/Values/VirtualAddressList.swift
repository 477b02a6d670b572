/// The addresses of a virtual router in the order in which its advertisements list them.
///
/// At most 255, so that a list always fits its packet: the count is one byte. All are of one family,
/// which is the virtual router's (RFC 9568 §5.2.9). An advertisement of 0 addresses is ignored by its
/// receivers (RFC 9568 §5.2.5, erratum 8299); who wants one has to say so with ``init(none:)``.
public struct VirtualAddressList: Hashable, Sendable {
    /// The addresses, 255 of them at most, all of one family.
    public let addresses: [IPAddress]
    /// The family of all the addresses, and of the advertisements.
    public let family: AddressFamily

    /// Makes a list, or `nil` for none, for more than 255 or for addresses of both families.
    public init?(_ addresses: [IPAddress]) {
        guard (1...255).contains(addresses.count),
            addresses.allSatisfy({ $0.family == addresses[0].family })
        else { return nil }
        self.addresses = addresses
        family = addresses[0].family
    }

    /// Makes an empty list, of a virtual router that elects without holding an address.
    ///
    /// Deviation: RFC 9568 §5.2.5 asks for one address at least. Where an address is moved by a
    /// cloud's interface, on notice of the election, no router holds any (keepalived's
    /// `no_virtual_ipaddress`). Only routers that hold none themselves take such advertisements.
    ///
    /// - Parameter family: The family of the advertisements.
    public init(none family: AddressFamily) {
        addresses = []
        self.family = family
    }

    /// Makes a list, or `nil` for none or more than 255 addresses.
    public init?(_ addresses: [IPv4Address]) { self.init(addresses.map(IPAddress.v4)) }

    /// Makes a list, or `nil` for none or more than 255 addresses.
    public init?(_ addresses: [IPv6Address]) { self.init(addresses.map(IPAddress.v6)) }

    /// Makes a list of one address.
    public init(_ address: IPAddress) {
        addresses = [address]
        family = address.family
    }

    /// Makes a list of one address.
    public init(_ address: IPv4Address) { self.init(.v4(address)) }

    /// Whether the list begins as its family asks: for IPv6 with a link-local address.
    ///
    /// RFC 9568 §5.2.9; an IPv4 list may begin with any.
    public var beginsAsRequired: Bool { addresses.first?.ipv6?.isLinkLocal ?? true }

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

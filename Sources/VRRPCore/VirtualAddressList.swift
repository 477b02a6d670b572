/// The addresses of a virtual router in the order in which its advertisements list them.
///
/// At least one and at most 255, so that a list always fits its packet: the count is one byte, and
/// an advertisement of 0 addresses is ignored by its receivers (RFC 9568 §5.2.5, erratum 8299).
public struct VirtualAddressList: Hashable, Sendable {
    /// The addresses, 1 to 255 of them.
    public let addresses: [IPv4Address]

    /// Makes a list, or `nil` for none or more than 255 addresses.
    public init?(_ addresses: [IPv4Address]) {
        guard (1...255).contains(addresses.count) else { return nil }
        self.addresses = addresses
    }

    /// Makes a list of one address.
    public init(_ address: IPv4Address) { addresses = [address] }

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
    public subscript(position: Int) -> IPv4Address { addresses[position] }
}

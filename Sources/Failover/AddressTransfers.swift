internal import VRRPCore

/// The addresses that stay on a node while it follows another configuration, whichever of its virtual
/// routers holds them before and after.
struct AddressTransfers {
    private var wanted: Set<PlacedAddress> = []
    private var addresses: Set<IPAddress> = []
    /// What virtual routers gave up and left where it is, with their names.
    private(set) var left: [(placed: PlacedAddress, router: String)] = []

    /// Nothing stays.
    init() {}

    /// - Parameter wanted: What the virtual routers are to hold that are Active and go on.
    init(_ wanted: some Sequence<PlacedAddress>) {
        self.wanted = Set(wanted)
        addresses = Set(self.wanted.map(\.address))
    }

    /// Whether the node has an address afterwards too: connections through it go on.
    func stays(_ address: IPAddress) -> Bool { addresses.contains(address) }

    /// Whether an address is to be on another interface before it is taken off.
    func moves(_ placed: PlacedAddress) -> Bool {
        stays(placed.address)
            && !wanted.contains {
                $0.address == placed.address && $0.interface == placed.interface
            }
    }

    /// Leaves an address where it is, for who is to hold it just so.
    ///
    /// - Returns: Whether it is left: it is to be taken off otherwise.
    mutating func leave(_ placed: PlacedAddress, by router: String) -> Bool {
        guard wanted.contains(placed) else { return false }
        left.append((placed, router))
        return true
    }
}

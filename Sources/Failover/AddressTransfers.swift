internal import VRRPCore

/// The addresses that stay on a node while it follows another configuration, whichever of its virtual
/// routers holds them before and after.
struct AddressTransfers {
    private var wanted: Set<PlacedAddress> = []
    private var addresses: Set<IPAddress> = []
    /// What virtual routers gave up and left where it is.
    private(set) var left: [PlacedAddress] = []
    /// What virtual routers gave up of which nobody was told, for the node was to have it afterwards
    /// too, with their names.
    private(set) var untold: [(address: IPAddress, router: String)] = []

    /// Nothing stays.
    init() {}

    /// - Parameter wanted: What the virtual routers are to hold that are Active and go on.
    init(_ wanted: some Sequence<PlacedAddress>) {
        self.wanted = Set(wanted)
        addresses = Set(self.wanted.map(\.address))
    }

    /// Whether the node has an address afterwards too: connections through it go on.
    func stays(_ address: IPAddress) -> Bool { addresses.contains(address) }

    /// Whether nobody is told yet that a virtual router gives an address up, since the node is to have
    /// it afterwards too.
    mutating func withholds(_ address: IPAddress, by router: String) -> Bool {
        guard stays(address) else { return false }
        untold.append((address, router))
        return true
    }

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
    mutating func leave(_ placed: PlacedAddress) -> Bool {
        guard wanted.contains(placed) else { return false }
        left.append(placed)
        return true
    }
}

internal import LinuxIO

/// The ends of connections whose PROXY header said that they are others than the sockets'.
///
/// A place is taken when a header was read and given back with the connection, so that connections
/// without one pay nothing.
struct Introductions {
    private var places: [ProxyHeader.Addresses] = []
    private var free: [Int32] = []

    /// Makes room for a number of pairs.
    mutating func reserve(_ count: Int) {
        places.reserveCapacity(count)
        free.reserveCapacity(count)
    }

    /// Keeps a pair of ends.
    ///
    /// - Returns: The place to ask by.
    mutating func keep(_ addresses: ProxyHeader.Addresses) -> Int32 {
        if let place = free.popLast() {
            places[Int(place)] = addresses
            return place
        }
        places.append(addresses)
        return Int32(places.count - 1)
    }

    /// Gives a place back.
    mutating func drop(_ place: Int32) { free.append(place) }

    /// The ends that are kept at a place.
    subscript(place: Int32) -> ProxyHeader.Addresses { places[Int(place)] }
}

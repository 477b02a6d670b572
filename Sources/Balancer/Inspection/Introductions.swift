internal import LinuxIO

/// The ends of connections whose PROXY header said that they are others than the sockets'.
///
/// A place is taken when a header was read and given back with the connection, so that connections
/// without one pay nothing.
struct Introductions {
    private var places: [ProxyHeader.Addresses] = []
    private var free: [Int32] = []
    /// What clients said by TLS, by the places of their ends, where log lines tell of it.
    private var names: [ClientNames] = []

    /// Makes room for a number of pairs.
    mutating func reserve(_ count: Int) {
        places.reserveCapacity(count)
        free.reserveCapacity(count)
    }

    /// Makes room for what so many clients say by TLS; address space, until it is used.
    mutating func reserveNames(_ count: Int) {
        reserve(count)
        names.reserveCapacity(count)
    }

    /// Keeps a pair of ends.
    ///
    /// - Returns: The place to ask by.
    mutating func keep(_ addresses: ProxyHeader.Addresses) -> Int32 {
        if let place = free.popLast() {
            places[Int(place)] = addresses
            if Int(place) < names.count { names[Int(place)] = .none }
            return place
        }
        places.append(addresses)
        return Int32(places.count - 1)
    }

    /// Keeps what the client at a place said by TLS.
    mutating func keep(_ said: ClientNames, at place: Int32) {
        while names.count <= Int(place) { names.append(.none) }
        names[Int(place)] = said
    }

    /// What is kept of it; of a place that was given back, until it is taken again.
    func names(at place: Int32) -> ClientNames? {
        place >= 0 && Int(place) < names.count ? names[Int(place)] : nil
    }

    /// Gives a place back.
    mutating func drop(_ place: Int32) { free.append(place) }

    /// The ends that are kept at a place.
    subscript(place: Int32) -> ProxyHeader.Addresses { places[Int(place)] }
}

internal import Synchronization

/// The local ports that connections to one server may have, each one connection's (`source
/// ADDRESS:FIRST-LAST`).
///
/// Given out in turn, so that a port which was just given back rests for as long as there are others.
/// Shared by all reactors.
final class PortRange: Sendable {
    let ports: ClosedRange<UInt16>
    private let state: Mutex<State>

    fileprivate struct State {
        /// A bit for each port: whether a connection has it.
        var taken: [UInt64]
        var freeCount: Int
        /// Where the search goes on.
        var next = 0
    }

    init(_ ports: ClosedRange<UInt16>) {
        self.ports = ports
        let count = Int(ports.upperBound - ports.lowerBound) + 1
        state = Mutex(
            State(taken: Array(repeating: 0, count: (count + 63) / 64), freeCount: count))
    }

    /// Takes the next free port; `nil`: there is none.
    ///
    /// - Complexity: O(n / 64); does not allocate.
    func take() -> UInt16? {
        let count = Int(ports.upperBound - ports.lowerBound) + 1
        let place = state.withLock { state -> Int? in
            guard state.freeCount > 0 else { return nil }
            var place = state.next
            while state.isTaken(place) {
                // A word without a free port is passed over as a whole.
                let isFull = place & 63 == 0 && state.taken[place >> 6] == .max
                place += isFull ? 64 : 1
                if place >= count { place = 0 }
            }
            state.taken[place >> 6] |= 1 << UInt64(place & 63)
            state.freeCount -= 1
            state.next = place + 1 < count ? place + 1 : 0
            return place
        }
        return place.map { ports.lowerBound + UInt16($0) }
    }

    /// Gives a port back; one that nobody has is nobody's afterwards too.
    func give(_ port: UInt16) {
        guard ports.contains(port) else { return }
        let place = Int(port - ports.lowerBound)
        state.withLock { state in
            guard state.isTaken(place) else { return }
            state.taken[place >> 6] &= ~(1 << UInt64(place & 63))
            state.freeCount += 1
        }
    }
}

extension PortRange.State {
    fileprivate func isTaken(_ place: Int) -> Bool {
        taken[place >> 6] & 1 << UInt64(place & 63) != 0
    }
}

extension BalancerPlan {
    /// The ports of each server, counted over all pools.
    var portRanges: [PortRange?] {
        pools.flatMap(\.servers).map { $0.connection.source.ports.map(PortRange.init) }
    }
}

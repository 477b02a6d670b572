/// Servers on a circle of hash values (`hash-type consistent`): when one comes or goes, only the
/// keys next to its places move.
///
/// haproxy's: 16 places for each unit of weight, at the avalanche of the server's own place (its number
/// × 4096, where nothing else is said) and the place's number; a key belongs to the closer of its two neighbours.
struct HashRing {
    /// The places in their order: the hash value in the upper half, the server in the lower.
    private var places: [UInt64] = []

    init() {}

    /// Places servers.
    ///
    /// - Parameters:
    ///   - candidates: Their positions in the pool.
    ///   - servers: All servers of the pool.
    init(_ candidates: [Int], of servers: [PooledServer]) {
        let total = candidates.reduce(0) { $0 + servers[$1].share }
        // Great pools of great weights would fill the memory without being spread any better.
        let divisor = max(1, (total + mostPlaces - 1) / mostPlaces)
        places.reserveCapacity(total / divisor + candidates.count)
        for server in candidates {
            for place in 0..<max(1, servers[server].share / divisor) {
                let number = servers[server].firstPlace &+ UInt32(place)
                places.append(UInt64(KeyHash.avalanche(number)) << 32 | UInt64(server))
            }
        }
        places.sort()
    }

    /// The server of a key.
    ///
    /// - Parameters:
    ///   - key: The key's hash value.
    ///   - isEligible: Whether a server may be taken.
    /// - Returns: The closest server, or the next one along the circle that is eligible; `nil`: there is
    ///   none within the steps that a choice may take.
    func server(of key: UInt32, where isEligible: (Int) -> Bool) -> Int? {
        guard !places.isEmpty else { return nil }
        let start = closest(to: key)
        for step in 0..<min(places.count, mostSteps) {
            let server = Int(places[(start + step) % places.count] & 0xffff_ffff)
            if isEligible(server) { return server }
        }
        return nil
    }

    /// The closest server to a key.
    func server(of key: UInt32) -> Int? {
        places.isEmpty ? nil : Int(places[closest(to: key)] & 0xffff_ffff)
    }

    private func closest(to key: UInt32) -> Int {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if UInt32(places[middle] >> 32) < key { low = middle + 1 } else { high = middle }
        }
        let next = low == places.count ? 0 : low
        let previous = next == 0 ? places.count - 1 : next - 1
        let (before, after) = (UInt32(places[previous] >> 32), UInt32(places[next] >> 32))
        return key &- before <= after &- key ? previous : next
    }
}

private let mostPlaces = 1 << 20
/// Where a bound of 125 % leaves a fifth of the servers open, one search in 10⁹ takes 93 steps.
private let mostSteps = 512

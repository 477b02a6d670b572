/// One round of turns, written down: what `static-rr` walks along and map-based hashes look up.
enum TurnMap {
    /// Writes down one round; each server has its weight's share of the places.
    ///
    /// haproxy's arithmetic: each step credits every server with its weight, and charges the winner
    /// with the sum; the one with most whole credits wins, the first of equal ones. Since a server
    /// gains a whole credit only every sum/weight steps, those gains are the only events: O(log n)
    /// for a place. Weights 5, 1, 1: `aaabaac`.
    ///
    /// - Parameters:
    ///   - candidates: The servers' positions.
    ///   - shares: The weight of each server of the pool.
    /// - Returns: A server for each place.
    static func round(of candidates: [Int], shares: [Int]) -> [UInt16] {
        // A common divisor only repeats the same round.
        let divisor = candidates.reduce(0) { greatestCommonDivisor($0, shares[$1]) }
        guard divisor > 0 else { return [] }
        let weights = shares.map { UInt64($0 / divisor) }
        let sum = candidates.reduce(0) { $0 + weights[$1] }
        var gains = ServerHeap(count: shares.count)
        var claims = ServerHeap(count: shares.count)
        var gained = [UInt64](repeating: 0, count: shares.count)
        for server in candidates where weights[server] > 0 {
            gains.set(server, to: .init(first: 0, second: 0))
        }
        var places: [UInt16] = []
        places.reserveCapacity(Int(sum))
        for step in 1...sum {
            while let server = gains.least, gains.key(of: server).first <= step {
                gained[server] += 1
                let next = (gained[server] * sum + weights[server] - 1) / weights[server]
                gains.set(server, to: .init(first: next, second: 0))
                let claim =
                    claims.contains(server) ? claims.key(of: server).first : mostClaims
                claims.set(server, to: .init(first: claim - 1, second: 0))
            }
            guard let winner = claims.least else { continue }
            places.append(UInt16(winner))
            let rest = claims.key(of: winner).first + 1
            if rest == mostClaims {
                claims.remove(winner)
            } else {
                claims.set(winner, to: .init(first: rest, second: 0))
            }
        }
        return places
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }
}

/// Keys are claims counted down from here, so that the greatest claim comes first.
private let mostClaims = UInt64(1) << 32

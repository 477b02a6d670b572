/// How a pool orders its servers: pure arithmetic over their state.
enum Selection {
    /// Whose turn it is.
    ///
    /// haproxy's arithmetic for `static-rr`: each step credits every candidate with its weight and
    /// charges the winner with the sum, which spreads the turns (weights 5, 1, 1: `aaabaac`).
    ///
    /// - Parameters:
    ///   - servers: All servers; the scores change.
    ///   - isCandidate: Whether a server can be chosen at this moment.
    ///   - candidates: Positions of those to look at.
    /// - Returns: The winner's position, or `nil` without candidates.
    static func nextTurn(
        among servers: inout [PooledServer], where isCandidate: (PooledServer) -> Bool,
        _ candidates: [Int]
    ) -> Int? {
        var sum = 0
        for index in candidates where isCandidate(servers[index]) { sum += servers[index].weight }
        guard sum > 0 else { return nil }
        var winner: Int?
        var greatest = Int.min
        for index in candidates where isCandidate(servers[index]) {
            servers[index].score += servers[index].weight
            let claim = (servers[index].score + sum) / sum
            if claim > greatest {
                greatest = claim
                winner = index
            }
        }
        if let winner { servers[winner].score -= sum }
        return winner
    }

    /// The server with the fewest connections for its weight; equals take turns.
    static func leastLoaded(
        among servers: [PooledServer], where isCandidate: (PooledServer) -> Bool,
        _ candidates: [Int]
    ) -> Int? {
        var winner: Int?
        var least = (Int.max, UInt64.max)
        for index in candidates where isCandidate(servers[index]) {
            let key = (load(of: servers[index]), servers[index].lastTurn)
            if key < least {
                least = key
                winner = index
            }
        }
        return winner
    }

    /// The map that a hash is looked up in: one round of turns, so each server has its weight's
    /// share of the places.
    static func map(of servers: [PooledServer], _ candidates: [Int]) -> [Int] {
        var servers = servers
        for index in candidates { servers[index].score = 0 }
        // A common divisor only repeats the same round.
        let divisor = candidates.reduce(0) { greatestCommonDivisor($0, servers[$1].weight) }
        let sum = candidates.reduce(0) { $0 + servers[$1].weight }
        guard divisor > 0 else { return [] }
        return (0..<sum / divisor).compactMap { _ in
            nextTurn(among: &servers, where: { _ in true }, candidates)
        }
    }

    /// haproxy's key: 0 for an idle server, else one more than it has over its weight of 1/16ths.
    private static func load(of server: PooledServer) -> Int {
        let inFlight = server.served + server.line.count
        return inFlight == 0 ? 0 : (inFlight + 1) * 4096 / (server.weight * 16)
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        second == 0 ? first : greatestCommonDivisor(second, first % second)
    }
}

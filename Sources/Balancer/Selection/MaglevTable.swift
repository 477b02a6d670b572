/// A table of servers by hash value that every node builds alike from the servers' names and
/// weights, and in which few keys move when a server comes or goes.
///
/// Maglev (Eisenbud et al., NSDI 2016, §3.4): each server has a permutation of the places of its
/// own, made of its name; in turns, each takes the first place of its permutation that is free.
enum MaglevTable {
    /// Builds the table.
    ///
    /// - Parameters:
    ///   - candidates: The servers' positions in the pool.
    ///   - names: The name of each server of the pool.
    ///   - shares: The weight of each; in one round a server takes its share of turns.
    /// - Returns: A server for each place, ``size`` of them; empty without candidates.
    static func places(of candidates: [Int], names: [String], shares: [Int]) -> [UInt16] {
        // By name, so that the order in the file makes no difference.
        let ordered = candidates.sorted { names[$0] < names[$1] }
        let greatest = ordered.map { shares[$0] }.max() ?? 0
        guard greatest > 0 else { return [] }
        let hashes = ordered.map { KeyHash.name(names[$0]) }
        var positions = hashes.map { Int($0 >> 32) % size }
        let steps = hashes.map { Int($0 & 0xffff_ffff) % (size - 1) + 1 }
        var credit = ordered.map { _ in 0 }
        var table = [UInt16](repeating: .max, count: size)
        var filled = 0
        while true {
            for index in ordered.indices {
                credit[index] += shares[ordered[index]]
                guard credit[index] >= greatest else { continue }
                credit[index] -= greatest
                while table[positions[index]] != .max {
                    positions[index] = (positions[index] + steps[index]) % size
                }
                table[positions[index]] = UInt16(ordered[index])
                filled += 1
                if filled == size { return table }
            }
        }
    }

    /// A prime number, and 16 times as many places as a pool has servers at most.
    static let size = 65_537
}

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

    /// The server of a key.
    ///
    /// - Parameters:
    ///   - key: The key's hash value.
    ///   - table: The table.
    ///   - skipped: A server not to take if there is another: then it is one that every node takes in
    ///     its place.
    /// - Returns: The server; `nil` where the table is empty.
    static func server(of key: UInt32, in table: [UInt16], skipping skipped: Int?) -> Int? {
        guard !table.isEmpty else { return nil }
        var place = Int(key) % table.count
        let own = Int(table[place])
        guard own == skipped else { return own }
        // Keys of one server go to many others, not all to the neighbour in the table.
        for number in 1...mostRehashes {
            place = Int(KeyHash.avalanche(key &+ UInt32(number))) % table.count
            if Int(table[place]) != skipped { return Int(table[place]) }
        }
        return own
    }

    /// With one of two servers skipped, fewer keys than one in 10⁹ find no other.
    private static let mostRehashes = 32

    /// A prime number, and 16 times as many places as a pool has servers at most.
    static let size = 65_537
}

/// Servers ordered by a key, the least first: entering, leaving and changing take O(log n) steps.
///
/// Room for all servers of a pool is made at the start, so that nothing is allocated afterwards.
struct ServerHeap: PlacedHeap {
    /// What servers are ordered by: the first number, then the second, then the position.
    struct Key: Comparable {
        var first: UInt64
        var second: UInt64

        static func < (left: Key, right: Key) -> Bool {
            left.first == right.first ? left.second < right.second : left.first < right.first
        }
    }

    var order: [UInt32] = []
    var places: [Int32]
    private var keys: [Key]

    /// Makes an empty heap for servers `0..<count`.
    init(count: Int = 0) {
        places = Array(repeating: -1, count: count)
        keys = Array(repeating: Key(first: 0, second: 0), count: count)
        order.reserveCapacity(count)
    }

    /// Whether a server is in it.
    func contains(_ server: Int) -> Bool { places[server] >= 0 }

    /// The key that a server has, or had last.
    func key(of server: Int) -> Key { keys[server] }

    /// The server with the least key.
    var least: Int? { order.first.map(Int.init) }

    /// The server with the least key but one: it is one of the two below the first.
    var second: Int? {
        switch order.count {
        case ..<2: nil
        case 2: Int(order[1])
        default: Int(precedes(order[2], order[1]) ? order[2] : order[1])
        }
    }

    /// The server with the least key, another one than `skipped` if there is one.
    func least(skipping skipped: Int?) -> Int? {
        guard let least, least == skipped else { return least }
        return second ?? least
    }

    /// Puts a server in, or changes its key.
    mutating func set(_ server: Int, to key: Key) {
        keys[server] = key
        settle(UInt32(server))
    }

    /// Takes a server out, if it is in.
    mutating func remove(_ server: Int) {
        if contains(server) { takeOut(UInt32(server)) }
    }

    func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        let (first, second) = (keys[Int(left)], keys[Int(right)])
        return first == second ? left < right : first < second
    }
}

/// Servers ordered by a key, the least first: entering, leaving and changing take O(log n) steps.
///
/// Room for all servers of a pool is made at the start, so that nothing is allocated afterwards.
struct ServerHeap {
    /// What servers are ordered by: the first number, then the second, then the position.
    struct Key: Comparable {
        var first: UInt64
        var second: UInt64

        static func < (left: Key, right: Key) -> Bool {
            left.first == right.first ? left.second < right.second : left.first < right.first
        }
    }

    private var order: [Int32] = []
    /// Where each server stands in `order`; -1: nowhere.
    private var places: [Int32]
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
        if places[server] < 0 {
            places[server] = Int32(order.count)
            order.append(Int32(server))
        }
        rise(sink(Int(places[server])))
    }

    /// Takes a server out, if it is in.
    mutating func remove(_ server: Int) {
        let place = Int(places[server])
        guard place >= 0 else { return }
        places[server] = -1
        let last = order.removeLast()
        guard last != Int32(server) else { return }
        order[place] = last
        places[Int(last)] = Int32(place)
        rise(sink(place))
    }

    private func precedes(_ left: Int32, _ right: Int32) -> Bool {
        let (first, second) = (keys[Int(left)], keys[Int(right)])
        return first == second ? left < right : first < second
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard precedes(order[place], order[parent]) else { return }
            swap(place, parent)
            place = parent
        }
    }

    /// - Returns: Where it came to rest.
    private mutating func sink(_ start: Int) -> Int {
        var place = start
        while true {
            var least = place
            for child in 2 * place + 1...2 * place + 2
            where child < order.count && precedes(order[child], order[least]) { least = child }
            guard least != place else { return place }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        order.swapAt(first, second)
        places[Int(order[first])] = Int32(first)
        places[Int(order[second])] = Int32(second)
    }
}

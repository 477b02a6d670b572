/// A heap of small numbers that knows where each of them stands, so that any can change or leave in
/// O(log n) steps.
///
/// Allocates nothing while `order` and `places` have room.
protocol PlacedHeap {
    /// The numbers, the first one first.
    var order: [UInt32] { get set }
    /// Where each number stands in `order`; -1: nowhere.
    var places: [Int32] { get set }

    /// Whether a number comes before another one.
    func precedes(_ left: UInt32, _ right: UInt32) -> Bool
}

extension PlacedHeap {
    /// Puts a number in, or where it belongs by now.
    mutating func settle(_ number: UInt32) {
        if places[Int(number)] < 0 {
            places[Int(number)] = Int32(order.count)
            order.append(number)
        }
        rise(sink(Int(places[Int(number)])))
    }

    /// Takes a number out that is in.
    mutating func takeOut(_ number: UInt32) {
        let place = Int(places[Int(number)])
        places[Int(number)] = -1
        let last = order.removeLast()
        guard last != number else { return }
        order[place] = last
        places[Int(last)] = Int32(place)
        rise(sink(place))
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

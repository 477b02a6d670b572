extension StickEntries {
    /// Does what a question asks for, and answers it.
    mutating func answer(_ asked: StickQuestion.Asked, at place: Int32, now: UInt64) -> Int? {
        switch asked {
        case .value(let quantity, let index):
            return counters.value(of: quantity, index, at: place, now: now)
        case .increase(let quantity, let index):
            mark(1, in: quantity, index, at: place, now: now)
            return counters.value(of: quantity, index, at: place, now: now)
                ?? quantity.rateOfMarks.flatMap {
                    counters.value(of: $0, index, at: place, now: now)
                }
        case .clear(let quantity, let index):
            let former = counters.value(of: quantity, index, at: place, now: now)
            set(quantity, index, to: 0, at: place, now: now)
            return former
        case .presence: return 1
        case .trackers: return Int(unsafe entries[Int(place)].holders)
        case .server: return servers.number(at: server(at: place))
        }
    }

    /// Counts so many marks, within their period too.
    mutating func mark(
        _ count: UInt64, in quantity: StickQuantity, _ index: Int, at place: Int32, now: UInt64
    ) {
        if let rate = quantity.rateOfMarks { add(count, to: rate, index, at: place, now: now) }
        add(count, to: quantity, index, at: place, now: now)
    }
}

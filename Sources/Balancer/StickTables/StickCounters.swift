/// The counters of a table's entries, at their places.
@safe struct StickCounters: ~Copyable {
    /// How a quantity is counted.
    private struct Column {
        /// Where it stands within the counters of an entry, in bytes.
        var offset = 0
        /// How many there are, one behind the other; 0: it is not counted.
        var count = 0
        /// Milliseconds.
        var period: UInt64 = 1
        /// Whether it is an element of an array, which has a column of its own.
        var isElement = false
    }

    private let memory: UnsafeMutableRawPointer
    /// Bytes of an entry's counters.
    private let byteCount: Int
    /// By quantity; not in this value, which would be copied with it.
    private let columns: UnsafeMutablePointer<Column>

    init(_ plan: StickTablePlan) {
        unsafe columns = .allocate(capacity: StickQuantity.allCases.count)
        unsafe columns.initialize(repeating: Column(), count: StickQuantity.allCases.count)
        var size = 0
        for counter in plan.counters {
            let period = max(1, milliseconds(counter.period))
            let stride = counter.quantity.byteCount
            unsafe columns[counter.quantity.rawValue] = Column(
                offset: size, count: counter.count, period: period)
            for (index, single) in counter.quantity.singles.prefix(counter.count).enumerated() {
                unsafe columns[single.rawValue] = Column(
                    offset: size + index * stride, count: 1, period: period, isElement: true)
            }
            size += counter.count * stride
        }
        byteCount = size
        // Pages that nothing was written to cost nothing.
        unsafe memory = .allocate(byteCount: max(1, plan.size * size), alignment: 8)
    }

    deinit {
        unsafe columns.deallocate()
        unsafe memory.deallocate()
    }

    private func offset(of quantity: StickQuantity, _ index: Int = 0, at place: Int32) -> Int? {
        let column = unsafe columns[quantity.rawValue]
        guard index < column.count else { return nil }
        return Int(place) * byteCount + column.offset + index * quantity.byteCount
    }

    private func period(of quantity: StickQuantity) -> UInt64 {
        unsafe columns[quantity.rawValue].period
    }

    /// Counts events, where they are counted.
    mutating func add(
        _ count: UInt64, to quantity: StickQuantity, _ index: Int = 0, at place: Int32,
        now: UInt64
    ) {
        guard let offset = self.offset(of: quantity, index, at: place) else { return }
        if quantity.isRate {
            var meter = unsafe memory.load(fromByteOffset: offset, as: PeriodMeter.self)
            meter.note(count, over: period(of: quantity), now: now)
            unsafe memory.storeBytes(of: meter, toByteOffset: offset, as: PeriodMeter.self)
        } else {
            let sum = unsafe memory.load(fromByteOffset: offset, as: UInt64.self) &+ count
            unsafe memory.storeBytes(of: sum, toByteOffset: offset, as: UInt64.self)
        }
    }

    /// Takes one off a total, unless somebody has set it to 0 meanwhile.
    mutating func subtractOne(from quantity: StickQuantity, at place: Int32) {
        guard let offset = self.offset(of: quantity, at: place) else { return }
        let sum = unsafe memory.load(fromByteOffset: offset, as: UInt64.self)
        guard sum > 0 else { return }
        unsafe memory.storeBytes(of: sum - 1, toByteOffset: offset, as: UInt64.self)
    }

    /// Sets a total, or what a rate counts in a period that begins now.
    ///
    /// - Returns: Whether it is counted.
    @discardableResult
    mutating func set(
        _ quantity: StickQuantity, _ index: Int = 0, to count: UInt64, at place: Int32,
        now: UInt64
    ) -> Bool {
        guard let offset = self.offset(of: quantity, index, at: place) else { return false }
        if quantity.isRate {
            var meter = PeriodMeter()
            // What is counted afterwards and this together are a number.
            meter.note(min(count, PeriodMeter.most), over: period(of: quantity), now: now)
            unsafe memory.storeBytes(of: meter, toByteOffset: offset, as: PeriodMeter.self)
        } else {
            unsafe memory.storeBytes(of: count, toByteOffset: offset, as: UInt64.self)
        }
        return true
    }

    /// What may pass of a rate of bytes within its period; `nil`: it is not counted.
    func bandwidth(_ byteCount: UInt64, of quantity: StickQuantity) -> Bandwidth? {
        guard unsafe columns[quantity.rawValue].count > 0 else { return nil }
        return Bandwidth(byteCount: byteCount, period: period(of: quantity))
    }

    /// Does something with the clock of a rate of bytes that is counted.
    mutating func withClock<Result>(
        of quantity: StickQuantity, at place: Int32, _ body: (inout TurnClock) -> Result
    ) -> Result? {
        guard let rate = offset(of: quantity, at: place) else { return nil }
        let offset = rate + MemoryLayout<PeriodMeter>.stride
        var clock = unsafe memory.load(fromByteOffset: offset, as: TurnClock.self)
        defer { unsafe memory.storeBytes(of: clock, toByteOffset: offset, as: TurnClock.self) }
        return body(&clock)
    }

    /// How much there is of something that is counted; `nil`: it is not.
    func value(
        of quantity: StickQuantity, _ index: Int = 0, at place: Int32, now: UInt64
    ) -> Int? {
        guard let offset = self.offset(of: quantity, index, at: place) else { return nil }
        guard quantity.isRate else {
            return unsafe Int(clamping: memory.load(fromByteOffset: offset, as: UInt64.self))
        }
        let meter = unsafe memory.load(fromByteOffset: offset, as: PeriodMeter.self)
        return Int(clamping: meter.rate(over: period(of: quantity), now: now))
    }

    /// What is counted, in the order in which peers are told it.
    mutating func numbers(at place: Int32, now: UInt64) -> [UInt64] {
        var numbers: [UInt64] = []
        for quantity in StickQuantity.peerOrder {
            for index in 0..<ownCount(of: quantity) {
                guard let offset = self.offset(of: quantity, index, at: place) else { continue }
                if quantity.isRate {
                    let meter = unsafe memory.load(fromByteOffset: offset, as: PeriodMeter.self)
                    numbers += meter.numbers(now: now)
                } else {
                    let value = unsafe memory.load(fromByteOffset: offset, as: UInt64.self)
                    numbers.append(quantity.isWide ? value : min(value, UInt64(UInt32.max)))
                }
            }
        }
        return numbers
    }

    /// Takes over what a peer has counted, but for connections that are open: each node has its own.
    mutating func take(_ told: PeerEntry, at place: Int32, now: UInt64) {
        var (counter, first) = (0, 0)
        for quantity in StickQuantity.peerOrder {
            let (count, width) = (ownCount(of: quantity), quantity.isRate ? 3 : 1)
            guard count > 0 else { continue }
            defer { (counter, first) = (counter + 1, first + count * width) }
            guard quantity != .connections else { continue }
            for index in 0..<min(count, told.toldCount(ofCounter: counter)) {
                guard let offset = self.offset(of: quantity, index, at: place) else { continue }
                let number = first + index * width
                if quantity.isRate {
                    let meter = PeriodMeter(told.numbers[number..<number + 3], now: now)
                    unsafe memory.storeBytes(of: meter, toByteOffset: offset, as: PeriodMeter.self)
                } else {
                    unsafe memory.storeBytes(
                        of: told.numbers[number], toByteOffset: offset, as: UInt64.self)
                }
            }
        }
    }

    /// How many there are of a quantity that is counted for its own sake.
    private func ownCount(of quantity: StickQuantity) -> Int {
        let column = unsafe columns[quantity.rawValue]
        return column.isElement ? 0 : column.count
    }

    /// Begins anew for another key.
    mutating func clear(at place: Int32) {
        guard byteCount > 0 else { return }
        let start = unsafe memory + Int(place) * byteCount
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
}

extension StickQuantity {
    /// Bytes that one of it takes; a rate of bytes has a ``TurnClock`` behind it.
    fileprivate var byteCount: Int {
        switch self {
        case .bytesInRate, .bytesOutRate:
            MemoryLayout<PeriodMeter>.stride + MemoryLayout<TurnClock>.stride
        default: isRate ? MemoryLayout<PeriodMeter>.stride : MemoryLayout<UInt64>.stride
        }
    }
}

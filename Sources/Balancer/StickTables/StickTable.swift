internal import Synchronization

/// What is remembered and counted of so many keys (`stick-table`).
///
/// All reactors share it. Of fixed size, made with the plan: nothing is allocated for a key.
final class StickTable: Sendable {
    let entries: Mutex<StickEntries>
    let keys: StickTablePlan.Keys
    /// What is counted, in the order of the plan, of arrays each element.
    let elements: [StickElement]
    /// What is counted, a bit for each quantity.
    private let counted: UInt32

    /// - Parameters:
    ///   - plan: What it remembers and counts.
    ///   - servers: Those that its keys belong to, of whatever pools.
    init(_ plan: StickTablePlan, servers: StickServers = StickServers()) {
        entries = Mutex(StickEntries(plan, servers: servers))
        keys = plan.keys
        elements = plan.counters.flatMap { counter in
            (0..<counter.count).map { StickElement(quantity: counter.quantity, index: $0) }
        }
        counted = plan.counters.reduce(0) { $0 | 1 << UInt32($1.quantity.rawValue) }
    }

    /// Whether something is counted.
    func counts(_ quantity: StickQuantity) -> Bool {
        counted >> UInt32(quantity.rawValue) & 1 == 1
    }

    /// Whether bytes are counted.
    var countsBytes: Bool {
        counts(.bytesIn) || counts(.bytesInRate) || counts(.bytesOut) || counts(.bytesOutRate)
    }

    /// Does something with the entries, while reactors wait.
    func withEntries<Result>(_ body: (inout StickEntries) -> sending Result) -> sending Result {
        entries.withLock(body)
    }

    /// The servers that its keys belong to, at positions that may be given to others.
    ///
    /// What belongs to a server that is gone belongs to none from now on. Reactors wait for some entries at a
    /// time alone.
    var settledServers: StickServers {
        let servers = entries.withLock { $0.servers }
        guard let positions = servers.settlement else { return servers }
        var place = 0
        while let end = entries.withLock({
            $0.settle(at: place..<place + StickTable.settledAtOnce, positions)
        }) {
            place = end
        }
        return servers
    }

    /// Entries that reactors wait for where all are walked over: some microseconds.
    static let settledAtOnce = 1000

    /// Goes on under a plan whose entries would be the same, with servers that go on from
    /// ``settledServers``; what belongs to one that is gone belongs to none.
    func follow(_ plan: StickTablePlan, servers: StickServers) {
        entries.withLock {
            $0.follow(plan)
            $0.follow(servers)
        }
    }

    /// How many keys are remembered.
    func count(now: UInt64) -> Int {
        // Not at one stretch: reactors wait meanwhile.
        while true {
            let (isClean, count) = entries.withLock { ($0.forgetSome(now: now), $0.count) }
            if isClean { return count }
        }
    }

    // MARK: Servers

    /// The server that a key belongs to, as a position in ``StickServers``, which uses the key; `nil`: none
    /// that is known.
    func server(of key: StickKey, now: UInt64) -> Int? {
        keys.withStored(key) { key -> Int? in
            entries.withLock { entries in
                guard let place = entries.find(key, now: now) else { return nil }
                entries.use(place, now: now)
                let server = entries.server(at: place)
                return server < 0 ? nil : server
            }
        } ?? nil
    }

    /// Remembers a key's server, by its position in ``StickServers``.
    func bind(_ key: StickKey, to server: Int, now: UInt64) {
        keys.withStored(key) { key in
            entries.withLock { entries in
                guard let place = entries.enter(key, now: now) else { return }
                entries.setServer(server, at: place)
            }
        }
    }

    // MARK: Counters

    /// Counts a connection, and keeps its key until it is released.
    ///
    /// - Returns: Where its key stands; `nil`: it is no key of this table, or there is no room.
    func track(_ key: StickKey, now: UInt64) -> Int32? {
        keys.withStored(key) { key -> Int32? in
            entries.withLock { entries in
                guard let place = entries.enter(key, now: now) else { return nil }
                entries.hold(place)
                entries.add(1, to: .connections, at: place, now: now)
                entries.add(1, to: .connectionTotal, at: place, now: now)
                entries.add(1, to: .connectionRate, at: place, now: now)
                return place
            }
        } ?? nil
    }

    /// Keeps a key for a connection that shares a bandwidth by it, until it is let go.
    ///
    /// - Returns: Where its key stands; `nil`: it is no key of this table, or there is no room.
    func hold(_ key: StickKey, now: UInt64) -> Int32? {
        keys.withStored(key) { key -> Int32? in
            entries.withLock { entries in
                guard let place = entries.enter(key, now: now) else { return nil }
                entries.hold(place)
                return place
            }
        } ?? nil
    }

    /// Lets go of a key that a connection shared a bandwidth by.
    func letGo(_ place: Int32, now: UInt64) {
        entries.withLock { $0.release(place, now: now) }
    }

    /// What may pass within the period of a rate of bytes; `nil`: it is not counted.
    func bandwidth(_ byteCount: UInt64, of quantity: StickQuantity) -> Bandwidth? {
        entries.withLock { $0.counters.bandwidth(byteCount, of: quantity) }
    }

    /// Gives a turn of so many bytes to one of those who share a bandwidth.
    ///
    /// - Returns: When it begins, in milliseconds.
    func giveTurn(
        _ count: Int, of bandwidth: Bandwidth, _ quantity: StickQuantity, at place: Int32,
        now: UInt64
    ) -> UInt64 {
        entries.withLock { entries in
            entries.counters.withClock(of: quantity, at: place) {
                $0.give(count, of: bandwidth, now: now)
            }
        } ?? now
    }

    /// Ends a turn in which so many bytes have passed, and so many have not; below 0: more than it had.
    func endTurn(
        _ count: Int, unused: Int, of bandwidth: Bandwidth, _ quantity: StickQuantity,
        at place: Int32, now: UInt64
    ) {
        entries.withLock { entries in
            entries.counters.withClock(of: quantity, at: place) {
                $0.takeBack(unused, of: bandwidth, now: now)
            }
            if count > 0 { entries.add(UInt64(count), to: quantity, at: place, now: now) }
        }
    }

    /// Counts a connection out.
    func release(_ place: Int32, now: UInt64) {
        entries.withLock { entries in
            entries.subtractOne(from: .connections, at: place)
            entries.release(place, now: now)
        }
    }

    /// Counts events in a total and its rate, where they are counted.
    func add(
        _ count: Int, to total: StickQuantity, _ rate: StickQuantity, at place: Int32,
        now: UInt64
    ) {
        guard counts(total) || counts(rate) else { return }
        entries.withLock { entries in
            entries.add(UInt64(count), to: total, at: place, now: now)
            entries.add(UInt64(count), to: rate, at: place, now: now)
        }
    }

    /// Sets a counter, where it is counted.
    func set(
        _ quantity: StickQuantity, _ index: Int = 0, to count: UInt64, at place: Int32,
        now: UInt64
    ) {
        entries.withLock { _ = $0.set(quantity, index, to: count, at: place, now: now) }
    }

    /// Does what a question about an entry asks for.
    ///
    /// - Returns: The answer; `nil`: what it is about is not counted.
    func answer(_ asked: StickQuestion.Asked, at place: Int32, now: UInt64) -> Int? {
        entries.withLock { $0.answer(asked, at: place, now: now) }
    }

    /// Does what a question about a key asks for, which gets an entry where it is to be changed.
    ///
    /// - Returns: The answer, 0 where the key is not known; `nil`: it is no key, or what it is about is
    ///   not counted.
    func answer(
        _ asked: StickQuestion.Asked, for key: StickKey, mayEnter: Bool, now: UInt64
    ) -> Int? {
        keys.withStored(key) { key -> Int? in
            entries.withLock { entries in
                guard asked.changes else {
                    guard let place = entries.find(key, now: now) else { return 0 }
                    return entries.answer(asked, at: place, now: now)
                }
                guard mayEnter else {
                    return entries.find(key, now: now).map {
                        entries.answer(asked, at: $0, now: now)
                    }
                        ?? 0
                }
                return entries.enter(key, now: now).flatMap {
                    entries.answer(asked, at: $0, now: now)
                }
            }
        } ?? nil
    }

    /// The key that stands at a place.
    func key(at place: Int32) -> KeptKey { entries.withLock { $0.key(at: place) } }
}

/// The entries of a ``StickTable``, found by their keys, in the order in which they were last used.
///
/// Whoever is not held by a connection stands in that order, and goes when its time is over or, from
/// the oldest on, when there is no room. Each step costs the same however many there are.
///
/// Methods that only read are mutating too: they would be given a copy of this value.
@safe struct StickEntries: ~Copyable {
    struct Entry {
        /// The key; of a text or bytes their hash, and how many there are.
        let high: UInt64
        let low: UInt64
        /// Milliseconds of the monotonic clock.
        var usedAt: UInt64
        /// The server's position in ``StickServers``; -1: none, or one that is gone.
        var server: Int32 = -1
        /// The next one with the same hash, or that is free.
        var next: Int32
        /// Neighbours in the order of use.
        var older: Int32 = -1
        var newer: Int32 = -1
        /// Connections that are tracked by it, which keep it; -1: the place is free.
        var holders: Int32 = 0
    }

    let size: Int
    let keys: StickTablePlan.Keys
    let entries: UnsafeMutablePointer<Entry>
    /// The texts or bytes that are keys, ``keyByteCount`` for each entry.
    private let keyBytes: UnsafeMutablePointer<UInt8>
    private let keyByteCount: Int
    var counters: StickCounters
    /// The first entry of each hash.
    private let heads: UnsafeMutablePointer<Int32>
    private let mask: UInt64
    private(set) var lifetime: UInt64 = .max
    private var keepsAll = false
    private var oldest: Int32 = -1
    private var newest: Int32 = -1
    private var firstFree: Int32 = -1
    /// How many places were ever taken.
    private(set) var touched = 0
    /// How many are taken.
    private(set) var count = 0
    /// The order in which entries changed; `nil`: nobody is told of it.
    var changes: ChangeOrder?
    /// What stands at the positions of servers.
    private(set) var servers: StickServers

    init(_ plan: StickTablePlan, servers: StickServers) {
        self.servers = servers
        size = plan.size
        keys = plan.keys
        keyByteCount = plan.keys.byteCount
        counters = StickCounters(plan)
        var room = 1
        while room < size { room *= 2 }
        mask = UInt64(room - 1)
        // Pages that nothing was written to cost nothing.
        unsafe entries = .allocate(capacity: size)
        unsafe keyBytes = .allocate(capacity: max(1, size * keyByteCount))
        unsafe heads = .allocate(capacity: room)
        unsafe heads.initialize(repeating: -1, count: room)
        follow(plan)
    }

    deinit {
        unsafe entries.deallocate()
        unsafe keyBytes.deallocate()
        unsafe heads.deallocate()
    }

    /// Goes on under a plan whose entries would be the same.
    mutating func follow(_ plan: StickTablePlan) {
        lifetime = plan.lifetime == nil ? .max : milliseconds(plan.lifetime)
        keepsAll = plan.keepsAll
    }

    // MARK: Keys

    /// Where the entry of a key stands, if its time is not over; this does not use it.
    mutating func find(_ key: StoredKey, now: UInt64) -> Int32? {
        let place = search(key)
        return place >= 0 && !isOver(place, now: now) ? place : nil
    }

    /// Where the entry of a key stands, a new one if there was none, and uses it.
    ///
    /// - Returns: The place; `nil`: there is no room for another one.
    mutating func enter(_ key: StoredKey, now: UInt64) -> Int32? {
        var place = search(key)
        if place >= 0, isOver(place, now: now) {
            forget(place)
            place = -1
        }
        if place < 0 { place = takePlace(for: key, now: now) }
        guard place >= 0 else { return nil }
        use(place, now: now)
        return place
    }

    /// The key that stands at a place.
    mutating func key(at place: Int32) -> KeptKey {
        let entry = unsafe entries[Int(place)]
        return unsafe KeptKey(
            keys, high: entry.high, low: entry.low,
            UnsafeBufferPointer(start: bytes(at: place), count: keyByteCount).span)
    }

    /// Begins the time of an entry anew, which is a change.
    mutating func use(_ place: Int32, now: UInt64) {
        changes?.note(place)
        renew(place, now: now)
    }

    /// Begins the time of an entry anew.
    mutating func renew(_ place: Int32, now: UInt64) {
        let isLater = unsafe now >= entries[Int(place)].usedAt
        unsafe entries[Int(place)].usedAt = now
        guard unsafe entries[Int(place)].holders == 0, place != newest || !isLater else { return }
        unlink(place)
        link(place)
    }

    /// Keeps an entry for a connection.
    mutating func hold(_ place: Int32) {
        if unsafe entries[Int(place)].holders == 0 { unlink(place) }
        unsafe entries[Int(place)].holders += 1
    }

    /// Lets go of an entry, whose time begins then.
    mutating func release(_ place: Int32, now: UInt64) {
        changes?.note(place)
        unsafe entries[Int(place)].holders -= 1
        unsafe entries[Int(place)].usedAt = now
        if unsafe entries[Int(place)].holders == 0 { link(place) }
    }

    /// Forgets some of those whose time is over.
    ///
    /// - Returns: Whether none is left.
    mutating func forgetSome(now: UInt64) -> Bool {
        for _ in 0..<1000 {
            guard oldest >= 0, isOver(oldest, now: now) else { return true }
            forget(oldest)
        }
        return false
    }

    /// Forgets an entry, unless it is held.
    mutating func remove(_ place: Int32) -> Bool {
        guard unsafe entries[Int(place)].holders == 0 else { return false }
        forget(place)
        return true
    }

    /// Forgets those that were not used for the longest time, so many at most.
    ///
    /// - Returns: How many.
    mutating func removeOldest(_ most: Int) -> Int {
        for count in 0..<most {
            guard oldest >= 0 else { return count }
            forget(oldest)
        }
        return most
    }

    /// Copies the entries at some places, and what is counted there of each element.
    ///
    /// - Returns: Where to go on; `nil`: no further place was ever taken.
    mutating func look(
        at places: Range<Int>, _ elements: [StickElement], now: UInt64,
        into looks: inout [Look], _ counts: inout [Int]
    ) -> Int? {
        for place in places.lowerBound..<max(places.lowerBound, min(places.upperBound, touched)) {
            let entry = unsafe entries[place]
            guard entry.holders >= 0, !isOver(Int32(place), now: now) else { continue }
            let age = entry.holders > 0 || now < entry.usedAt ? 0 : now - entry.usedAt
            let look = Look(
                key: key(at: Int32(place)), holders: Int(entry.holders),
                remaining: lifetime == .max ? nil : Int(clamping: lifetime - min(age, lifetime)),
                server: servers.server(at: Int(entry.server))?.name)
            looks.append(look)
            for element in elements {
                let count = counters.value(
                    of: element.quantity, element.index, at: Int32(place), now: now)
                counts.append(count ?? 0)
            }
        }
        return places.upperBound < touched ? places.upperBound : nil
    }

    // MARK: Servers

    /// The position of the server that an entry belongs to; -1: none.
    mutating func server(at place: Int32) -> Int { Int(unsafe entries[Int(place)].server) }

    mutating func setServer(_ server: Int, at place: Int32) {
        changes?.note(place)
        unsafe entries[Int(place)].server = Int32(server)
    }

    /// Goes on with other servers; those that stay have their positions.
    mutating func follow(_ servers: StickServers) { self.servers = servers }

    /// Moves the servers of some entries.
    ///
    /// - Returns: Where to go on; `nil`: no further place was ever taken.
    mutating func settle(at places: Range<Int>, _ positions: [Int32]) -> Int? {
        for place in places.lowerBound..<max(places.lowerBound, min(places.upperBound, touched)) {
            let server = Int(unsafe entries[place].server)
            guard server >= 0 else { continue }
            unsafe entries[place].server = server < positions.count ? positions[server] : -1
        }
        return places.upperBound < touched ? places.upperBound : nil
    }

    // MARK: Counters

    /// Counts events, where they are counted.
    mutating func add(
        _ count: UInt64, to quantity: StickQuantity, _ index: Int = 0, at place: Int32,
        now: UInt64
    ) {
        changes?.note(place)
        counters.add(count, to: quantity, index, at: place, now: now)
    }

    /// Sets a counter.
    ///
    /// - Returns: Whether it is counted.
    @discardableResult
    mutating func set(
        _ quantity: StickQuantity, _ index: Int = 0, to count: UInt64, at place: Int32,
        now: UInt64
    ) -> Bool {
        changes?.note(place)
        return counters.set(quantity, index, to: count, at: place, now: now)
    }

    /// Takes one off a total.
    mutating func subtractOne(from quantity: StickQuantity, at place: Int32) {
        counters.subtractOne(from: quantity, at: place)
    }

    // MARK: Places

    mutating func isOver(_ place: Int32, now: UInt64) -> Bool {
        let entry = unsafe entries[Int(place)]
        // A reactor's clock may be a turn behind another one's.
        return entry.holders == 0 && now >= entry.usedAt && now - entry.usedAt >= lifetime
    }

    mutating func search(_ key: StoredKey) -> Int32 {
        let (high, low) = key.words
        var place = unsafe heads[head(of: high, low)]
        while place >= 0 {
            let entry = unsafe entries[Int(place)]
            if entry.high == high, entry.low == low, hasBytes(of: key, place) { return place }
            place = entry.next
        }
        return -1
    }

    /// Whether the bytes at a place are a key's, which are as many.
    @inline(__always)
    private mutating func hasBytes(of key: StoredKey, _ place: Int32) -> Bool {
        guard case .bytes(let span, _) = key else { return true }
        let own = unsafe bytes(at: place)
        for index in 0..<span.count where unsafe own[index] != span[index] { return false }
        return true
    }

    private mutating func keepBytes(of key: StoredKey, _ place: Int32) {
        guard case .bytes(let span, _) = key else { return }
        let own = unsafe bytes(at: place)
        for index in 0..<keyByteCount {
            unsafe (own + index).initialize(to: index < span.count ? span[index] : 0)
        }
    }

    private mutating func bytes(at place: Int32) -> UnsafeMutablePointer<UInt8> {
        unsafe keyBytes + Int(place) * keyByteCount
    }

    /// A place for a new key, at its hash and last in the order; -1: all are kept.
    mutating func takePlace(for key: StoredKey, now: UInt64) -> Int32 {
        if oldest >= 0, isOver(oldest, now: now) || count == size && !keepsAll { forget(oldest) }
        guard count < size else { return -1 }
        var place = firstFree
        if place >= 0 {
            firstFree = unsafe entries[Int(place)].next
        } else {
            place = Int32(touched)
            touched += 1
        }
        count += 1
        let (high, low) = key.words
        let head = head(of: high, low)
        unsafe (entries + Int(place)).initialize(
            to: Entry(high: high, low: low, usedAt: now, next: heads[head]))
        keepBytes(of: key, place)
        unsafe heads[head] = place
        counters.clear(at: place)
        changes?.add(place)
        link(place)
        return place
    }

    /// Gives the place of an entry back that nobody holds.
    mutating func forget(_ place: Int32) {
        changes?.remove(place)
        unlink(place)
        leaveHash(place)
        unsafe entries[Int(place)].server = -1
        unsafe entries[Int(place)].holders = -1
        unsafe entries[Int(place)].next = firstFree
        firstFree = place
        count -= 1
    }

    private mutating func head(of high: UInt64, _ low: UInt64) -> Int {
        // Keyed (SipHash): who owns a network chooses addresses, but not where they lie.
        var hasher = Hasher()
        hasher.combine(high)
        hasher.combine(low)
        return Int(UInt64(truncatingIfNeeded: hasher.finalize()) & mask)
    }

    private mutating func leaveHash(_ place: Int32) {
        let entry = unsafe entries[Int(place)]
        let head = head(of: entry.high, entry.low)
        var other = unsafe heads[head]
        guard other != place else {
            unsafe heads[head] = entry.next
            return
        }
        while other >= 0 {
            let next = unsafe entries[Int(other)].next
            if next == place {
                unsafe entries[Int(other)].next = entry.next
                return
            }
            other = next
        }
    }

    // MARK: The order of use

    /// Puts an entry behind those that were used before it: the last place, but for what a peer knows of
    /// longer, for which a few are looked at.
    private mutating func link(_ place: Int32) {
        let usedAt = unsafe entries[Int(place)].usedAt
        var (older, newer, steps) = (newest, Int32(-1), mostStepsBack)
        while older >= 0, steps > 0, unsafe entries[Int(older)].usedAt > usedAt {
            (older, newer, steps) = (unsafe entries[Int(older)].older, older, steps - 1)
        }
        unsafe entries[Int(place)].older = older
        unsafe entries[Int(place)].newer = newer
        if older >= 0 { unsafe entries[Int(older)].newer = place } else { oldest = place }
        if newer >= 0 { unsafe entries[Int(newer)].older = place } else { newest = place }
    }

    private mutating func unlink(_ place: Int32) {
        let entry = unsafe entries[Int(place)]
        if entry.older >= 0 {
            unsafe entries[Int(entry.older)].newer = entry.newer
        } else {
            oldest = entry.newer
        }
        if entry.newer >= 0 {
            unsafe entries[Int(entry.newer)].older = entry.older
        } else {
            newest = entry.older
        }
    }
}

/// A peer teaches in the order of its own use, nearly.
private let mostStepsBack = 64

extension StoredKey {
    /// What tells it from most others: itself, or its hash and how many bytes it has.
    fileprivate var words: (high: UInt64, low: UInt64) {
        switch self {
        case .words(let high, let low): (high, low)
        case .bytes(let span, let hash): (hash, UInt64(span.count))
        }
    }
}

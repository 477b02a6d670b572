internal import LinuxIO

/// Which server each of so many clients went to last (`stick-table`).
///
/// Of fixed size, made when the pool is: nothing is allocated for a client. When it is full, whoever
/// was not here for the longest time is forgotten.
@safe final class StickTable: @unchecked Sendable {
    // SAFETY: all of it is touched under the lock of the pool that the table belongs to.
    private struct Entry {
        var high: UInt64
        var low: UInt64
        /// Milliseconds of the monotonic clock.
        var usedAt: UInt64
        /// The server's position; -1: that one is gone.
        var server: Int32
        /// The next one with the same hash.
        var next: Int32
        /// Neighbours in the order of use.
        var older: Int32
        var newer: Int32
    }

    let plan: Stickiness
    private let lifetime: UInt64
    private let entries: UnsafeMutablePointer<Entry>
    /// The first entry of each hash.
    private let heads: UnsafeMutablePointer<Int32>
    private let mask: UInt64
    /// Clients choose their addresses, but not this.
    private let seed = UInt64.random(in: 0 ... .max)
    private var oldest: Int32 = -1
    private var newest: Int32 = -1
    /// How many are known.
    private(set) var count = 0

    init(_ plan: Stickiness) {
        self.plan = plan
        lifetime = plan.lifetime == nil ? .max : milliseconds(plan.lifetime)
        var room = 1
        while room < plan.size { room *= 2 }
        mask = UInt64(room - 1)
        unsafe entries = .allocate(capacity: plan.size)
        unsafe heads = .allocate(capacity: room)
        unsafe heads.initialize(repeating: -1, count: room)
    }

    deinit {
        unsafe entries.deallocate()
        unsafe heads.deallocate()
    }

    /// The server that a client belongs to; `nil`: none that is known.
    func server(of client: IPEndpoint, at now: UInt64) -> Int? {
        guard isKey(client), case let place = find(client), place >= 0 else { return nil }
        let server = unsafe entries[Int(place)].server
        guard server >= 0, !isOver(place, at: now) else { return nil }
        touch(place, at: now)
        return Int(server)
    }

    /// Remembers a client's server.
    func bind(_ client: IPEndpoint, to server: Int, at now: UInt64) {
        guard isKey(client) else { return }
        var place = find(client)
        if place < 0 { place = takePlace(for: client, at: now) }
        guard place >= 0 else { return }
        unsafe entries[Int(place)].server = Int32(server)
        touch(place, at: now)
    }

    /// Takes over other positions of the servers; `nil`: one is gone.
    func move(_ places: [Int?]) {
        for place in 0..<count {
            let server = Int(unsafe entries[place].server)
            guard server >= 0 else { continue }
            unsafe entries[place].server = places[server].map { Int32($0) } ?? -1
        }
    }

    private func isKey(_ client: IPEndpoint) -> Bool {
        client.isPresent && (client.isIPv4 || !plan.isIPv4)
    }

    private func isOver(_ place: Int32, at now: UInt64) -> Bool {
        let usedAt = unsafe entries[Int(place)].usedAt
        return now >= usedAt && now - usedAt >= lifetime
    }

    private func find(_ client: IPEndpoint) -> Int32 {
        var place = unsafe heads[head(of: client.high, client.low)]
        while place >= 0 {
            let entry = unsafe entries[Int(place)]
            if entry.high == client.high, entry.low == client.low { return place }
            place = entry.next
        }
        return -1
    }

    /// A place for a new client, at its hash and last in the order; -1: all are kept.
    private func takePlace(for client: IPEndpoint, at now: UInt64) -> Int32 {
        var place = Int32(count)
        if count < plan.size {
            count += 1
        } else {
            place = oldest
            guard !plan.keepsAll || isOver(place, at: now) else { return -1 }
            unlink(place)
            leaveHash(place)
        }
        let head = head(of: client.high, client.low)
        unsafe (entries + Int(place)).initialize(
            to: Entry(
                high: client.high, low: client.low, usedAt: now, server: -1, next: heads[head],
                older: -1, newer: -1))
        unsafe heads[head] = place
        link(place)
        return place
    }

    private func head(of high: UInt64, _ low: UInt64) -> Int {
        var hash = (high ^ seed) &* 0x9e37_79b9_7f4a_7c15
        hash = (hash ^ hash >> 32 ^ low) &* 0xd6e8_feb8_6659_fd93
        return Int((hash ^ hash >> 32) & mask)
    }

    private func leaveHash(_ place: Int32) {
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

    private func touch(_ place: Int32, at now: UInt64) {
        unsafe entries[Int(place)].usedAt = now
        guard place != newest else { return }
        unlink(place)
        link(place)
    }

    private func link(_ place: Int32) {
        unsafe entries[Int(place)].older = newest
        unsafe entries[Int(place)].newer = -1
        if newest >= 0 { unsafe entries[Int(newest)].newer = place } else { oldest = place }
        newest = place
    }

    private func unlink(_ place: Int32) {
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

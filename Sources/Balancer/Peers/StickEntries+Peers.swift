internal import LinuxIO

// What peers are told of entries, and what is learned from them.

extension StickEntries {
    /// Orders the entries by their changes from now on, some of them at a time.
    ///
    /// - Returns: Whether that was not all.
    mutating func orderChanges(_ bell: PeerBell, atOnce count: Int) -> Bool {
        if changes == nil { changes = ChangeOrder(size: size, former: touched, bell: bell) }
        guard let pending = changes?.pending else { return false }
        for place in pending.prefix(count) {
            // Free places are held by less than nobody.
            changes?.takeIn(unsafe entries[Int(place)].holders >= 0)
        }
        return pending.count > count
    }

    /// What peers are told of an entry.
    mutating func entry(at place: Int32, change: UInt64, now: UInt64) -> PeerEntry {
        let entry = unsafe entries[Int(place)]
        var told = PeerEntry(
            change: UInt32(truncatingIfNeeded: change),
            key: key(at: place).withKey { $0.peerBytes(of: keys) },
            server: servers.server(at: Int(entry.server)).map(PeerEntry.Server.init),
            numbers: counters.numbers(at: place, now: now)
        )
        if lifetime < .max {
            let age = entry.holders > 0 || now < entry.usedAt ? 0 : now - entry.usedAt
            told.remaining = UInt32(clamping: lifetime - min(age, lifetime))
        }
        return told
    }

    /// Takes over what a peer has of a key.
    ///
    /// It overwrites what is here, as in haproxy. What is used here is not forgotten earlier.
    mutating func learn(_ told: PeerEntry, of key: StoredKey, now: UInt64) {
        var place = search(key)
        if place >= 0, isOver(place, now: now) {
            forget(place)
            place = -1
        }
        let isNew = place < 0
        if isNew { place = takePlace(for: key, now: now) }
        guard place >= 0 else { return }
        var usedAt = now
        if let remaining = told.remaining, lifetime < .max {
            usedAt = now - min(now, lifetime - min(lifetime, UInt64(remaining)))
        }
        if unsafe isNew || usedAt > entries[Int(place)].usedAt { renew(place, now: usedAt) }
        if let server = told.server {
            unsafe entries[Int(place)].server = Int32(servers.position(of: server))
        }
        counters.take(told, at: place, now: now)
    }
}

extension StickKey {
    /// A key of such a table as peers are told it.
    func peerBytes(of keys: StickTablePlan.Keys) -> [UInt8] {
        var told: [UInt8] = []
        switch self {
        case .none: break
        case .address(let end):
            guard keys != .ipv4 else {
                told.appendBigEndian(end.ipv4)
                break
            }
            told.appendBigEndian(end.high)
            told.appendBigEndian(end.low)
        case .number(let number): told.appendBigEndian(number)
        case .bytes(let bytes):
            told.reserveCapacity(bytes.count)
            for index in 0..<bytes.count { told.append(bytes[index]) }
        }
        return told
    }
}

extension PeerEntry {
    /// Calls with the key.
    func withKey<Result>(of keys: StickTablePlan.Keys, _ body: (StickKey) -> Result) -> Result {
        func word(_ place: Int) -> UInt64 {
            key.dropFirst(place).prefix(4).reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch keys {
        case .ipv4: return body(.address(IPEndpoint(ipv4: UInt32(word(0)), port: 0)))
        case .numbers: return body(.number(UInt32(word(0))))
        case .addresses:
            let end = IPEndpoint(
                high: word(0) << 32 | word(4), low: word(8) << 32 | word(12), port: 0)
            return body(.address(end))
        case .text, .bytes: return body(.bytes(key.span))
        }
    }
}

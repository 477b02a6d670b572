internal import LinuxIO

// What peers are told of entries, and what is learned from them.

extension StickEntries {
    /// Orders the entries by their changes from now on.
    mutating func orderChanges(_ bell: PeerBell) {
        guard changes == nil else { return }
        var order = ChangeOrder(size: size, bell: bell)
        forEachPlace { order.add($0) }
        changes = consume order
    }

    /// What peers are told of an entry.
    func entry(at place: Int32, change: UInt64, _ now: UInt64) -> PeerEntry {
        let entry = unsafe entries[Int(place)]
        var told = PeerEntry(
            change: UInt32(truncatingIfNeeded: change), key: peerKey(at: place),
            server: servers.server(at: Int(entry.server)), numbers: [])
        if lifetime < .max {
            let age = entry.holders > 0 || now < entry.usedAt ? 0 : now - entry.usedAt
            told.remaining = UInt32(clamping: lifetime - min(age, lifetime))
        }
        told.numbers = numbers(at: place, now)
        return told
    }

    /// Takes over what a peer has of a key.
    ///
    /// It overwrites what is here, as in haproxy, but for connections that are open: each node has its
    /// own. What is used here is not forgotten earlier.
    mutating func learn(_ told: PeerEntry, at now: UInt64) {
        guard let key = key(of: told) else { return }
        var place = search(key)
        if place >= 0, isOver(place, at: now) {
            forget(place)
            place = -1
        }
        let isNew = place < 0
        if isNew { place = takePlace(for: key, at: now) }
        guard place >= 0 else { return }
        var usedAt = now
        if let remaining = told.remaining, lifetime < .max {
            usedAt = now - min(now, lifetime - min(lifetime, UInt64(remaining)))
        }
        if unsafe isNew || usedAt > entries[Int(place)].usedAt { renew(place, at: usedAt) }
        if let server = told.server {
            unsafe entries[Int(place)].server = Int32(servers.position(of: server))
        }
        setNumbers(told, at: place, now)
    }

    /// What is counted, in the order of ``PeerDatum``.
    private func numbers(at place: Int32, _ now: UInt64) -> [UInt64] {
        var numbers: [UInt64] = []
        for quantity in StickQuantity.peerOrder {
            guard let offset = layout.offset(of: quantity, at: place) else { continue }
            if quantity.isRate {
                let meter = unsafe counters.load(fromByteOffset: offset, as: PeriodMeter.self)
                numbers += meter.numbers(at: now)
            } else {
                let value = unsafe counters.load(fromByteOffset: offset, as: UInt64.self)
                numbers.append(quantity.isWide ? value : min(value, UInt64(UInt32.max)))
            }
        }
        return numbers
    }

    private mutating func setNumbers(_ told: PeerEntry, at place: Int32, _ now: UInt64) {
        var (index, first) = (0, 0)
        for quantity in StickQuantity.peerOrder {
            guard let offset = layout.offset(of: quantity, at: place) else { continue }
            defer { (index, first) = (index + 1, first + (quantity.isRate ? 3 : 1)) }
            guard told.told >> UInt32(index) & 1 == 1, quantity != .connections else { continue }
            if quantity.isRate {
                let meter = PeriodMeter(told.numbers[first..<first + 3], at: now)
                unsafe counters.storeBytes(of: meter, toByteOffset: offset, as: PeriodMeter.self)
            } else {
                unsafe counters.storeBytes(
                    of: told.numbers[first], toByteOffset: offset, as: UInt64.self)
            }
        }
    }

    /// The bytes of a key, as peers are told them.
    private func peerKey(at place: Int32) -> [UInt8] {
        let entry = unsafe entries[Int(place)]
        var bytes: [UInt8] = []
        switch keys {
        case .ipv4, .numbers: bytes.appendBigEndian(UInt32(truncatingIfNeeded: entry.low))
        case .addresses:
            for word in [entry.high, entry.low] {
                bytes.appendBigEndian(UInt32(truncatingIfNeeded: word >> 32))
                bytes.appendBigEndian(UInt32(truncatingIfNeeded: word))
            }
        }
        return bytes
    }

    /// A key of its bytes.
    private func key(of told: PeerEntry) -> IPEndpoint? {
        func word(_ from: Int) -> UInt64 {
            told.key[from..<from + 4].reduce(0) { $0 << 8 | UInt64($1) }
        }
        switch keys {
        case .ipv4: return IPEndpoint(ipv4: UInt32(word(0)), port: 0)
        case .numbers: return IPEndpoint(high: .max, low: word(0), port: 0)
        case .addresses:
            return IPEndpoint(
                high: word(0) << 32 | word(4), low: word(8) << 32 | word(12), port: 0)
        }
    }
}

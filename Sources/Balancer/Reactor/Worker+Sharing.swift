internal import LinuxIO

/// What a direction of a connection shares of bandwidths, and its turn.
struct Shares {
    /// A bandwidth that the entry of a table divides.
    struct Share {
        /// The table's position; -1: there is none.
        var table: Int32 = -1
        var place: Int32 = -1
        var bandwidth = Bandwidth()
    }

    private var shares = InlineArray<4, Share>(repeating: Share())
    /// Bytes of one turn.
    private(set) var turnByteCount = bufferByteCount
    /// Bytes of the turn that was given; 0: none was.
    var given = 0
    /// When that one begins, in milliseconds.
    var turnAt: UInt64 = 0

    /// The share under a number; `nil`: there is none.
    subscript(number: Int) -> Share? { shares[number].table < 0 ? nil : shares[number] }

    /// Whether nothing is shared.
    var isEmpty: Bool { (0..<BandwidthSharing.count).allSatisfy { self[$0] == nil } }

    mutating func add(_ share: Share, under number: Int, turnByteCount count: Int) {
        shares[number] = share
        turnByteCount = min(turnByteCount, count)
    }

    mutating func move(_ tables: [Int?]) {
        for number in 0..<BandwidthSharing.count {
            guard let share = self[number] else { continue }
            shares[number].table = Int32(tables[Int(share.table)] ?? -1)
        }
    }
}

/// Connections whose bytes pass no faster than rules let them. Who shares a bandwidth moves what is his turn, and
/// waits for the next one.
extension Worker {
    /// Has the kernel space the bytes of one connection.
    mutating func limit(_ client: Int, _ limit: BandwidthLimit, _ facts: Facts) {
        switch limit.direction {
        case .download: StreamSocket.limitRate(of: slab[client].socket, to: limit.bytesPerSecond)
        case .upload:
            introductions[uploadLimitAt: placeAside(client, facts.source)] = limit.bytesPerSecond
        }
    }

    /// Has a connection share a bandwidth, unless it has a share under this number already.
    ///
    /// - Returns: Whether that is all; otherwise the client has yet to say the key.
    mutating func share(
        _ client: Int, _ sharing: BandwidthSharing, _ facts: Facts, deadlineIsOver isOver: Bool
    ) -> Bool {
        let half = sharing.direction == .upload ? client : client | 1
        let aside = placeAside(client, facts.source)
        guard introductions[sharesOf: half, at: aside][sharing.number] == nil else { return true }
        guard isOver || isTold(sharing.key, of: client, facts) else { return false }
        let table = shared.tables[sharing.tableIndex]
        guard let bandwidth = table.bandwidth(sharing.byteCount, of: sharing.quantity) else {
            return true
        }
        let place = withKey(sharing.key, of: client, facts.source, facts.hello) {
            table.hold($0, now: now)
        }
        guard let place else { return true }
        introductions[sharesOf: half, at: aside].add(
            .init(table: Int32(sharing.tableIndex), place: place, bandwidth: bandwidth),
            under: sharing.number,
            turnByteCount: bandwidth.turnByteCount(atLeast: sharing.leastByteCount))
        return true
    }

    /// Has the directions of a connection that now moves bytes take turns, where they share something.
    mutating func beginSharing(_ client: Int) {
        let place = slab[client].introduction
        guard place >= 0 else { return }
        for half in client...client | 1 where !introductions[sharesOf: half, at: place].isEmpty {
            slab[half].marks.insert([.sharesBandwidth, .onlyCopies])
        }
    }

    /// Bytes that a direction may move now; `nil`: it waits for its turn.
    @inline(__always)
    mutating func turnByteCount(_ half: Int) -> Int? {
        slab[half].marks.contains(.sharesBandwidth) ? takeTurn(half) : bufferByteCount
    }

    private mutating func takeTurn(_ half: Int) -> Int? {
        let place = slab[half & ~1].introduction
        guard slab[half].marks.isDisjoint(with: .awaitsTurn) else { return nil }
        var shares = introductions[sharesOf: half, at: place]
        if shares.given == 0 {
            (shares.given, shares.turnAt) = (shares.turnByteCount, now)
            for number in 0..<BandwidthSharing.count {
                guard let share = shares[number] else { continue }
                let turn = shared.tables[Int(share.table)].giveTurn(
                    shares.given, of: share.bandwidth, quantity(half), at: share.place, now: now)
                shares.turnAt = max(shares.turnAt, turn)
            }
            introductions[sharesOf: half, at: place] = shares
        }
        guard shares.turnAt > now else { return shares.given }
        slab[half].marks.insert(.awaitsTurn)
        arm(half & ~1)
        return nil
    }

    /// Ends the turn of a direction, if it has one, with what has moved.
    mutating func endTurn(_ half: Int, _ transfer: Transfer) {
        var count = 0
        if case .moved(let moved) = transfer { count = moved }
        let place = slab[half & ~1].introduction
        let shares = introductions[sharesOf: half, at: place]
        guard shares.given > 0 || count > 0 else { return }
        for number in 0..<BandwidthSharing.count {
            guard let share = shares[number] else { continue }
            shared.tables[Int(share.table)].endTurn(
                count, unused: shares.given - count, of: share.bandwidth, quantity(half),
                at: share.place, now: now)
        }
        introductions[sharesOf: half, at: place].given = 0
    }

    /// When the first turn begins that a connection waits for, in milliseconds.
    func turnAt(_ client: Int) -> UInt64 {
        var first = UInt64.max
        for half in client...client | 1 where slab[half].marks.contains(.awaitsTurn) {
            first = min(first, introductions[sharesOf: half, at: slab[client].introduction].turnAt)
        }
        return first
    }

    /// Goes on with each direction of a connection whose turn has come.
    mutating func turnCame(_ client: Int) {
        let generation = slab[client].generation
        for half in client...client | 1 where slab[half].marks.contains(.awaitsTurn) {
            let place = slab[client].introduction
            guard introductions[sharesOf: half, at: place].turnAt <= now else { continue }
            slab[half].marks.remove(.awaitsTurn)
            // Both were kept waiting.
            slab[client].activeAt = UInt32(truncatingIfNeeded: now)
            slab[client | 1].activeAt = UInt32(truncatingIfNeeded: now)
            pump(half)
            guard slab[client].generation == generation else { return }
        }
        arm(client)
    }

    /// Lets go of what a connection shares.
    func releaseShares(_ client: Int) {
        let place = slab[client].introduction
        for half in client...client | 1 {
            let shares = introductions[sharesOf: half, at: place]
            for number in 0..<BandwidthSharing.count {
                guard let share = shares[number] else { continue }
                let table = shared.tables[Int(share.table)]
                if shares.given > 0 {
                    table.endTurn(
                        0, unused: shares.given, of: share.bandwidth, quantity(half),
                        at: share.place, now: now)
                }
                table.letGo(share.place, now: now)
            }
        }
    }

    private func quantity(_ half: Int) -> StickQuantity {
        half & 1 == 0 ? .bytesInRate : .bytesOutRate
    }
}

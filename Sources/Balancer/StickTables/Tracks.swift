internal import LinuxIO

/// Where a connection is counted: an entry for each of its trackings.
struct Tracks {
    /// An entry of a table.
    struct Track {
        /// The table's position; -1: it is counted nowhere.
        var table: Int32 = -1
        var place: Int32 = -1
    }

    private var tracks = InlineArray<3, Track>(repeating: Track())

    /// The entry of one tracking; `nil`: there is none.
    subscript(number: Int) -> Track? {
        get { tracks[number].table < 0 ? nil : tracks[number] }
        set { tracks[number] = newValue ?? Track() }
    }

    mutating func move(_ tables: [Int?]) {
        for number in 0..<Tracking.count {
            guard let track = self[number] else { continue }
            self[number] = tables[Int(track.table)].map {
                Track(table: Int32($0), place: track.place)
            }
        }
    }
}

/// Connections that are counted in tables.
extension Worker {
    /// Counts a connection by a key of its own, unless it is counted under this number already.
    ///
    /// - Returns: Whether that is all; otherwise the client has yet to say the key.
    mutating func track(
        _ client: Int, _ tracking: Tracking, _ facts: Facts, deadlineIsOver isOver: Bool
    ) -> Bool {
        guard tracks(of: client)?[tracking.number] == nil else { return true }
        guard isOver || isTold(tracking.key, of: client, facts) else { return false }
        let table = shared.tables[tracking.tableIndex]
        let place = withKey(tracking.key, of: client, facts.source, facts.hello) {
            table.track($0, now: now)
        }
        guard let place else { return true }
        let aside = placeAside(client, facts.source)
        introductions[tracksAt: aside][tracking.number] = .init(
            table: Int32(tracking.tableIndex), place: place)
        if table.countsBytes { slab[client].marks.insert(.countsBytes) }
        return true
    }

    /// Counts a connection that rules have let pass.
    func countSession(_ client: Int) {
        addToTracks(1, .sessionTotal, .sessionRate, client)
    }

    /// Counts a rule's marks.
    ///
    /// - Returns: Whether the connection is tracked under the number.
    func countMarks(
        _ count: UInt32, _ client: Int, _ mark: StickQuantity, _ index: Int, _ number: Int
    ) -> Bool {
        guard let track = tracks(of: client)?[number] else { return false }
        shared.tables[Int(track.table)].withEntries {
            $0.mark(UInt64(count), in: mark, index, at: track.place, now: now)
        }
        return true
    }

    /// Sets a rule's tag: that of an array at `index`, or the single one.
    func setTag(_ client: Int, _ tag: UInt32, _ index: Int?, _ number: Int) {
        guard let track = tracks(of: client)?[number] else { return }
        shared.tables[Int(track.table)].set(
            index == nil ? .tag : .tags, index ?? 0, to: UInt64(tag), at: track.place, now: now)
    }

    /// Counts bytes of one side.
    func countTrackedBytes(_ count: Int, from half: Int) {
        let isFromClient = half & 1 == 0
        addToTracks(
            count, isFromClient ? .bytesIn : .bytesOut, isFromClient ? .bytesInRate : .bytesOutRate,
            half & ~1)
    }

    /// Counts a connection out of the tables.
    mutating func releaseTracks(_ client: Int) {
        slab[client].marks.remove(.countsBytes)
        guard let tracks = tracks(of: client) else { return }
        for number in 0..<Tracking.count {
            guard let track = tracks[number] else { continue }
            shared.tables[Int(track.table)].release(track.place, now: now)
        }
    }

    /// Answers a question; what it changes is changed once, and only looked at from then on.
    func answerOnce(_ question: StickQuestion, _ client: Int, _ facts: inout Facts) -> Int? {
        guard question.effect != 0 else { return answer(question, client, facts) }
        guard facts.effects & question.effect != 0 else {
            let answer = answer(question, client, facts)
            if answer != nil { facts.effects |= question.effect }
            return answer
        }
        var question = question
        if case .increase(let quantity, let index) = question.asked {
            question.asked = .value(quantity, index)
        } else if case .clear(let quantity, let index) = question.asked {
            question.asked = .value(quantity, index)
        }
        return answer(question, client, facts)
    }

    /// Does what a question asks for, and answers it; `nil`: there is no answer.
    func answer(_ question: StickQuestion, _ client: Int, _ facts: Facts) -> Int? {
        switch question.subject {
        case .key(let key):
            guard let table = question.tableIndex else { return nil }
            return withKey(key, of: client, facts.source, facts.hello) {
                shared.tables[table].answer(question.asked, for: $0, mayEnter: true, now: now)
            }
        case .tracked(let number):
            guard let track = tracks(of: client)?[number] else {
                return question.asked == .presence ? 0 : nil
            }
            // As haproxy: it is tracked, whatever table is named.
            guard question.asked != .presence else { return 1 }
            let own = shared.tables[Int(track.table)]
            guard let table = question.tableIndex, table != track.table else {
                return own.answer(question.asked, at: track.place, now: now)
            }
            return own.key(at: track.place).withKey {
                shared.tables[table].answer(question.asked, for: $0, mayEnter: false, now: now)
            }
        }
    }

    private func tracks(of client: Int) -> Tracks? {
        let place = slab[client].introduction
        return place < 0 ? nil : introductions[tracksAt: place]
    }

    private func addToTracks(
        _ count: Int, _ total: StickQuantity, _ rate: StickQuantity, _ client: Int
    ) {
        guard let tracks = tracks(of: client) else { return }
        for number in 0..<Tracking.count {
            guard let track = tracks[number] else { continue }
            shared.tables[Int(track.table)].add(count, to: total, rate, at: track.place, now: now)
        }
    }
}

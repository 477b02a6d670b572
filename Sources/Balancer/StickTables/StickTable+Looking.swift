internal import LinuxIO

/// What a table holds of one key.
public struct StickTableEntry: Hashable, Sendable {
    /// An address or a number as such, of bytes their hexadecimal digits; of a text, what does not print
    /// and `\` are written as `\xHH`.
    public var key: String
    /// By how many trackings it is held.
    public var holders: Int
    /// In how many milliseconds it is forgotten, once it is held by none; `nil`: as long as there is room.
    public var remaining: Int?
    /// The name of the server that it belongs to.
    public var server: String?
    /// What is counted, in the order of ``StickTablePlan/counters``, of arrays each element.
    public var counts: [Int]

    /// Makes an entry without a server that stays as long as there is room.
    public init(key: String, holders: Int, counts: [Int]) {
        self.key = key
        self.holders = holders
        self.counts = counts
    }
}

/// A part of a table.
public struct StickTableSlice: Hashable, Sendable {
    /// The entries.
    public var entries: [StickTableEntry] = []
    /// Where to go on; `nil`: there is no more.
    public var next: Int?
}

/// What became of an order to forget a key.
public enum StickTableRemoval: Hashable, Sendable {
    /// It is forgotten.
    case forgotten
    /// It was not known.
    case unknown
    /// A connection is tracked by it: it stays.
    case held
}

/// Tables as operators look at them, and change them.
///
/// A key is given as ``StickTableEntry/key`` has it; where it can be none of the table, there is no answer.
extension BalancerView {
    /// Looks at a part of a table; reactors wait for a few entries at a time alone.
    ///
    /// - Parameters:
    ///   - table: The table's position in the plan.
    ///   - place: 0, or where the part before ended.
    ///   - most: How many places to look at.
    /// - Returns: The entries that stand there.
    public func entries(ofTable table: Int, from place: Int, most: Int) -> StickTableSlice {
        tables[table].slice(
            from: min(max(0, place), StickTablePlan.greatestSize), most: most, now: now)
    }

    /// How many keys a table remembers.
    public func keyCount(ofTable table: Int) -> Int { tables[table].count(now: now) }

    /// Looks at one entry.
    ///
    /// - Returns: None or one entry; `nil`: it is no key of the table.
    public func entries(ofTable table: Int, key: String) -> StickTableSlice? {
        tables[table].slice(of: key, now: now)
    }

    /// Forgets a key.
    public func forget(_ key: String, inTable table: Int) -> StickTableRemoval? {
        tables[table].forget(key, now: now)
    }

    /// Forgets all keys that no connection is tracked by.
    ///
    /// - Returns: How many were forgotten.
    public func forgetAll(inTable table: Int) -> Int { tables[table].forgetAll() }

    /// Sets counters of a key, which gets an entry if it has none.
    ///
    /// - Parameters:
    ///   - counts: What is set, of an array which element (0 of others), and to what.
    ///   - key: The key.
    ///   - table: The table's position in the plan.
    /// - Returns: Whether there was room for it.
    public func set(
        _ counts: [(StickQuantity, index: Int, UInt64)], of key: String, inTable table: Int
    ) -> Bool? {
        tables[table].set(counts, of: key, now: now)
    }

    private var now: UInt64 { MonotonicInstant.now.milliseconds }
}

extension StickTable {
    func slice(from start: Int, most: Int, now: UInt64) -> StickTableSlice {
        var slice = StickTableSlice()
        var place = start
        let last = start + min(most, StickTablePlan.greatestSize)
        var (looks, counts): ([StickEntries.Look], [Int]) = ([], [])
        looks.reserveCapacity(placesPerLook)
        counts.reserveCapacity(placesPerLook * elements.count)
        while place < last {
            let end = withEntries {
                $0.look(
                    at: place..<min(place + placesPerLook, last), elements, now: now,
                    into: &looks, &counts)
            }
            slice.entries += entries(looks, counts)
            looks.removeAll(keepingCapacity: true)
            counts.removeAll(keepingCapacity: true)
            guard let end else { return slice }
            place = end
        }
        slice.next = place
        return slice
    }

    fileprivate func slice(of key: String, now: UInt64) -> StickTableSlice? {
        keys.withParsed(key) { key in
            var (looks, counts): ([StickEntries.Look], [Int]) = ([], [])
            withEntries { entries in
                guard let place = entries.find(key, now: now) else { return }
                _ = entries.look(
                    at: Int(place)..<Int(place) + 1, elements, now: now, into: &looks, &counts)
            }
            return StickTableSlice(entries: entries(looks, counts))
        }
    }

    func forget(_ key: String, now: UInt64) -> StickTableRemoval? {
        keys.withParsed(key) { key in
            withEntries { entries in
                guard let place = entries.find(key, now: now) else { return .unknown }
                return entries.remove(place) ? .forgotten : .held
            }
        }
    }

    func forgetAll() -> Int {
        var sum = 0
        var rest = withEntries { $0.count }
        while rest > 0 {
            let count = withEntries { $0.removeOldest(min(rest, 1000)) }
            guard count > 0 else { return sum }
            sum += count
            rest -= count
        }
        return sum
    }

    func set(
        _ counts: [(StickQuantity, index: Int, UInt64)], of key: String, now: UInt64
    ) -> Bool? {
        keys.withParsed(key) { key in
            withEntries { entries in
                guard let place = entries.enter(key, now: now) else { return false }
                for (quantity, index, count) in counts {
                    entries.set(quantity, index, to: count, at: place, now: now)
                }
                return true
            }
        }
    }

    private func entries(
        _ looks: [StickEntries.Look], _ counts: [Int]
    ) -> [StickTableEntry] {
        looks.enumerated().map { number, look in
            let first = number * elements.count
            var entry = StickTableEntry(
                key: look.key.withKey(keys.text), holders: look.holders,
                counts: Array(counts[first..<first + elements.count]))
            (entry.remaining, entry.server) = (look.remaining, look.server)
            return entry
        }
    }
}

/// Places that are looked at while reactors wait.
private let placesPerLook = 64

extension StickEntries {
    /// A copy of an entry.
    struct Look {
        let key: KeptKey
        let holders: Int
        let remaining: Int?
        let server: String?
    }
}

extension StickTablePlan.Keys {
    /// Calls with a key that is written as ``StickTableEntry/key``.
    func withParsed<Result>(_ text: String, _ body: (StoredKey) -> Result) -> Result? {
        let bytes = Array(text.utf8)
        switch self {
        case .ipv4, .addresses:
            guard let end = AddressText.ipv4(bytes.span) ?? AddressText.ipv6(bytes.span) else {
                return nil
            }
            return withStored(.address(end), body)
        case .numbers: return UInt32(text).flatMap { withStored(.number($0), body) }
        case .text: return bytes.unescaped.flatMap { withStored(.bytes($0.span), body) }
        case .bytes(let most):
            guard let bytes = bytes.fromHexadecimal, bytes.count <= most else { return nil }
            return withStored(.bytes(bytes.span), body)
        }
    }

    /// A key of these as text.
    func text(_ key: StickKey) -> String {
        switch key {
        case .none: return ""
        case .address, .number:
            // The longest address has 39 letters.
            return Self.text(40).withStored(key) { stored in
                guard case .bytes(let span, _) = stored else { return "" }
                return String(decoding: span.copied, as: UTF8.self)
            } ?? ""
        case .bytes(let span):
            let digits = Array("0123456789ABCDEF".utf8)
            var text: [UInt8] = []
            for byte in span.copied {
                let isPlain = (0x21...0x7e).contains(byte) && byte != UInt8(ascii: "\\")
                if case .text = self, isPlain {
                    text.append(byte)
                } else {
                    if case .text = self { text += Array("\\x".utf8) }
                    text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
            return String(decoding: text, as: UTF8.self)
        }
    }
}

extension Span<UInt8> {
    fileprivate var copied: [UInt8] { indices.map { self[$0] } }
}

extension [UInt8] {
    /// The bytes that digits stand for, two for each.
    fileprivate var fromHexadecimal: [UInt8]? {
        guard count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: count, by: 2) {
            let pair = String(decoding: self[place..<place + 2], as: UTF8.self)
            guard pair.first != "+", pair.first != "-", let byte = UInt8(pair, radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// The bytes, with those that stand as `\xHH`; `nil`: a `\` begins something else.
    fileprivate var unescaped: [UInt8]? {
        var bytes: [UInt8] = []
        var place = 0
        while place < count {
            guard self[place] == UInt8(ascii: "\\") else {
                bytes.append(self[place])
                place += 1
                continue
            }
            guard place + 4 <= count, self[place + 1] == UInt8(ascii: "x"),
                let byte = Array(self[place + 2..<place + 4]).fromHexadecimal
            else { return nil }
            bytes += byte
            place += 4
        }
        return bytes
    }
}

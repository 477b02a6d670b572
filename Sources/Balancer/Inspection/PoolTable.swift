internal import LinuxIO

/// Which pool a client is led to by something of the connection (`use_backend %[…]`).
///
/// Compiled for looking up: whole texts by one binary search, beginnings by one for each length, networks as
/// in ``PrefixTable``, what else there is to compare with one after another. A look-up allocates nothing.
public struct PoolTable: Hashable, Sendable {
    /// What is looked up.
    public var key: ConnectionKey
    /// The pool of a key that no entry holds for; `nil`: none.
    public var other: Int?
    /// The pool where the client has no such key; `nil`: none.
    public var absent: Int?

    private var texts = TextTable()
    private var beginnings = TextTable()
    private var patterns: [TextPattern] = []
    private var networks = PrefixTable([])
    /// The pool of each entry by its position; -1: none.
    private var textPools: [Int32] = []
    private var beginningPools: [Int32] = []
    private var patternPools: [Int32] = []
    private var networkPools: [Int32] = []

    /// Makes a table of texts, with which numbers are compared as they are written.
    ///
    /// - Parameters:
    ///   - key: What is looked up.
    ///   - entries: With what, and the position of its pool in ``BalancerPlan/pools``; `nil`: none.
    ///     Entries of whole texts hold before others, then the longest of the beginnings, and of all else
    ///     the first.
    public init(_ key: ConnectionKey, _ entries: [(pattern: TextPattern, pool: Int?)]) {
        self.key = key
        func table(of match: TextPattern.Match) -> (table: TextTable, pools: [Int32]) {
            let own = entries.filter { $0.pattern.match == match && !$0.pattern.ignoresCase }
            return (TextTable(own.map(\.pattern.bytes)), own.map { Int32($0.pool ?? -1) })
        }
        (texts, textPools) = table(of: .exact)
        (beginnings, beginningPools) = table(of: .beginning)
        let others = entries.filter { entry in
            switch entry.pattern.match {
            case .exact, .beginning: entry.pattern.ignoresCase
            case .end, .part, .directory, .domain, .length, .found, .expression: true
            }
        }
        patterns = others.map(\.pattern)
        patternPools = others.map { Int32($0.pool ?? -1) }
    }

    /// Makes a table of networks; of two that are equal the first counts.
    ///
    /// - Parameters:
    ///   - key: An address.
    ///   - networks: The networks, and the positions of their pools.
    public init(_ key: ConnectionKey, networks: [(network: PrefixTable.Prefix, pool: Int?)]) {
        self.key = key
        self.networks = PrefixTable(networks.reversed().map(\.network))
        networkPools = networks.reversed().map { Int32($0.pool ?? -1) }
    }

    /// The positions of all pools that it may lead to.
    var poolIndices: Set<Int> {
        let entries = [textPools, beginningPools, patternPools, networkPools].joined()
            .filter { $0 >= 0 }
        return Set(entries.map(Int.init) + [other, absent].compactMap(\.self))
    }

    /// The same with something else in place of each pool.
    func mapped(_ place: (Int) -> Int) -> PoolTable {
        var table = self
        func moved(_ pools: [Int32]) -> [Int32] {
            pools.map { $0 < 0 ? $0 : Int32(place(Int($0))) }
        }
        table.textPools = moved(textPools)
        table.beginningPools = moved(beginningPools)
        table.patternPools = moved(patternPools)
        table.networkPools = moved(networkPools)
        table.other = other.map(place)
        table.absent = absent.map(place)
        return table
    }

    /// What stands for a key.
    ///
    /// - Returns: The pool's position; `nil`: there is none.
    func pool(for key: borrowing StickKey) -> Int? {
        let pool: Int32?
        switch key {
        case .none: return absent
        case .address(let end):
            guard end.isPresent else { return absent }
            pool = networks.value(for: end).map { networkPools[$0] }
        case .number(let number):
            var digits = DecimalDigits()
            pool = digits.withBytes(of: number) { self.pool(ofText: $0) }
        case .bytes(let text): pool = self.pool(ofText: text)
        }
        guard let pool else { return other }
        return pool < 0 ? nil : Int(pool)
    }

    private func pool(ofText text: Span<UInt8>) -> Int32? {
        if let place = texts.position(of: text) { return textPools[place] }
        if let place = beginnings.longestBeginning(of: text) { return beginningPools[place] }
        for index in patterns.indices where patterns[index].matches(text) {
            return patternPools[index]
        }
        return nil
    }
}

/// Room for a number as it is written.
private struct DecimalDigits {
    private var digits = InlineArray<10, UInt8>(repeating: 0)

    mutating func withBytes<Result>(
        of number: UInt32, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        var (place, rest) = (digits.count, number)
        repeat {
            place -= 1
            digits[place] = UInt8(rest % 10) + 0x30
            rest /= 10
        } while rest > 0
        return body(digits.span.extracting(place..<digits.count))
    }
}

import VRRPCore

/// The words of one line, taken one after the other, and what there is to say about them.
struct Arguments {
    /// The keyword that is being read; complaints about what is missing point at it.
    private(set) var keyword: Word
    /// What messages call the keyword: `timeout client`, `priority`.
    private(set) var label: String
    /// Whether `no` stood before the keyword.
    var isNegated = false
    /// The block after the words.
    let block: Block?
    private(set) var remarks: [Remark] = []
    private var rest: ArraySlice<Word>

    init?(_ directive: Directive) {
        guard let first = directive.words.first else { return nil }
        keyword = first
        label = first.text
        rest = directive.words[...]
        block = directive.block
    }

    /// The next word, if there is one.
    mutating func nextIfPresent() -> Word? { rest.popFirst() }

    /// The word that ``next(_:)`` would return.
    var upcoming: Word? { rest.first }

    /// The next word; `what` names it in the complaint when the line ends before it.
    mutating func next(_ what: String) throws(Remark) -> Word {
        guard let word = rest.popFirst() else {
            throw .error("\(label.quoted) needs \(what)", at: keyword.position)
        }
        return word
    }

    /// The next word as the keyword from now on.
    mutating func nextKeyword(_ what: String) throws(Remark) -> Word {
        keyword = try next(what)
        label = keyword.text
        return keyword
    }

    /// The next word as the second half of the keyword: `client` after `timeout`.
    mutating func nextSubkeyword(_ what: String) throws(Remark) -> Word {
        let first = label
        let word = try nextKeyword(what)
        label = "\(first) \(word.text)"
        return word
    }

    /// Goes back to an earlier keyword, once a word inside of it is read.
    mutating func restore(_ keyword: Word, _ label: String) {
        (self.keyword, self.label) = (keyword, label)
    }

    /// All further words.
    mutating func remaining() -> [Word] {
        defer { rest = [] }
        return Array(rest)
    }

    /// Passes over words that nothing is done with; fewer are fine.
    mutating func skip(_ count: Int) { rest = rest.dropFirst(count) }

    mutating func warn(_ message: String, at position: Position? = nil) {
        remarks.append(.warning(message, at: position ?? keyword.position))
    }

    mutating func add(_ remark: Remark) { remarks.append(remark) }

    /// The number that is next.
    mutating func integer(in range: ClosedRange<Int>) throws(Remark) -> Int {
        let word = try next("a number, \(range.inWords)")
        return try word.integer(in: range, of: label)
    }

    /// The IPv4 address that is next.
    mutating func address() throws(Remark) -> IPv4Address {
        try next("an IPv4 address").address()
    }

    /// The address of either family that is next.
    mutating func anyAddress() throws(Remark) -> IPAddress {
        let word = try next("an IP address")
        if let address = IPAddress(word.text) { return address }
        throw .error(
            "\(label) \(word.text.quoted): must be an IP address, such as 192.0.2.1 or 2001:db8::1",
            at: word.position)
    }

    /// Reads the block with a table of its own.
    mutating func readBlock<Target>(
        with table: KeywordTable<Target>, into target: inout Target
    ) {
        guard let block else { return }
        table.read(block.directives, into: &target, remarks: &remarks)
    }

    /// Reads a block that is a list: each line an item and its options, which `read` takes to the end.
    mutating func readItems(
        of what: String, _ read: (inout Arguments, Word) throws(Remark) -> Void
    ) {
        for directive in block?.directives ?? [] {
            guard var item = Arguments(directive) else { continue }
            do throws(Remark) {
                let word = try item.nextKeyword(what)
                if let inner = directive.block {
                    throw .error("\(what) is expected here, not a block", at: inner.opening)
                }
                try read(&item, word)
            } catch {
                item.add(error)
            }
            remarks += item.remarks
        }
    }

    /// Passes over words that nothing has taken, with a warning.
    mutating func ignoreRest() {
        guard let extra = rest.first else { return }
        warn(
            "\(extra.text.quoted) is more than \(label.quoted) takes: it is ignored",
            at: extra.position)
        rest = []
    }

    /// Complains about words that nothing has taken.
    mutating func finish() throws(Remark) {
        guard let extra = rest.first else { return }
        throw .error(
            "\(extra.text.quoted) is more than \(label.quoted) takes", at: extra.position)
    }
}

extension Word {
    /// The word as a number.
    func integer(in range: ClosedRange<Int>, of keyword: String) throws(Remark) -> Int {
        guard let value = Int(text) else {
            throw .error(
                "\(keyword) \(text.quoted): must be a number, \(range.inWords)", at: position)
        }
        guard range.contains(value) else {
            let bounds =
                value < range.lowerBound
                ? range.inWords : "\(range.lowerBound) to \(range.upperBound)"
            throw .error("\(keyword) \(value): must be \(bounds)", at: position)
        }
        return value
    }

    /// The word as an IPv4 address.
    func address() throws(Remark) -> IPv4Address {
        if let address = IPv4Address(text) { return address }
        let reason =
            text.utf8.contains(UInt8(ascii: ":"))
            ? "IPv6 addresses are known but not implemented yet"
            : "must be an IPv4 address, such as 192.0.2.1"
        throw .error("\(text.quoted): \(reason)", at: position)
    }
}

extension ClosedRange<Int> {
    /// Every number that a 32-bit setting can hold has no upper bound worth telling.
    var inWords: String {
        upperBound >= Int(Int32.max) ? "\(lowerBound) or more" : "\(lowerBound) to \(upperBound)"
    }

    static func atLeast(_ lowest: Int) -> ClosedRange<Int> { lowest...Int(Int32.max) }
}

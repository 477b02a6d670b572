/// What stands beside a record: what its client said by TLS, and what was kept of the connection for its line.
public struct LineTexts: Hashable, Sendable {
    /// What its client said by TLS.
    public var names: ClientNames
    /// What was kept.
    public var kept: KeptTexts

    /// Of a connection of which nothing is told.
    public static let none = LineTexts()

    /// Makes texts.
    public init(names: ClientNames = .none, kept: KeptTexts = KeptTexts()) {
        self.names = names
        self.kept = kept
    }
}

/// A connection's identifier, what rules have captured of it, and what its PROXY header said; of fixed size.
public struct KeptTexts: Sendable {
    /// The most bytes of an identifier; haproxy's.
    public static let longestIdentifier = 127
    /// The most bytes of a capture.
    public static let longestCapture = 255
    /// The most bytes of all captures of a frontend, and one more for each.
    public static let mostCapturedBytes = 512
    /// The most texts of PROXY headers.
    public static let mostHeaderTexts = 2

    /// One text after the other, each behind a byte of its length.
    private var storage: InlineArray<1152, UInt8> = InlineArray(repeating: 0)
    private var count = 0

    /// Makes none.
    public init() {}

    /// Adds the identifier, or behind it the next capture, or text of a header; what has no room is left out.
    mutating func append(_ text: borrowing ShortText) {
        guard count + 1 + text.count <= 1152 else { return }
        storage[count] = UInt8(text.count)
        for index in 0..<text.count { storage[count + 1 + index] = text[index] }
        count += 1 + text.count
    }

    /// The identifier; empty: there is none.
    public var identifier: [UInt8] { text(0) }

    /// What was captured under a number from 0 on, and behind that what headers said; empty: nothing.
    public func capture(_ number: Int) -> [UInt8] { text(number + 1) }

    private func text(_ number: Int) -> [UInt8] {
        var place = 0
        for _ in 0..<number where place < count { place += 1 + Int(storage[place]) }
        guard place < count else { return [] }
        return (place + 1..<place + 1 + Int(storage[place])).map { storage[$0] }
    }
}

extension KeptTexts: Hashable {
    /// Whether both have the same texts.
    public static func == (one: KeptTexts, other: KeptTexts) -> Bool {
        one.count == other.count
            && (0..<one.count).allSatisfy { one.storage[$0] == other.storage[$0] }
    }

    /// Feeds the texts.
    public func hash(into hasher: inout Hasher) {
        for index in 0..<count { hasher.combine(storage[index]) }
    }
}

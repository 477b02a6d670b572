/// Some of the 256 bytes.
struct ByteSet: Hashable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}

    init(_ range: ClosedRange<UInt8>) { insert(range) }

    init(_ text: String) { for byte in text.utf8 { insert(byte) } }

    static let all = ByteSet(0...255)
    static let newline = ByteSet("\n")
    static let digits = ByteSet(0x30...0x39)
    static let upper = ByteSet(0x41...0x5A)
    static let lower = ByteSet(0x61...0x7A)
    static let letters = upper.union(lower)
    static let word = letters.union(digits).union(ByteSet("_"))
    static let space = ByteSet(0x09...0x0D).union(ByteSet(" "))
    /// PCRE's `\h` and `\v`, without UTF-8.
    static let horizontal = ByteSet("\t ").union(ByteSet(0xA0...0xA0))
    static let vertical = ByteSet(0x0A...0x0D).union(ByteSet(0x85...0x85))

    func contains(_ byte: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(byte & 63)
        return switch byte >> 6 {
        case 0: words.0 & bit != 0
        case 1: words.1 & bit != 0
        case 2: words.2 & bit != 0
        default: words.3 & bit != 0
        }
    }

    mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func insert(_ range: ClosedRange<UInt8>) { for byte in range { insert(byte) } }

    mutating func formUnion(_ other: ByteSet) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

    func union(_ other: ByteSet) -> ByteSet {
        var union = self
        union.formUnion(other)
        return union
    }

    func subtracting(_ other: ByteSet) -> ByteSet {
        inverted.union(other).inverted
    }

    var inverted: ByteSet {
        var inverted = ByteSet()
        inverted.words = (~words.0, ~words.1, ~words.2, ~words.3)
        return inverted
    }

    /// With each letter of ASCII in both cases.
    var ignoringCase: ByteSet {
        var folded = self
        for byte in UInt8(0x41)...0x5A where contains(byte) || contains(byte | 0x20) {
            folded.insert(byte)
            folded.insert(byte | 0x20)
        }
        return folded
    }

    static func == (left: ByteSet, right: ByteSet) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

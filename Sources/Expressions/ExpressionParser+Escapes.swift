extension ExpressionParser {
    /// What a backslash begins, outside of a class.
    mutating func escape() throws(ExpressionError) -> Node {
        let begin = position
        position += 1
        guard let next = upcoming else { throw error("a backslash ends it", at: begin) }
        switch next {
        case UInt8(ascii: "A"): return place(.start)
        case UInt8(ascii: "z"): return place(.end)
        case UInt8(ascii: "Z"): return place(.lastLineEnd)
        case UInt8(ascii: "b"): return place(.wordEdge)
        case UInt8(ascii: "B"): return place(.noWordEdge)
        case UInt8(ascii: "Q"):
            position += 1
            if !take("\\E") { isQuoting = true }
            return .sequence([])
        case UInt8(ascii: "E"):
            position += 1
            return .sequence([])
        case UInt8(ascii: "N"):
            position += 1
            return .byte(ByteSet.newline.inverted)
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            throw error("'\\\(next - 0x30)', what a group found before, is not offered", at: begin)
        default: return .byte(try escapedSet(begin))
        }
    }

    private mutating func place(_ place: Place) -> Node {
        position += 1
        return .place(place)
    }

    /// What a backslash stands before, as bytes; the same in a class and outside.
    private mutating func escapedSet(_ begin: Int) throws(ExpressionError) -> ByteSet {
        guard let next = upcoming else { throw error("a backslash ends it", at: begin) }
        position += 1
        switch next {
        case UInt8(ascii: "d"): return .digits
        case UInt8(ascii: "D"): return ByteSet.digits.inverted
        case UInt8(ascii: "w"): return .word
        case UInt8(ascii: "W"): return ByteSet.word.inverted
        case UInt8(ascii: "s"): return .space
        case UInt8(ascii: "S"): return ByteSet.space.inverted
        case UInt8(ascii: "h"): return .horizontal
        case UInt8(ascii: "H"): return ByteSet.horizontal.inverted
        case UInt8(ascii: "v"): return .vertical
        case UInt8(ascii: "V"): return ByteSet.vertical.inverted
        default:
            let byte = try escapedByte(next, begin)
            return folded(ByteSet(byte...byte))
        }
    }

    private mutating func escapedByte(
        _ next: UInt8, _ begin: Int
    ) throws(ExpressionError) -> UInt8 {
        switch next {
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "n"): return 0x0A
        case UInt8(ascii: "r"): return 0x0D
        case UInt8(ascii: "f"): return 0x0C
        case UInt8(ascii: "a"): return 0x07
        case UInt8(ascii: "e"): return 0x1B
        case UInt8(ascii: "0"): return try octal(begin)
        case UInt8(ascii: "x"): return try hexadecimal(begin)
        case _ where ByteSet.letters.union(.digits).contains(next):
            throw error(
                "'\\\(Character(Unicode.Scalar(next)))' is not offered", at: begin)
        default: return next
        }
    }

    /// Up to two further octal digits.
    private mutating func octal(_ begin: Int) throws(ExpressionError) -> UInt8 {
        var value = 0
        for _ in 0..<2 {
            guard let digit = upcoming, (0x30...0x37).contains(digit) else { break }
            value = value * 8 + Int(digit - 0x30)
            position += 1
        }
        return UInt8(value)
    }

    /// `\xHH` with up to two digits, or `\x{…}`.
    private mutating func hexadecimal(_ begin: Int) throws(ExpressionError) -> UInt8 {
        let isBraced = take("{")
        var value = 0
        var count = 0
        while let digit = upcoming.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }),
            isBraced || count < 2
        {
            value = min(value * 16 + digit, 256)
            count += 1
            position += 1
        }
        guard value < 256, !isBraced || count > 0 && take("}") else {
            throw error("'\\x' needs digits of one byte, such as \\x0a or \\x{0a}", at: begin)
        }
        return UInt8(value)
    }

    // MARK: Classes

    /// `[…]`, from its bracket on.
    mutating func byteClass() throws(ExpressionError) -> ByteSet {
        let begin = position
        position += 1
        let isNegated = take("^")
        var set = ByteSet()
        var isFirst = true
        while true {
            guard let next = upcoming else { throw error("the class has no ']'", at: begin) }
            // A bracket that comes first is one of the bytes.
            if next == UInt8(ascii: "]"), !isFirst { break }
            isFirst = false
            if next == UInt8(ascii: "["), let named = try namedClass() {
                set.formUnion(named)
                continue
            }
            try addItem(to: &set)
        }
        position += 1
        let all = folded(set)
        return isNegated ? all.inverted : all
    }

    /// A byte, a range of bytes, or what an escape stands for.
    private mutating func addItem(to set: inout ByteSet) throws(ExpressionError) {
        let begin = position
        let item = try classItem()
        guard case .byte(let low) = item else {
            if case .set(let escaped) = item { set.formUnion(escaped) }
            return
        }
        guard upcoming == UInt8(ascii: "-"), let after = following, after != UInt8(ascii: "]")
        else { return set.insert(low) }
        position += 1
        switch try classItem() {
        case .byte(let high) where low <= high: set.insert(low...high)
        case .byte: throw error("the range in the class runs backwards", at: begin)
        case .set(let escaped):
            // As PCRE: the dash is one of the bytes then.
            set.insert(low)
            set.insert(UInt8(ascii: "-"))
            set.formUnion(escaped)
        }
    }

    private enum ClassItem {
        case byte(UInt8)
        case set(ByteSet)
    }

    private mutating func classItem() throws(ExpressionError) -> ClassItem {
        let begin = position
        guard let next = upcoming else { throw error("the class has no ']'", at: begin) }
        position += 1
        guard next == UInt8(ascii: "\\") else { return .byte(next) }
        guard let escaped = upcoming else { throw error("the class has no ']'", at: begin) }
        if escaped == UInt8(ascii: "b") {
            position += 1
            return .byte(0x08)
        }
        if "dDwWsShHvV".utf8.contains(escaped) { return .set(try escapedSet(begin)) }
        position += 1
        return .byte(try escapedByte(escaped, begin))
    }

    /// `[:alpha:]`, or `[:^alpha:]`; `nil` where the bracket is one of the bytes.
    private mutating func namedClass() throws(ExpressionError) -> ByteSet? {
        let begin = position
        guard take("[:") else { return nil }
        let isNegated = take("^")
        for (name, set) in Self.namedClasses where take(name) {
            guard take(":]") else { break }
            return isNegated ? set.inverted : set
        }
        guard upcoming.map(ByteSet.lower.contains) ?? false else {
            position = begin
            return nil
        }
        throw error(
            "no class has this name; there are [:alpha:], [:digit:] and their like", at: begin)
    }

    private static var namedClasses: [(String, ByteSet)] {
        let alphanumeric = ByteSet.letters.union(.digits)
        let visible = ByteSet(0x21...0x7E)
        return [
            ("alpha", .letters), ("digit", .digits), ("alnum", alphanumeric), ("upper", .upper),
            ("lower", .lower), ("space", .space), ("blank", ByteSet("\t ")),
            ("punct", visible.subtracting(alphanumeric)), ("print", ByteSet(0x20...0x7E)),
            ("graph", visible), ("cntrl", ByteSet(0x00...0x1F).union(ByteSet(0x7F...0x7F))),
            ("xdigit", ByteSet.digits.union(ByteSet("abcdefABCDEF"))), ("word", .word),
            ("ascii", ByteSet(0x00...0x7F)),
        ]
    }
}

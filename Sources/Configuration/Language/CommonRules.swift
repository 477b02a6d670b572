/// A place in a value, as a table of keywords names it.
typealias Field<Target, Value> = any WritableKeyPath<Target, Value> & Sendable

extension Rule {
    /// A whole number.
    static func integer(_ field: Field<Target, Int>, _ range: ClosedRange<Int>) -> Rule {
        .line { target, arguments throws(Remark) in
            target[keyPath: field] = try arguments.integer(in: range)
        }
    }

    /// A whole number where nothing is the default.
    static func integer(_ field: Field<Target, Int?>, _ range: ClosedRange<Int>) -> Rule {
        .line { target, arguments throws(Remark) in
            target[keyPath: field] = try arguments.integer(in: range)
        }
    }

    /// A time in seconds with up to six decimals.
    static func seconds(_ field: Field<Target, Duration?>, _ range: ClosedRange<Duration>) -> Rule {
        .line { target, arguments throws(Remark) in
            target[keyPath: field] = try arguments.seconds(in: range)
        }
    }

    /// A keyword without arguments that means one value.
    static func set<Value: Sendable>(_ field: Field<Target, Value>, to value: Value) -> Rule {
        .line { target, _ throws(Remark) in target[keyPath: field] = value }
    }
}

extension Arguments {
    /// The time in seconds that is next, with up to six decimals.
    mutating func seconds(in range: ClosedRange<Duration>) throws(Remark) -> Duration {
        let limits = "\(range.lowerBound.inSeconds) to \(range.upperBound.inSeconds) seconds"
        let word = try next("a time, \(limits)")
        guard let value = Duration(decimalSeconds: word.text) else {
            throw .error(
                "\(label) \(word.text.quoted): must be a number of seconds, \(limits)",
                at: word.position)
        }
        guard range.contains(value) else {
            throw .error("\(label) \(word.text): must be \(limits)", at: word.position)
        }
        return value
    }
}

extension Duration {
    /// The time that a decimal number of seconds such as `0.25` says, exactly.
    init?(decimalSeconds text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole.utf8.count <= 9, let seconds = UInt32(whole) else {
            return nil
        }
        var microseconds = 0
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...6).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) })
            else { return nil }
            for digit in digits { microseconds = microseconds * 10 + Int(digit - 0x30) }
            for _ in digits.count..<6 { microseconds *= 10 }
        }
        self = .seconds(Int64(seconds)) + .microseconds(microseconds)
    }

    /// The number of seconds in decimal, without needless zeros: `0.01`, `255`.
    var inSeconds: String {
        let (seconds, attoseconds) = components
        guard attoseconds != 0 else { return "\(seconds)" }
        let digits = String(1_000_000 + attoseconds / 1_000_000_000_000).dropFirst()
        let end = digits.lastIndex { $0 != "0" } ?? digits.startIndex
        return "\(seconds).\(digits[...end])"
    }
}

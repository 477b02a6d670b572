extension Arguments {
    /// The time that is next: a whole number and `us`, `ms`, `s`, `m`, `h` or `d`.
    ///
    /// haproxy's configuration manual, section 2.5; its timers end at 2,147,483,647 ms.
    ///
    /// - Parameters:
    ///   - unit: What a number without a unit counts.
    ///   - isZeroAllowed: Whether no time at all makes sense.
    /// - Returns: The time.
    /// - Throws: A remark at the word that is no such time.
    mutating func time(
        unit: String = "ms", isZeroAllowed: Bool = true
    ) throws(Remark) -> Duration {
        let word = try next("a time, such as 500ms, 10s or 1m")
        let digits = word.text.utf8.prefix { (0x30...0x39).contains($0) }
        let suffix = String(word.text.dropFirst(digits.count))
        guard let number = Int64(Substring(digits)),
            let length = Self.microsecondsPerUnit[suffix.isEmpty ? unit : suffix]
        else {
            throw .error(
                "\(label) \(word.text.quoted): must be a whole number with us, ms, s, m, h"
                    + " or d, such as 500ms or 10s", at: word.position)
        }
        let (microseconds, isTooLong) = number.multipliedReportingOverflow(by: length)
        guard !isTooLong, microseconds <= 2_147_483_647_000 else {
            throw .error(
                "\(label) \(word.text): must be at most 24 days (2147483647 ms)",
                at: word.position)
        }
        guard microseconds > 0 || isZeroAllowed else {
            throw .error("\(label) \(word.text): must be more than 0", at: word.position)
        }
        return .microseconds(microseconds)
    }

    /// How long a client may go on with a session of TLS that is next; without a unit in seconds.
    mutating func securedSessionLife() throws(Remark) -> Duration {
        let word = upcoming
        let life = try time(unit: "s")
        if let word, life < .seconds(1) {
            throw .error(
                "\(label) \(word.text): must be 1s or more; 'no-tls-tickets' has no client go on with a"
                    + " session", at: word.position)
        }
        return life
    }

    private static let microsecondsPerUnit: [String: Int64] = [
        "us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
        "d": 86_400_000_000,
    ]
}

extension Rule {
    /// A time where zero means "for ever".
    static func time(_ field: Field<Target, Duration?>) -> Rule {
        .line { target, arguments throws(Remark) in
            target[keyPath: field] = try arguments.time()
        }
    }
}

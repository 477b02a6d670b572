/// Figures and names as people read them.
enum Readable {
    /// A length of time in its two greatest units: `3d 4h`, `5m 6s`, `7s`.
    static func time(seconds: Int) -> String {
        let seconds = max(seconds, 0)
        let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24)
        let (minutes, rest) = (seconds / 60 % 60, seconds % 60)
        if days > 0 { return "\(days)d \(hours)h" }
        if hours > 0 { return "\(hours)h \(minutes)m" }
        if minutes > 0 { return "\(minutes)m \(rest)s" }
        return "\(rest)s"
    }

    /// A number of bytes with three digits at most: `999 B`, `1.0 kB`, `12 GB`.
    static func bytes(_ count: Int) -> String {
        var tenths = max(count, 0)
        guard tenths >= 1_000 else { return "\(tenths) B" }
        tenths = tenths / 100
        for unit in ["kB", "MB", "GB", "TB"] {
            if tenths < 100 { return "\(tenths / 10).\(tenths % 10) \(unit)" }
            if tenths < 10_000 { return "\(tenths / 10) \(unit)" }
            tenths /= 1_000
        }
        return "\(tenths / 10) PB"
    }

    /// How often something happened: `once`, `twice`, `3 times`.
    static func times(_ count: Int) -> String {
        switch count {
        case 1: "once"
        case 2: "twice"
        default: "\(count) times"
        }
    }

    /// A number with its digits in groups of three: `1,234,567`.
    static func count(_ number: Int) -> String {
        var text = ""
        let digits = "\(number.magnitude)"
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// A moment as `2026-03-01 12:34:56`, in UTC.
    ///
    /// The civil calendar by days since 0000-03-01, so that leap days end a year.
    static func date(secondsSince1970 seconds: Int) -> String {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let days = seconds / 86_400 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map(two)
        return "\(year)-\(two(month))-\(two(day)) \(time.joined(separator: ":"))"
    }

    /// A text on one line: what would move a terminal's cursor or colour is shown as `�`.
    static func line(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            safe.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return String(safe)
    }
}

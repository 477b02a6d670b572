internal import Glibc

/// A moment as people write it, in the host's time zone; `localtime_r(3)`.
public struct CivilTime: Hashable, Sendable {
    private let year: Int
    private let month: Int
    private let day: Int
    private let hour: Int
    private let minute: Int
    private let second: Int
    private var microsecond: Int
    /// Minutes that the zone is ahead of UTC.
    private let offset: Int
    /// Whole seconds since 1970.
    public let secondsSince1970: Int64

    /// Takes a moment apart.
    ///
    /// - Parameter microseconds: Since 1970.
    public init(microseconds: Int64) { self.init(microseconds: microseconds, isInUTC: false) }

    private init(microseconds: Int64, isInUTC: Bool) {
        var seconds = time_t(microseconds.floorDivided(by: 1_000_000))
        var parts = unsafe tm()
        // SAFETY: both are whole values of this frame; a year that is out of range leaves zeros.
        _ = unsafe isInUTC ? gmtime_r(&seconds, &parts) : localtime_r(&seconds, &parts)
        year = unsafe Int(parts.tm_year) + 1900
        month = unsafe min(max(Int(parts.tm_mon), 0), 11)
        day = unsafe Int(parts.tm_mday)
        hour = unsafe Int(parts.tm_hour)
        minute = unsafe Int(parts.tm_min)
        second = unsafe Int(parts.tm_sec)
        microsecond = Int(microseconds - Int64(seconds) * 1_000_000)
        offset = unsafe parts.tm_gmtoff / 60
        secondsSince1970 = Int64(seconds)
    }

    /// Takes a moment apart, which is a matter of the microseconds alone in the second of another one.
    ///
    /// - Parameters:
    ///   - microseconds: Since 1970.
    ///   - other: A moment that is likely to be in the same second.
    public init(microseconds: Int64, near other: CivilTime) {
        let part = microseconds - other.secondsSince1970 * 1_000_000
        guard (0..<1_000_000).contains(part) else {
            self.init(microseconds: microseconds)
            return
        }
        self = other
        microsecond = Int(part)
    }

    /// `23/Nov/2026:18:14:38.419`, as haproxy's lines have it.
    public var logDate: String {
        var line = LineBuffer()
        writeLogDate(to: &line)
        return line.text
    }

    /// Writes ``logDate``.
    public func writeLogDate(to line: inout LineBuffer) {
        line.append(day, width: 2)
        line.append(byte: UInt8(ascii: "/"))
        line.append(names[month])
        line.append(byte: UInt8(ascii: "/"))
        line.append(year)
        for (mark, number) in [(":", hour), (":", minute), (":", second)] {
            line.append(mark)
            line.append(number, width: 2)
        }
        line.append(byte: UInt8(ascii: "."))
        line.append(microsecond / 1000, width: 3)
    }

    /// `23/Nov/2026:18:14:38 +0000`, as haproxy's lines have it where they say the zone.
    public var localLogDate: String {
        let ahead = abs(offset)
        return "\(padded(day, 2))/\(names[month])/\(year):\(clock) \(offset < 0 ? "-" : "+")"
            + "\(padded(ahead / 60, 2))\(padded(ahead % 60, 2))"
    }

    /// `23/Nov/2026:18:14:38 +0000`, as haproxy's lines have it where they say it in UTC.
    public var universalLogDate: String {
        CivilTime(microseconds: secondsSince1970 * 1_000_000, isInUTC: true).localLogDate
    }

    /// `419`: the milliseconds of the second.
    public var millisecondDigits: String { padded(microsecond / 1000, 3) }

    /// `Nov 23 18:14:38`; RFC 3164 §4.1.2, a day below 10 after a space.
    public var syslogDate: String {
        "\(names[month]) \(day < 10 ? " " : "")\(day) \(clock)"
    }

    /// `2026-11-23T18:14:38.419123+00:00`; RFC 5424 §6.2.3.
    public var timestamp: String {
        let ahead = abs(offset)
        return "\(padded(year, 4))-\(padded(month + 1, 2))-\(padded(day, 2))T\(clock)"
            + ".\(padded(microsecond, 6))\(offset < 0 ? "-" : "+")"
            + "\(padded(ahead / 60, 2)):\(padded(ahead % 60, 2))"
    }

    private var clock: String { "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))" }
}

private let names = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

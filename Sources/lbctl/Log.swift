#if Program
internal import Glibc
internal import LinuxIO

/// Where the program's log lines go.
///
/// Lines are single: what comes from outside has its line breaks taken out. Nothing here blocks for
/// long: a full pipe or a missing syslog loses the line, not the daemon's time.
struct Log: Sendable {
    /// How grave a line is; the numbers are syslog's.
    enum Severity: Int, Comparable, Sendable {
        case emergency = 0
        case alert = 1
        case error = 3
        case warning = 4
        case notice = 5
        case information = 6
        case detail = 7

        static func < (lhs: Severity, rhs: Severity) -> Bool { lhs.rawValue < rhs.rawValue }

        var word: String {
            switch self {
            case .emergency: "emerg"
            case .alert: "alert"
            case .error: "error"
            case .warning: "warning"
            case .notice: "notice"
            case .information: "info"
            case .detail: "debug"
            }
        }
    }

    /// Where lines go.
    enum Destination: Sendable {
        case standardError, syslog
        /// To whoever runs parts of the program in its own process.
        case receiver(@Sendable (Severity, String) -> Void)
    }

    let destination: Destination
    /// Lines less grave than this are left out.
    let threshold: Severity

    /// Writes one line.
    func callAsFunction(_ severity: Severity, _ text: String) {
        guard severity <= threshold else { return }
        let line = Log.singleLine(text)
        switch destination {
        case .standardError: StandardError.offer("\(timestamp()) \(severity.word): \(line)")
        case .syslog: SystemLog.send(severity: severity.rawValue, tag: "lbctl", text: line)
        case .receiver(let receive): receive(severity, line)
        }
    }

    /// The text without what ends a line or drives a terminal; a space stands in its place.
    static func singleLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }

    /// `2026-11-23T14:05:09.123Z`, of the real-time clock.
    private func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date =
            "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let clock =
            "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(clock).\(padded(time.tv_nsec / 1_000_000, 3))Z"
    }
}

/// The descriptor that errors and the log go to, written to without a buffer.
enum StandardError {
    /// Writes text in one call, so that the lines of two processes do not mix.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// Opens what ``offer(_:)`` writes to, which another user may not be allowed to.
    static func prepare() { _ = sink }

    /// Writes a line if it can go at once; if its reader does not keep up, it is lost.
    static func offer(_ line: String) { _ = sink?.send(line) }

    /// `nil`: the program was started without this descriptor.
    private static let sink = try? LineSink(.descriptor(2))
}
#endif

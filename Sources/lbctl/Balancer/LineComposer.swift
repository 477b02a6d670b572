#if Program
internal import Balancer
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration

/// Puts the lines of connections together and sends them, in room that is used again.
struct LineComposer {
    private var text = LineBuffer()
    private var line = LineBuffer()
    /// When lines are sent.
    private var present = CivilTime(microseconds: 0)
    /// The last record's moment, in whose second the next one's is likely to be.
    private var date = CivilTime(microseconds: 0)
    /// What stands before lines that are sent at ``present``.
    private var heads: [Place: LineBuffer] = [:]
    private let processID = getpid()

    /// Whose head it is.
    private struct Place: Hashable {
        let generation: Int
        let frontend: Int
        let target: Int
        let priority: Int
    }

    /// Begins to send what has gathered.
    ///
    /// - Parameter now: Microseconds since 1970.
    mutating func begin(at now: Int64) {
        present = CivilTime(microseconds: now, near: present)
        heads.removeAll(keepingCapacity: true)
    }

    /// Sends a record to where its frontend's lines go.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - texts: What stands beside it.
    ///   - edition: What it means.
    ///   - moment: When the connection was accepted: microseconds since 1970.
    /// - Returns: How many lines nobody took.
    mutating func send(
        _ record: ConnectionRecord, _ texts: LineTexts, by edition: ConnectionLog.Edition,
        acceptedAt moment: Int64
    ) -> Int {
        guard let route = edition.routes[record.frontend] else { return 1 }
        date = CivilTime(microseconds: moment, near: date)
        write(record, texts, edition.line, by: route)
        let isError = route.settings.separatesErrors && record.ending.cause != .none
        let severity = record.severity ?? (isError ? Self.error : Self.information)
        let data =
            route.structuredData.pieces.isEmpty || record.kind == .accepted
            ? "-" : edition.line.text(record, texts, as: route.structuredData, acceptedAt: date)
        var lost = 0
        for (number, (target, sink)) in route.targets.enumerated()
        where severity <= target.leastSeverity {
            let place = Place(
                generation: edition.generation, frontend: record.frontend, target: number,
                priority: target.facility << 3 | max(severity, target.mostSeverity))
            line.clear()
            line.append(head(target.format, of: place, by: route))
            if target.format == .rfc5424 {
                line.append(data)
                line.append(" ")
            }
            line.append(text)
            line.cut(to: target.length)
            if !sink.send(&line) { lost += 1 }
        }
        return lost
    }

    /// Has ``text`` be what a record says.
    private mutating func write(
        _ record: ConnectionRecord, _ texts: LineTexts, _ form: ConnectionLine,
        by route: ConnectionLog.Route
    ) {
        text.clear()
        switch route.settings.form {
        case _ where record.hasBrokenHeader && !route.errorFormat.pieces.isEmpty:
            text.append(form.text(record, texts, as: route.errorFormat, acceptedAt: date))
        case .json: text.append(form.json(record, texts, acceptedAt: date))
        case .written:
            text.append(form.text(record, texts, as: route.format, acceptedAt: date))
        case .accepting, .tcplog: form.write(record, acceptedAt: date, to: &text)
        }
    }

    /// What stands before a line; haproxy's configuration manual, `log`.
    private mutating func head(
        _ format: LogTarget.Format, of place: Place, by route: ConnectionLog.Route
    ) -> LineBuffer {
        if let head = heads[place] { return head }
        let sender = "\(route.hostName.map { "\($0) " } ?? "")\(route.tag)[\(processID)]"
        let priority = place.priority
        var head = LineBuffer()
        switch format {
        case .raw: break
        case .short: head.append("<\(priority)>")
        case .timed: head.append("<\(priority)>\(present.timestamp) ")
        case .iso: head.append("<\(priority)>\(present.timestamp) \(sender): ")
        case .rfc3164: head.append("<\(priority)>\(present.syslogDate) \(sender): ")
        case .rfc5424:
            let host = route.hostName ?? HostName.current
            head.append(
                "<\(priority)>1 \(present.timestamp) \(host) \(route.tag) \(processID) - ")
        }
        heads[place] = head
        return head
    }

    private static let error = 3
    private static let information = 6
}
#endif

/// A node as a screen of a terminal, for `lbctl top`: what it does now, from two statuses.
public struct TopView: Hashable, Sendable {
    /// What comes first.
    public enum Order: String, CaseIterable, Hashable, Sendable {
        /// Who moves the most bytes.
        case traffic
        /// Who gets the most connections.
        case rate
        /// Who has the most connections.
        case sessions
        /// Who has the most errors.
        case errors
        /// As in the configuration.
        case file

        /// The next one.
        public var next: Order {
            let all = Order.allCases
            return all[((all.firstIndex(of: self) ?? 0) + 1) % all.count]
        }
    }

    /// How much a screen holds.
    public struct Size: Hashable, Sendable {
        /// Characters of a line.
        public var columns: Int
        /// Lines.
        public var rows: Int

        /// Makes a size.
        public init(columns: Int, rows: Int) { (self.columns, self.rows) = (columns, rows) }
    }

    /// What comes first.
    public var order = Order.traffic
    /// How many lines of the tables are above the screen; ``render(_:since:interval:size:colored:)``
    /// brings it to where there are some.
    public var offset = 0
    /// Why the status is not of now; `nil`: it is.
    public var complaint: String?

    /// Shows the beginning, by traffic.
    public init() {}

    /// Writes a screen.
    ///
    /// - Parameters:
    ///   - status: What to show.
    ///   - former: An earlier status; `nil`: there is none yet, and no rate is known.
    ///   - interval: How much later the status is.
    ///   - size: How much the screen holds.
    ///   - colored: Whether states are coloured.
    /// - Returns: As many lines as the screen holds, none longer than it is wide.
    public mutating func render(
        _ status: NodeStatus, since former: NodeStatus?, interval: Duration, size: Size,
        colored: Bool = false
    ) -> [String] {
        let rates = TrafficRates(since: former, interval: interval)
        let width = max(0, size.columns)
        let tables = [
            status.virtualRouters.isEmpty ? nil : StatusText.routers(of: status),
            status.proxies.isEmpty ? nil : table(of: status, rates),
        ].compactMap(\.self)
        var lines = head(of: status, rates).map { String($0.prefix(width)) }
        let room = max(0, size.rows - lines.count - 1)
        lines += window(on: tables.map { $0.lines(colored: colored, width: width) }, room: room)
        lines += Array(repeating: "", count: max(0, size.rows - lines.count - 1))
        let keys = "q quit  s sort (\(order.rawValue))  up down PgUp PgDn Home End scroll"
        return Array((lines + [String(keys.prefix(width))]).prefix(max(0, size.rows)))
    }

    private func head(of status: NodeStatus, _ rates: TrafficRates) -> [String] {
        var first =
            "\(Readable.line(status.node)): up \(Readable.time(seconds: status.program.uptime))"
        if status.balancer.state != .none { first += ", balancer \(status.balancer.state.words)" }
        first += ", \(Readable.date(secondsSince1970: status.time)) UTC"
        let frontends = status.proxies.flatMap { $0.rows.filter { $0.name == "FRONTEND" } }
        let count = frontends.reduce(0) { $0 + $1.traffic.sessions }
        var second = count == 1 ? "1 session" : "\(count) sessions"
        if rates.isKnown, !frontends.isEmpty {
            let sum = frontends.compactMap(rates.rate).reduce(TrafficRates.Rate(), +)
            second +=
                ", \(TrafficRates.words(sum.sessions)) new/s, in \(TrafficRates.bytes(sum.bytesIn))/s"
                + ", out \(TrafficRates.bytes(sum.bytesOut))/s"
        }
        return [first, second, complaint.map(Readable.line) ?? ""]
    }

    private func table(of status: NodeStatus, _ rates: TrafficRates) -> TextTable {
        var table = TextTable(
            [
                "PROXY", "SERVER", "STATE", "SESSIONS", "MAX", "QUEUE", "NEW/S", "IN/S", "OUT/S",
                "ERRORS", "ERR/S",
            ], rightAligned: [3, 4, 5, 6, 7, 8, 9, 10])
        for row in sorted(status.proxies, rates).flatMap(\.rows) {
            let rate = rates.rate(of: row)
            table.add(
                [
                    row.proxy, row.name, row.status, row.traffic.sessionWords,
                    "\(row.traffic.sessionsMax)", row.queued.map { "\($0)" } ?? "-",
                    rate.map { TrafficRates.words($0.sessions) } ?? "-",
                    rate.map { TrafficRates.bytes($0.bytesIn) } ?? "-",
                    rate.map { TrafficRates.bytes($0.bytesOut) } ?? "-", "\(row.errors)",
                    rate.map { TrafficRates.words($0.errors) } ?? "-",
                ], state: RowState(status: row.status))
        }
        return table
    }

    /// Proxies, and the servers of each, those first that have the most of what is sorted by.
    private func sorted(_ proxies: [ProxyStatus], _ rates: TrafficRates) -> [ProxyStatus] {
        func weight(_ row: ProxyRow) -> Double {
            let rate = rates.rate(of: row) ?? TrafficRates.Rate()
            return switch order {
            case .traffic: rate.bytesIn + rate.bytesOut
            case .rate: rate.sessions
            case .sessions: Double(row.traffic.sessions)
            case .errors: Double(row.errors)
            case .file: 0
            }
        }
        func sorted<Part>(_ parts: [Part], _ weight: (Part) -> Double) -> [Part] {
            parts.map { ($0, weight($0)) }.enumerated()
                .sorted { ($1.element.1, $0.offset) < ($0.element.1, $1.offset) }
                .map(\.element.0)
        }
        let ordered = proxies.map { proxy in
            let weights = Dictionary(
                proxy.rows.map { ($0.name, weight($0)) }, uniquingKeysWith: max)
            var proxy = proxy
            proxy.servers = sorted(proxy.servers) { weights[$0.name] ?? 0 }
            return proxy
        }
        return sorted(ordered) { $0.rows.map(weight).max() ?? 0 }
    }

    /// What of the tables fits, each with its headings wherever it is scrolled to.
    private mutating func window(on tables: [[String]], room: Int) -> [String] {
        var lines: [String] = []
        // For each line that of its headings.
        var headings: [Int] = []
        for table in tables {
            if !lines.isEmpty {
                headings.append(lines.count)
                lines.append("")
            }
            headings += Array(repeating: lines.count, count: table.count)
            lines += table
        }
        offset = min(max(0, offset), max(0, lines.count - room))
        guard room > 0, offset < lines.count else { return [] }
        var shown = Array(lines[offset...].prefix(room))
        shown[0] = lines[headings[offset]]
        return shown
    }
}

/// How much happens in a second, by the counters of two statuses.
struct TrafficRates {
    struct Rate {
        var sessions = 0.0
        var bytesIn = 0.0
        var bytesOut = 0.0
        var errors = 0.0

        static func + (one: Rate, other: Rate) -> Rate {
            Rate(
                sessions: one.sessions + other.sessions, bytesIn: one.bytesIn + other.bytesIn,
                bytesOut: one.bytesOut + other.bytesOut, errors: one.errors + other.errors)
        }
    }

    private struct Place: Hashable {
        let proxy: String
        let name: String
    }

    let isKnown: Bool
    private let former: [Place: ProxyRow]
    private let seconds: Double

    init(since former: NodeStatus?, interval: Duration) {
        isKnown = former != nil
        let rows = former?.proxies.flatMap(\.rows) ?? []
        self.former = Dictionary(
            rows.map { (Place(proxy: $0.proxy, name: $0.name), $0) },
            uniquingKeysWith: { first, _ in first })
        seconds = max(0.001, interval / .seconds(1))
    }

    /// What happened at a row; `nil`: it was not there before.
    func rate(of row: ProxyRow) -> Rate? {
        guard let former = former[Place(proxy: row.proxy, name: row.name)] else { return nil }
        // What counts anew has counted less.
        func difference(_ now: Int, _ then: Int) -> Double { Double(max(0, now - then)) / seconds }
        return Rate(
            sessions: difference(row.traffic.sessionsTotal, former.traffic.sessionsTotal),
            bytesIn: difference(row.traffic.bytesIn, former.traffic.bytesIn),
            bytesOut: difference(row.traffic.bytesOut, former.traffic.bytesOut),
            errors: difference(row.errors, former.errors))
    }

    /// `0`, `0.3`, `12`.
    static func words(_ rate: Double) -> String {
        let tenths = Int(min(rate * 10, 1e15).rounded())
        return tenths == 0 || tenths >= 100
            ? "\((tenths + 5) / 10)" : "\(tenths / 10).\(tenths % 10)"
    }

    /// `999 B`, `1.2 MB`.
    static func bytes(_ rate: Double) -> String { Readable.bytes(Int(min(rate, 9e18).rounded())) }
}

/// Turns runs into a line of the report.
enum ProxyRow {
    static func title(_ workload: Workload, reactors: Int) -> String {
        let threads = reactors == 1 ? "1 thread, pinned" : "\(reactors) threads, not pinned"
        return switch workload {
        case .short(let count):
            "proxy: short connections, \(Workload.shortConcurrency) at a time, \(count), \(threads)"
        case .secured(let count, let resumes):
            "proxy: short connections by TLS, \(resumes ? "sessions resumed" : "whole handshakes"),"
                + " \(Workload.shortConcurrency) at a time, \(count), \(threads)"
        case .pingpong(let connections, _):
            "proxy: 64 bytes there and back on \(connections) connections, \(threads)"
        case .down(let streams, let bytes):
            "proxy: \(bytes >> 20) MiB from the servers, \(streams) at once, \(threads)"
        case .up(let streams, let bytes):
            "proxy: \(bytes >> 20) MiB to the servers, \(streams) at once, \(threads)"
        case .idle(let connections), .kept(let connections):
            "proxy: \(connections) idle connections, after one exchange on each, \(threads)"
        }
    }

    static func row(
        _ workload: Workload, _ contender: Contender, runs: [ProxyRun],
        beside all: [Contender: [ProxyRun]], calls: Double?
    ) -> Row {
        let summaries: [Summary] =
            switch workload {
            case .short, .secured, .pingpong:
                exchanges(workload, runs, calls)
            case .down, .up: streams(runs)
            case .idle(let connections), .kept(let connections): idle(connections, runs)
            }
        // Where the length is a time, the number of units differs from run to run.
        let check =
            switch workload {
            case .pingpong(let connections, _): connections
            case .short, .secured, .down, .up, .idle, .kept: runs.first?.outcome.units ?? 0
            }
        return Row(
            benchmark: "proxy", work: workload.arguments[0], contender: contender.name,
            summaries: summaries + ratios(workload, contender, all)
                + [Summary("failed", "", [Double(runs.reduce(0) { $0 + $1.outcome.failures })])],
            check: UInt64(check))
    }

    private static func exchanges(
        _ workload: Workload, _ runs: [ProxyRun], _ calls: Double?
    ) -> [Summary] {
        let unit = if case .pingpong = workload { "req" } else { "conn" }
        return [
            Summary("\(unit)/s", "", runs.map { Double($0.outcome.units) / $0.seconds }),
            Summary("CPU", "µs/\(unit)", runs.compactMap { cost($0).map { $0 / 1000 } }),
            Summary(
                "user", "µs/\(unit)",
                runs.compactMap { run in
                    cost(run).map { $0 / 1000 * (run.proxy?.userShare ?? 0) }
                }),
            Summary("machine", "µs/\(unit)", runs.map { machineCost($0) / 1000 }),
            Summary("p50", "µs", runs.map { $0.outcome.p50 / 1000 }),
            Summary("p99", "µs", runs.map { $0.outcome.p99 / 1000 }),
            Summary("p99.9", "µs", runs.map { $0.outcome.p999 / 1000 }),
            Summary("calls", "", calls.map { [$0] } ?? []),
            busy(runs),
        ]
    }

    private static func streams(_ runs: [ProxyRun]) -> [Summary] {
        [
            Summary(
                "rate", "Gbit/s",
                runs.map { 8 * Double($0.outcome.units) / Double($0.outcome.nanoseconds) }),
            // A nanosecond a byte is a second per 10⁹ bytes.
            Summary("CPU", "s/GB", runs.compactMap(cost)),
            Summary("machine", "s/GB", runs.map(machineCost)),
            Summary("user", "%", runs.compactMap { $0.proxy.map { 100 * $0.userShare } }),
            busy(runs),
        ]
    }

    private static func idle(_ connections: Int, _ runs: [ProxyRun]) -> [Summary] {
        [
            Summary(
                "memory", "B/conn",
                runs.map { Double($0.gainedBytes) / Double(connections) }),
            Summary(
                "opened/s", "", runs.map { Double($0.outcome.units) / $0.seconds }),
        ]
    }

    /// How busy generator and sink were, 100 % being one processor: near it they were the limit.
    private static func busy(_ runs: [ProxyRun]) -> Summary {
        Summary(
            "load", "%",
            runs.map { 100 * Double($0.load.nanoseconds) / Double($0.outcome.nanoseconds) })
    }

    /// Processor time of the proxy per unit, nanoseconds.
    static func cost(_ run: ProxyRun) -> Double? {
        run.proxy.map { Double($0.nanoseconds) / Double(max(run.outcome.units, 1)) }
    }

    private static func machineCost(_ run: ProxyRun) -> Double {
        Double(run.machineNanoseconds) / Double(max(run.outcome.units, 1))
    }

    /// Our cost as a part of this contender's, and its rate as a part of a direct connection's.
    private static func ratios(
        _ workload: Workload, _ contender: Contender, _ all: [Contender: [ProxyRun]]
    ) -> [Summary] {
        func median(_ contender: Contender, _ value: (ProxyRun) -> Double?) -> Double? {
            let samples = (all[contender] ?? []).compactMap(value)
            return samples.isEmpty ? nil : Summary("", "", samples).median
        }
        func ratio(_ upper: Double?, _ lower: Double?) -> [Double] {
            guard let upper, let lower, lower > 0 else { return [] }
            return [upper / lower]
        }
        if case .idle = workload {
            let gained = { (run: ProxyRun) in Double(run.gainedBytes) }
            return [
                Summary(
                    "lbctl's part", "",
                    ratio(median(.own(asNobody: false), gained), median(contender, gained)))
            ]
        }
        let rate = { (run: ProxyRun) in Double(run.outcome.units) / run.seconds }
        return [
            Summary(
                "lbctl's part", "",
                ratio(median(.own(asNobody: false), cost), median(contender, cost))),
            Summary("of direct", "", ratio(median(contender, rate), median(.direct, rate))),
        ]
    }
}

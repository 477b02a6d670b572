import Glibc
import LinuxIO

/// What a short connection costs beside much that it has nothing to do with, and how long a large
/// configuration takes to start.
struct GrowthBenchmark {
    let plan: Plan
    let report: Report

    /// What the proxy has beside the connections that are measured.
    private struct Surroundings: Hashable {
        var name: String
        var idleProxies = 0
        var servers = 2
        var kept = 0
    }

    func run() throws {
        let folder = try Processes.temporaryFolder()
        defer { Processes.removeFolder(folder) }
        let all = [
            Surroundings(name: "1 proxy, 2 servers"),
            Surroundings(name: "1,000 proxies with 10 servers each", idleProxies: proxies - 1),
            Surroundings(name: "4,096 servers in the pool", servers: 4096),
            Surroundings(name: "\(kept) idle connections", kept: kept),
        ]
        var costs: [Surroundings: [Double]] = [:]
        var starts: [Surroundings: [Double]] = [:]
        var port = UInt16(20_000 + Int(getpid()) % 9000)
        for _ in 0..<plan.runs {
            for surroundings in all {
                port = try Stage.freePort(after: port)
                let stage = Stage(
                    folder: folder, port: port, serverPort: 0, reactors: 1,
                    connectionCount: Workload.shortConcurrency + surroundings.kept)
                let run = try ProxyRun.perform(
                    .short(count: connections), on: stage, keeping: surroundings.kept
                ) { stage in
                    var server = ProxyServer(stage: stage)
                    server.idleProxies = surroundings.idleProxies
                    server.servers = surroundings.servers
                    return try timed(&starts[surroundings, default: []]) {
                        try stage.launch("lbctl", server.arguments)
                    }
                }
                costs[surroundings, default: []] += ProxyRow.cost(run).map { [$0 / 1000] } ?? []
            }
        }
        report.add(
            "growth: short connections, \(connections), 1 thread, pinned",
            all.map { row($0, costs, starts, beside: all[0]) })
        try startProgram(folder: folder, after: port)
    }

    private func row(
        _ surroundings: Surroundings, _ costs: [Surroundings: [Double]],
        _ starts: [Surroundings: [Double]], beside first: Surroundings
    ) -> Row {
        let cost = Summary("CPU", "µs/conn", costs[surroundings] ?? [])
        let base = Summary("", "", costs[first] ?? []).median
        return Row(
            benchmark: "growth", work: surroundings.name,
            summaries: [
                cost, Summary("of the first", "", base > 0 ? [cost.median / base] : []),
                Summary("start", "ms", starts[surroundings] ?? []),
            ], check: UInt64(connections))
    }

    /// The program itself, with one proxy and with many: from its file to the first connection.
    private func startProgram(folder: String, after port: UInt16) throws {
        guard let program = Contender.programPath else {
            return report.note("growth", Contender.program.obstacle ?? "")
        }
        var port = port
        let rows = try [(1, "1 proxy with 2 servers"), (proxies, "\(proxies) with 10 each")].map {
            count, work in
            var starts: [Double] = [], memory: [Double] = []
            for _ in 0..<plan.runs {
                port = try Stage.freePort(after: port)
                let stage = Stage(
                    folder: folder, port: port, serverPort: port &+ 1, reactors: 1,
                    connectionCount: 64)
                let file = "\(folder)/growth.cfg"
                try Processes.write(configuration(stage, proxies: count), to: file)
                let command = [
                    program, "run", "--no-realtime", "--control", "\(folder)/control", file,
                ]
                let companion = try timed(&starts) { try stage.launch("lbctl-run", command) }
                memory.append(
                    Double(ProcessUsage.anonymousBytes(of: companion.processID)) / 1_000_000)
                companion.end()
            }
            return Row(
                benchmark: "growth", work: work, contender: "lbctl-run",
                summaries: [
                    Summary("start", "ms", starts), Summary("memory of both", "MB", memory),
                ], check: UInt64(count))
        }
        report.add("growth: lbctl run, from its file to the first connection", rows)
    }

    private func configuration(_ stage: Stage, proxies: Int) -> String {
        var text = """
            global
                nbthread 1
            defaults
                mode tcp
                timeout connect 5s
                timeout client 60s
                timeout server 60s

            """
        for number in 0..<proxies {
            let listeners = number == 0 ? stage.listeners : [stage.idleListener(number)]
            text += "listen p\(number)\n" + listeners.map { "    bind \($0)\n" }.joined()
            for server in 0..<(proxies == 1 ? 2 : 10) {
                text += "    server s\(server) \(stage.servers[server % 2])\n"
            }
        }
        return text
    }

    /// Does something and adds the milliseconds that it took.
    private func timed<Result>(
        _ times: inout [Double], _ work: () throws -> Result
    ) rethrows -> Result {
        let began = MonotonicInstant.now.nanoseconds
        let result = try work()
        times.append(Double(MonotonicInstant.now.nanoseconds - began) / 1_000_000)
        return result
    }

    private var proxies: Int { plan.isQuick ? 50 : 1000 }
    private var connections: Int { plan.isQuick ? 1500 : 100_000 }
    /// A relayed connection takes two descriptors of the proxy.
    private var kept: Int {
        plan.isQuick ? 100 : min(9000, Int(Processes.descriptorLimit()) / 2 - 500)
    }
}

import Glibc
import LinuxIO

/// The relay beside a direct connection, haproxy and nginx: the same work on the same load.
///
/// One thread: the proxy has processor 0 and generator and sink have processor 1, so processor
/// time per unit compares even where the load is the limit. Two threads: nothing is pinned. Runs
/// are interleaved, and every process is new in each, for the host's speed drifts.
struct ProxyBenchmark {
    let plan: Plan
    let report: Report
    let selection: ProxySelection

    func run() throws {
        let folder = try Processes.temporaryFolder()
        defer { Processes.removeFolder(folder) }
        let contenders = try available(folder: folder)
        report.note("columns", Self.legend)
        let certificate = try Processes.makeCertificate(in: folder)
        var port = UInt16(20_000 + Int(getpid()) % 9000)
        for reactors in selection.reactors {
            for workload in selection.workloads(isQuick: plan.isQuick) {
                let taking = contenders.filter {
                    Self.suits($0, workload)
                        && (!plan.isQuick || Self.isQuick($0, reactors: reactors))
                }
                var runs: [Contender: [ProxyRun]] = [:]
                for _ in 0..<runCount(workload, reactors: reactors) {
                    for contender in taking {
                        port = try Stage.freePort(after: port)
                        let stage = stage(workload, reactors, port, folder, certificate)
                        let run = try attempt(workload, contender, stage)
                        if let run { runs[contender, default: []].append(run) }
                    }
                }
                let calls = try countCalls(workload, taking) {
                    port = try Stage.freePort(after: port)
                    return stage(workload, reactors, port, folder, certificate)
                }
                let rows = taking.compactMap { contender in
                    runs[contender].map {
                        ProxyRow.row(
                            workload, contender, runs: $0, beside: runs, calls: calls[contender])
                    }
                }
                report.add(ProxyRow.title(workload, reactors: reactors), rows)
            }
        }
    }

    private func stage(
        _ workload: Workload, _ reactors: Int, _ port: UInt16, _ folder: String,
        _ certificate: String
    ) -> Stage {
        Stage(
            folder: folder, port: port, serverPort: 0, reactors: reactors,
            connectionCount: workload.connectionCount, logPort: selection.logSink?.port,
            certificate: workload.isSecured ? certificate : nil)
    }

    /// System calls per unit of work, of one run more that is not timed.
    private func countCalls(
        _ workload: Workload, _ taking: [Contender], on stage: () throws -> Stage
    ) throws -> [Contender: Double] {
        guard let sample = workload.sample else { return [:] }
        var calls: [Contender: Double] = [:]
        for contender in taking where contender != .direct {
            guard let run = try attempt(sample, contender, stage(), countsCalls: true),
                let count = run.callCount, run.outcome.units > 0
            else { continue }
            calls[contender] = Double(count) / Double(run.outcome.units)
        }
        return calls
    }

    /// A contender that fails a run is left out of it, with a note; the others go on.
    private func attempt(
        _ workload: Workload, _ contender: Contender, _ stage: Stage, countsCalls: Bool = false
    ) throws -> ProxyRun? {
        do {
            return try ProxyRun.perform(
                workload, on: stage, countsCalls: countsCalls, through: contender.start)
        } catch let interruption as Interruption {
            throw interruption
        } catch {
            let work = workload.arguments.joined(separator: " ")
            report.note(
                "\(contender.name), \(work), \(stage.reactors) threads", "failed: \(error)")
            return nil
        }
    }

    private static let legend = """
        median [least] of the runs; CPU: of the proxy alone, all its threads; user: the part of it \
        in user space, as the clock ticks saw it; machine: of all that ran, for the kernel does \
        part of the work in threads of its own; load: how busy generator and sink were, of one \
        processor; calls: system calls per unit, in a run of its own; lbctl's part: its CPU (or \
        memory) divided by this one's; of direct: the rate
        """

    private func runCount(_ workload: Workload, reactors: Int) -> Int {
        if plan.isQuick { return 1 }
        // Memory hardly varies, and the targets for processor time are for one core.
        if case .idle = workload { return min(plan.runs, 3) }
        return reactors == 1 ? plan.runs : min(plan.runs, 3)
    }

    /// Says what takes part, with which version and configuration.
    private func available(folder: String) throws -> [Contender] {
        var stages: [String: Stage] = [:]
        for workload in selection.workloads(isQuick: plan.isQuick) {
            stages[workload.isSecured ? ", TLS" : ""] = Stage(
                folder: folder, port: 20_000, serverPort: 30_000, reactors: 1,
                connectionCount: Workload.shortConcurrency,
                certificate: workload.isSecured ? "\(folder)/relay.pem" : nil)
        }
        var said: Set<String> = []
        return try Contender.all.filter { selection.contenders?.contains($0.name) ?? true }.filter {
            if let obstacle = $0.obstacle {
                if said.insert(obstacle).inserted { report.note("not run", obstacle) }
                return false
            }
            if let version = try $0.version(folder: folder), said.insert(version).inserted {
                report.note("version", version)
            }
            let contender = $0
            for (work, stage) in stages.sorted(by: { $0.key < $1.key }) where !plan.isQuick {
                guard let text = contender.configuration(stage) else { continue }
                report.note("configuration of \(contender.name), one thread\(work)", "\n\(text)")
            }
            return true
        }
    }

    /// A smoke run needs each kind of contender once.
    private static func isQuick(_ contender: Contender, reactors: Int) -> Bool {
        switch contender {
        case .direct, .own(asNobody: false): true
        case .own(asNobody: true), .program: false
        case .haproxy(let splices, _): reactors == 1 && !splices
        case .nginx: reactors == 1
        }
    }

    private static func suits(_ contender: Contender, _ workload: Workload) -> Bool {
        switch (workload, contender) {
        case (.down, _), (.up, _): true
        // The pipes are what a user other than root has fewer of.
        case (_, .own(asNobody: true)): false
        // The servers speak no TLS.
        case (.secured, .direct), (.secured, .haproxy(splices: true, _)): false
        case (.idle, .direct), (.idle, .haproxy(splices: true, _)): false
        // Pipes are not used for what fits a buffer; their size does not matter then.
        case (_, .haproxy(splices: true, pipeBytes: .some)): false
        case (.idle, _), (.kept, _), (.short, _), (.secured, _), (.pingpong, _): true
        }
    }
}

/// Which part of the table to make.
struct ProxySelection {
    var reactors = [1, 2]
    var works: Set<String>?
    var contenders: Set<String>?
    /// Where lines about connections go; `nil`: nobody writes any.
    var logSink: LogSink?

    func workloads(isQuick: Bool) -> [Workload] {
        let all: [Workload] =
            isQuick
            ? [
                .short(count: 1500), .secured(count: 300, resumes: false),
                .secured(count: 300, resumes: true), .pingpong(connections: 64, milliseconds: 150),
                .down(streams: 1, bytes: 64 << 20), .up(streams: 16, bytes: 64 << 20),
                .idle(connections: 200),
            ]
            : [
                // So many that most ports towards the servers are in TIME_WAIT, as they are on a
                // balancer that has been busy for a minute: the first ones of a fresh host show
                // nothing of the search for a free one.
                .short(count: 200_000), .secured(count: 6000, resumes: false),
                .secured(count: 10_000, resumes: true),
                .pingpong(connections: 64, milliseconds: 3000),
                .pingpong(connections: 1000, milliseconds: 3000),
                .down(streams: 1, bytes: 4 << 30), .up(streams: 1, bytes: 4 << 30),
                .down(streams: 16, bytes: 4 << 30), .up(streams: 16, bytes: 4 << 30),
                .idle(connections: idleConnections),
            ]
        return all.filter { works?.contains($0.arguments[0]) ?? true }
    }

    /// A relayed connection takes two descriptors of the proxy.
    private var idleConnections: Int {
        let limit = Int(Processes.descriptorLimit())
        return limit >= 19_600 ? 9500 : max(100, limit / 2 - 300)
    }
}

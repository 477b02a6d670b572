import LinuxIO

/// The figures of one run: one workload, one contender, all processes new.
struct ProxyRun {
    /// What the generator saw.
    let outcome: Outcome
    /// What the proxy used meanwhile; `nil` without one.
    let proxy: ProcessUsage?
    /// What generator and sink used meanwhile.
    let load: ProcessUsage
    /// What all of the machine used meanwhile, nanoseconds: also the load, what the kernel did for
    /// them in threads of its own, and whatever else ran.
    let machineNanoseconds: Int64
    /// Anonymous memory that the proxy gained over the run, bytes.
    let gainedBytes: Int

    var seconds: Double { Double(outcome.nanoseconds) / 1e9 }

    /// Runs a workload through a contender once.
    static func perform(
        _ workload: Workload, by contender: Contender, reactors: Int, port: UInt16, folder: String
    ) throws -> ProxyRun {
        let loadProcessor = Stage.loadProcessor(reactors: reactors)
        let sink = try Companion(
            "sink", on: loadProcessor, command: ["self", "sink", workload.service.rawValue])
        defer { sink.end() }
        let greeting = Outcome.values(of: try sink.line(within: 10))
        let stage = Stage(
            folder: folder, port: port, serverPort: greeting["port"].flatMap(UInt16.init) ?? 0,
            reactors: reactors, connectionCount: workload.connectionCount)
        let proxy = try contender.start(stage)
        defer { proxy?.end() }

        let targets = proxy == nil ? stage.servers : stage.listeners
        let generator = try Companion(
            "generator", on: loadProcessor,
            command: ["self", "generate"] + workload.arguments
                + targets.flatMap { ["\($0.address)", "\($0.port)"] })
        defer { generator.end() }
        let ready = try generator.line(within: 60)
        guard ready == "ready" else { throw RunError(text: ready) }

        let before = usages([sink, generator]), proxyBefore = proxy.map { usages([$0]) }
        let memoryBefore = proxy.map { ProcessUsage.anonymousBytes(of: $0.processID) } ?? 0
        let machineBefore = ProcessUsage.machineNanoseconds()
        generator.go()
        let line = try generator.line(within: 120)
        guard let outcome = Outcome(line: line) else { throw RunError(text: line) }
        let machineAfter = ProcessUsage.machineNanoseconds()
        let proxyAfter = proxy.map { usages([$0]) }
        let memoryAfter = proxy.map { ProcessUsage.anonymousBytes(of: $0.processID) } ?? 0
        let load = usages([sink, generator]) - before
        return ProxyRun(
            outcome: outcome,
            proxy: proxyAfter.flatMap { after in proxyBefore.map { after - $0 } }, load: load,
            machineNanoseconds: machineAfter - machineBefore,
            gainedBytes: memoryAfter - memoryBefore)
    }

    private static func usages(_ companions: [Companion]) -> ProcessUsage {
        companions.reduce(into: ProcessUsage()) { sum, companion in
            let usage = ProcessUsage.of(companion.processID)
            sum.nanoseconds += usage.nanoseconds
            sum.userTicks += usage.userTicks
            sum.ticks += usage.ticks
        }
    }
}

/// A run that the generator gave up; its own words.
struct RunError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

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
    /// System calls of the proxy; `nil` where they were not counted.
    let callCount: Int?

    var seconds: Double { Double(outcome.nanoseconds) / 1e9 }

    /// Runs a workload through a contender once.
    ///
    /// - Parameters:
    ///   - workload: What to do.
    ///   - stage: Where; the servers' port is filled in.
    ///   - kept: Connections that are open and silent meanwhile.
    ///   - countsCalls: Whether to count system calls; then the times mean nothing.
    ///   - start: Starts the proxy; `nil` for none.
    /// - Returns: The figures.
    /// - Throws: What kept a process from starting, or the generator from its work.
    static func perform(
        _ workload: Workload, on stage: Stage, keeping kept: Int = 0, countsCalls: Bool = false,
        through start: (Stage) throws -> Companion?
    ) throws -> ProxyRun {
        let loadProcessor = Stage.loadProcessor(reactors: stage.reactors)
        let sink = try Companion(
            "sink", on: loadProcessor, command: ["self", "sink", workload.service.rawValue])
        defer { sink.end() }
        let greeting = Outcome.values(of: try sink.line(within: 10))
        var stage = stage
        stage.serverPort = greeting["port"].flatMap(UInt16.init) ?? 0
        let proxy = try start(stage)
        defer { proxy?.end() }

        let targets = proxy == nil ? stage.servers : stage.listeners
        let keeper =
            kept > 0
            ? try self.generator(.kept(connections: kept), at: targets, on: loadProcessor) : nil
        defer { keeper?.end() }
        if let keeper {
            keeper.go()
            let line = try keeper.line(within: 60)
            guard Outcome(line: line) != nil else { throw RunError(text: line) }
        }
        let generator = try generator(workload, at: targets, on: loadProcessor)
        defer { generator.end() }

        let before = usages([sink, generator]), proxyBefore = proxy.map { usages([$0]) }
        let counter =
            countsCalls
            ? proxy.flatMap { SystemCallCounter($0.processID, folder: stage.folder) } : nil
        let memoryBefore = proxy.map { ProcessUsage.settledAnonymousBytes(of: $0.processID) } ?? 0
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
            gainedBytes: memoryAfter - memoryBefore, callCount: counter?.count)
    }

    /// A generator that is ready to go.
    private static func generator(
        _ workload: Workload, at targets: [SocketAddress], on processor: Int?
    ) throws -> Companion {
        let generator = try Companion(
            "generator", on: processor,
            command: ["self", "generate"] + workload.arguments
                + targets.flatMap { ["\($0.address)", "\($0.port)"] })
        let ready = try generator.line(within: 60)
        guard ready == "ready" else { throw RunError(text: ready) }
        return generator
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

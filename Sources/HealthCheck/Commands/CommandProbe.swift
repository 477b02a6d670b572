#if Probes
public import NIOCore

/// Passes when a command ends with the status 0 (haproxy's `external-check`).
///
/// The command gets haproxy's four arguments (the proxy's address and port, `NOT_USED` for none,
/// the server's address and port) and its `HAPROXY_…` variables. Its output is not read. At the
/// time limit it is killed with its process group. Where that ends four runs of a probe not, the
/// command is not started again until one of them has ended.
public struct CommandProbe: HealthProbe {
    /// The path of the command.
    public let path: String
    /// The variable `PATH` for the command (`external-check path`).
    public let searchPath: String
    /// Which server the command is run for.
    public var subject: CommandSubject
    /// Arguments in the place of haproxy's four; `nil`: those.
    public var arguments: [String]?
    /// Whether a status of 2 to 255 passes, and means the weight of the status less 2
    /// (keepalived's `misc_dynamic`).
    public var statusIsWeight = false
    /// Starts the command.
    var start = CommandEnd.start
    private let runs = CommandRuns()

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - path: The path of the command.
    ///   - searchPath: The variable `PATH` for the command.
    ///   - subject: Which server the command is run for.
    public init(
        path: String, searchPath: String = "/usr/local/bin:/usr/bin:/bin",
        subject: CommandSubject = CommandSubject()
    ) {
        self.path = path
        self.searchPath = searchPath
        self.subject = subject
    }

    /// Runs the command.
    ///
    /// - Parameters:
    ///   - target: The server's address.
    ///   - timeout: How long the command may run.
    ///   - eventLoop: Where the outcome is told.
    /// - Returns: The outcome; never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        guard let number = runs.begin() else {
            return eventLoop.makeSucceededFuture(
                ProbeOutcome(
                    .commandTimedOut,
                    detail: "\(CommandRuns.limit) runs were killed and have not ended"))
        }
        let promise = eventLoop.makePromise(of: ProbeOutcome.self)
        // The end of a command can be awaited by a task alone, and an event loop is none that this
        // one could be a child of; the time limit ends it.
        let task = Task {
            guard runs.start(number) else { return }
            let outcome = await run(for: target)
            runs.end(number)
            promise.succeed(outcome)
        }
        let timer = eventLoop.scheduleTask(in: timeout) {
            let wasStarted = runs.kill(number)
            // The host's want of threads says nothing about the server.
            promise.succeed(
                wasStarted
                    ? .commandTimedOut
                    : .notRun(reason: "\(path) was not started in time: this host is too busy"))
            task.cancel()
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    private func run(for target: SocketAddress) async -> ProbeOutcome {
        let address = target.ipAddress ?? target.pathname ?? ""
        let words = arguments ?? self.words(address: address, port: target.port)
        let end = await start(path, words, environment(address: address, target: target))
        switch end {
        case .exited(status: 0): return .commandPassed(ProbeFacts(detail: "exit status 0"))
        case .exited(let status) where statusIsWeight && (2...255).contains(status):
            var facts = ProbeFacts(detail: "weight \(status - 2)")
            facts.weight = status - 2
            return .commandPassed(facts)
        case .exited(let status): return .commandFailed(reason: "exit status \(status)")
        case .signalled(let number): return .commandFailed(reason: "ended by signal \(number)")
        case .notStarted(let reason):
            return .commandFailed(reason: "\(path) could not be run: \(reason)")
        case .noRoom(let reason): return .notRun(reason: "\(path) could not be run: \(reason)")
        }
    }

    private func words(address: String, port: Int?) -> [String] {
        [
            subject.proxyAddress.isEmpty ? "NOT_USED" : subject.proxyAddress,
            subject.proxyPort.map { "\($0)" } ?? "NOT_USED", address,
            port.map { "\($0)" } ?? "NOT_USED",
        ]
    }

    private func environment(
        address: String, target: SocketAddress
    ) -> [String: String] {
        [
            "HAPROXY_PROXY_NAME": subject.proxyName, "HAPROXY_PROXY_ID": "\(subject.proxyID)",
            "HAPROXY_PROXY_ADDR": subject.proxyAddress,
            "HAPROXY_PROXY_PORT": subject.proxyPort.map { "\($0)" } ?? "",
            "HAPROXY_SERVER_NAME": subject.serverName, "HAPROXY_SERVER_ID": "\(subject.serverID)",
            "HAPROXY_SERVER_ADDR": address,
            "HAPROXY_SERVER_PORT": target.port.map { "\($0)" } ?? "",
            "HAPROXY_SERVER_MAXCONN": "\(subject.maximumConnections)",
            "HAPROXY_SERVER_CURCONN": "\(subject.currentConnections())",
            "HAPROXY_SERVER_SSL": subject.usesTLS ? "1" : "0",
            "HAPROXY_SERVER_PROTO": "tcp", "PATH": searchPath,
        ]
    }
}
#endif

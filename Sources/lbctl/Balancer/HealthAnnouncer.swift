#if Program
internal import Balancer
internal import HealthCheck
internal import NodeConfiguration

/// Tells people by the log, in haproxy's words, and programs by commands what becomes of servers.
struct HealthAnnouncer: Sendable {
    typealias Place = HealthTargets.Place

    /// What brought a change about.
    struct Cause {
        /// The result that did; `nil`: an operator.
        let report: CheckReport?
        /// Whose result it is.
        let kind: HealthTargets.Source.Kind
        /// The tracked server that the change came through.
        let via: String?
        /// Clients that waited for the server before.
        let requeued: Int
    }

    let model: Model
    let balancer: Balancer
    let log: Log
    let commands: HealthCommands
    /// Bounds the lines on checks that cannot be carried out: a host that is too busy has many.
    private let shortages = LineBudget()

    init(model: Model, balancer: Balancer, log: Log, commands: HealthCommands) {
        self.model = model
        self.balancer = balancer
        self.log = log
        self.commands = commands
    }

    /// Writes what a server's going up or down means for its pool, and calls the pool's program.
    func transition(isUp: Bool, at place: Place, _ cause: Cause) {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        let name = HealthTargets.id(backend, server)
        let word = isUp ? "UP" : "DOWN"
        commands.run(
            isUp ? backend.checks.upCommand : backend.checks.downCommand, for: backend.name,
            server.name, isUp: isUp, reason: reason(cause))
        let severity: Log.Severity = isUp ? .notice : .alert
        guard !backend.checks.isOnlyCheck else {
            return log(severity, "Check \(backend.name) is \(word)\(reason(cause)).")
        }
        let now = balancer.view.glance(pool: place.pool, server: place.server)
        let left =
            "\(now.activeServers) active and \(now.backupServers) backup servers "
            + (isUp ? "online" : "left")
        let load =
            isUp
            ? "\(cause.requeued) sessions requeued, \(now.poolQueued) total in queue"
            : "\(now.sessions) sessions active, \(cause.requeued) requeued,"
                + " \(now.poolQueued) remaining in queue"
        let agent = cause.kind == .agent && cause.via == nil ? " (agent)" : ""
        log(
            severity,
            "\(server.isBackup ? "Backup " : "")Server \(name) is \(word)\(agent)"
                + "\(reason(cause)). \(left). \(load).")
    }

    /// Writes that no server of a pool takes connections any more, whoever brought that about.
    func lost(_ pool: Int) {
        let backend = model.backends[pool]
        guard !backend.checks.isOnlyCheck else { return }
        log(.emergency, "backend \(backend.name) has no server available!")
    }

    /// Writes what a check or an agent did to what a server may take.
    func administration(_ state: AgentReport.Administration, at place: Place, _ cause: Cause) {
        let backend = model.backends[place.pool]
        let name = HealthTargets.id(backend, backend.servers[place.server])
        let origin = cause.via.map { "via \($0)" } ?? (cause.kind == .agent ? "agent" : "check")
        switch state {
        case .ready: log(.notice, "Server \(name) is READY (\(origin))\(reason(cause)).")
        case .drain:
            log(.notice, "Server \(name) enters drain state (\(origin))\(reason(cause)).")
        case .maintenance:
            log(.notice, "Server \(name) enters maintenance (\(origin))\(reason(cause)).")
        }
    }

    /// Writes one result, where the pool asks for that and the result is news.
    func result(_ report: CheckReport, of source: HealthTargets.Source, logs: Bool) {
        let backend = model.backends[source.place.pool]
        let server = backend.servers[source.place.server]
        if report.cannotRun {
            guard let more = shortages.take() else { return }
            return log(
                .warning,
                "\(source.kind == .agent ? "Agent" : "Health") check for server"
                    + " \(HealthTargets.id(backend, server)) cannot be carried out\(words(report));"
                    + " it does not count\(more > 0 ? " (and \(more) more)" : "")")
        }
        guard logs, report.isNews, let outcome = report.lastOutcome else { return }
        let result =
            switch outcome.verdict {
            case true?: "succeeded"
            case false?: "failed"
            case nil: "was not carried out"
            }
        let record = report.record
        let status =
            record.isUp
            ? "\(record.health - record.rise + 1)/\(record.fall) UP"
            : "\(record.health)/\(record.rise) DOWN"
        log(
            .notice,
            "\(source.kind == .agent ? "Agent" : "Health") check for"
                + " \(server.isBackup ? "backup " : "")server"
                + " \(HealthTargets.id(backend, server))"
                + " \(result)\(words(report)), status: \(status).")
    }

    private func reason(_ cause: Cause) -> String {
        if let via = cause.via { return " via \(via)" }
        guard let report = cause.report else { return "" }
        return words(report)
    }

    /// `, reason: Layer7 wrong status, code: 503, info: "…", check duration: 1ms`.
    private func words(_ report: CheckReport) -> String {
        guard let outcome = report.lastOutcome else { return "" }
        var text = ", reason: \(outcome.meaning)"
        if let code = outcome.facts.statusCode { text += ", code: \(code)" }
        if !outcome.detail.isEmpty { text += ", info: \"\(outcome.detail)\"" }
        let milliseconds = report.lastDuration.map { Int($0 / .milliseconds(1)) } ?? 0
        return text + ", check duration: \(milliseconds)ms"
    }
}
#endif

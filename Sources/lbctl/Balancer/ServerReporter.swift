#if Program
internal import Balancer
internal import HealthCheck
internal import NodeConfiguration

/// Log lines for servers that go up and down, in haproxy's words.
struct ServerReporter: Sendable {
    let model: Model
    let balancer: Balancer
    let log: Log

    /// Writes what a transition means for its pool.
    func report(_ report: CheckReport, at place: HealthTargets.Place) {
        guard let transition = report.transition else { return }
        let pool = balancer.snapshot().pools[place.pool]
        let left =
            "\(pool.activeServers) active and \(pool.backupServers) backup servers "
            + (transition == .up ? "online" : "left")
        let word = transition == .up ? "UP" : "DOWN"
        log(
            transition == .up ? .notice : .alert,
            "Server \(report.id) is \(word), reason: \(reason(of: report)). \(left). "
                + "\(pool.servers[place.server].currentSessions) sessions active.")
        guard transition == .down, !pool.isUp else { return }
        log(.emergency, "backend \(pool.name) has no server available!")
    }

    private func reason(of report: CheckReport) -> String {
        guard let outcome = report.lastOutcome else { return "no check yet" }
        let milliseconds = report.lastDuration.map { Int($0 / .milliseconds(1)) } ?? 0
        let detail = outcome.detail.isEmpty ? "" : ", info: \"\(outcome.detail)\""
        return "\(words(for: outcome))\(detail), check duration: \(milliseconds)ms"
    }

    private func words(for outcome: ProbeOutcome) -> String {
        switch outcome.code {
        case "L4OK": "Layer4 check passed"
        case "L4TOUT": "Layer4 timeout"
        case "L4CON": "Layer4 connection problem"
        default: "Socket error"
        }
    }
}
#endif

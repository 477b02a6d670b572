#if Program
import Balancer
import Control
import NodeConfiguration
import Synchronization

@testable import HealthCheck
@testable import lbctl

/// The standings of a configuration's servers, with the balancer that carries them out; what checks
/// say is said by the test.
final class StandingsBench: Sendable {
    let model: Model
    let balancer: Balancer
    let standings: ServerStandings
    private let heard: Heard

    private final class Heard: Sendable {
        let news = Mutex<[String]>([])
        let lines = Mutex<[String]>([])
        let asked = Mutex<[String]>([])
        let paused = Mutex<Set<String>>([])
    }

    /// - Parameters:
    ///   - text: A haproxy file.
    ///   - health: What was known of servers.
    ///   - administration: What the operator said of them.
    ///   - former: The standings under another file, from which these go on.
    /// - Throws: What reading the file, and making the balancer, throw.
    init(
        _ text: String, knowing health: [String: CheckMemory] = [:],
        administration: [GivenOrder] = [], goingOnFrom former: StandingsBench? = nil
    ) throws {
        let file = InputFile(name: "a.cfg", bytes: Array(text.utf8))
        let loaded = ConfigurationLoader().load([file])
        guard let model = loaded.model else { throw ProgramError("\(loaded.diagnostics)") }
        self.model = model
        let prepared = try PreparedModel(
            model, icmp: nil, checker: CheckerReference(),
            terminatingTLSBy: ListenerSecurity(Log(destination: .standardError, threshold: .error)))
        let listeners: [[Int32]] = model.activeFrontends.map { _ in [] }
        if let former {
            balancer = former.balancer
            try balancer.adopt(prepared.plan, listeners: listeners)
        } else {
            balancer = try Balancer(plan: prepared.plan, listeners: listeners)
        }
        let heard = Heard()
        self.heard = heard
        let log = Log(
            destination: .receiver { severity, line in
                heard.lines.withLock { $0.append("\(severity.word): \(line)") }
            }, threshold: .detail)
        let order = ServiceOrder(
            administration: administration, health: health,
            node: NodeStatus(
                node: "n", program: ProgramStatus(version: "1", processID: 1, uptime: 0), time: 0))
        standings = ServerStandings(
            prepared, former == nil ? order : nil, goingOnFrom: former?.standings,
            balancer: balancer,
            announcer: HealthAnnouncer(
                model: model, balancer: balancer, log: log, commands: HealthCommands(log: log)),
            setPaused: { id, isPaused in
                heard.paused.withLock { paused in
                    if isPaused { paused.insert(id) } else { paused.remove(id) }
                }
            },
            setAddress: { id, address in heard.asked.withLock { $0.append("\(id) \(address)") } },
            tell: { news in
                heard.news.withLock {
                    switch news {
                    case .backend(let name, let isUsable): $0.append("\(name) \(isUsable)")
                    case .allHeard: $0.append("all heard")
                    }
                }
            })
    }

    /// What the election was told since the last look.
    func takeNews() -> [String] {
        heard.news.withLock { news in
            defer { news = [] }
            return news
        }
    }

    /// What the log was told since the last look.
    func takeLines() -> [String] {
        heard.lines.withLock { lines in
            defer { lines = [] }
            return lines
        }
    }

    /// A check of a server that succeeds or fails once, which decides; `nil`: could not be carried
    /// out, and the server is still as it was.
    func hear(_ id: String, _ passed: Bool?, isFirst: Bool = false) {
        var record = HealthRecord(rise: 1, fall: 1, initialState: isFirst ? .waiting : .up)
        var transition: HealthTransition?
        if let passed {
            transition = record.record(passed: passed)
            if passed { transition = .up }
        }
        let outcome: ProbeOutcome =
            passed.map { $0 ? .passed : .refused } ?? .notRun(reason: "not permitted")
        standings.take(
            CheckReport(
                id: id, generation: 1, transition: transition, record: record, lastOutcome: outcome,
                lastDuration: .milliseconds(1), isChecking: false, failedChecks: 0,
                downTransitions: 0, timeSinceChange: .zero, downtime: .zero, isNews: true,
                cannotRun: passed == nil, memory: CheckMemory(isUp: record.isUp)))
    }

    func weight(of id: String) -> Int {
        HealthTargets(model).source(of: id).map { standings.standing(at: $0.place).weight } ?? -1
    }

    func limit(of id: String) -> Int? {
        HealthTargets(model).source(of: id).flatMap { standings.standing(at: $0.place).limit }
    }

    /// Where a pool's servers are said to be.
    func places(of backend: String) -> [String] {
        guard let pool = model.backends.firstIndex(where: { $0.name == backend }) else { return [] }
        return model.backends[pool].servers.enumerated().map { number, server in
            let place = HealthTargets.Place(pool: pool, server: number)
            return server.presentEndpoint(standings.standing(at: place).whereabouts)
        }
    }

    /// Where the checker was told to ask since the last look.
    func takeAsked() -> [String] {
        heard.asked.withLock { asked in
            defer { asked = [] }
            return asked
        }
    }

    /// Whom the checker was told to leave alone.
    func takePaused() -> [String] { heard.paused.withLock { $0.sorted() } }

    func administer(_ backend: String, _ server: String, _ change: ServerOrder.Change) {
        let pool = model.backends.firstIndex { $0.name == backend } ?? 0
        let index = model.backends[pool].servers.firstIndex { $0.name == server } ?? 0
        standings.administer(HealthTargets.Place(pool: pool, server: index), change)
    }
}
#endif

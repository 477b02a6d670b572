#if Program
internal import Balancer
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor
internal import Synchronization
internal import VRRPCore

/// Writes the log of connections: a thread that formats what the reactors left and sends it.
final class ConnectionLog: Sendable {
    /// What becomes of a frontend's records.
    struct Route: Sendable {
        let name: String
        let settings: ConnectionLogSettings
        let format: LineFormat
        /// The form for those whose PROXY header is none; empty: that of all.
        let errorFormat: LineFormat
        /// The form of structured data; empty: there is none.
        let structuredData: LineFormat
        let targets: [(target: LogTarget, sink: LineSink)]
        /// What lines call the program.
        let tag: String
        /// The host's name where heads have none otherwise.
        let hostName: String?
    }

    /// What records of one plan mean.
    struct Edition: Sendable {
        let generation: Int
        let line: ConnectionLine
        /// By the frontends' positions; what stays behind of an earlier plan goes where it went.
        let routes: [Route?]
    }

    private let records: ConnectionRecords
    private let editions: Mutex<[Edition]>
    private let isStopping = Atomic(false)
    private let bell: Waker
    private let thread = Mutex<Thread?>(nil)
    private let unsent = Atomic<Int>(0)
    private let log: Log

    /// Opens what lines go to, and starts the thread; `nil` where no frontend tells of any.
    ///
    /// - Parameters:
    ///   - balancer: Whose connections are told of.
    ///   - model: What it serves.
    ///   - log: Where it is told that lines were lost.
    /// - Throws: `SystemError` when descriptors or threads are lacking.
    init?(_ balancer: Balancer, model: Model, log: Log) throws(SystemError) {
        guard let records = balancer.records else { return nil }
        self.records = records
        self.log = log
        bell = try Waker()
        editions = Mutex([])
        adopt(balancer.view, try routes(for: model))
        try thread.withLock { thread throws(SystemError) in
            thread = try Thread(name: "log") { [self] in run() }
        }
    }

    /// Opens what the lines of a model's frontends go to.
    ///
    /// - Throws: `SystemError` when descriptors are lacking.
    func routes(for model: Model) throws(SystemError) -> [Route] {
        var sinks: [LogTarget.Destination: LineSink] = [:]
        var routes: [Route] = []
        for frontend in model.activeFrontends {
            var targets: [(LogTarget, LineSink)] = []
            for target in frontend.logTargets(model.global) {
                let sink =
                    if let open = sinks[target.destination] { open } else {
                        try LineSink(target.destination.sink)
                    }
                sinks[target.destination] = sink
                targets.append((target, sink))
            }
            routes.append(
                Route(
                    name: frontend.name, settings: frontend.log,
                    format: LineFormat(frontend.log.format),
                    errorFormat: LineFormat(frontend.log.errorFormat),
                    structuredData: LineFormat(frontend.log.structuredData), targets: targets,
                    tag: frontend.log.tag ?? model.global.logTag ?? "lbctl",
                    hostName: model.global.logHostName.map { $0.isEmpty ? HostName.current : $0 }))
        }
        return routes
    }

    /// Understands the records of another plan too, before there are any; what is left of earlier ones
    /// is still written.
    func adopt(_ view: BalancerView, _ routes: [Route]) {
        editions.withLock { editions in
            var former: [String: Route] = [:]
            for route in editions.last?.routes ?? [] {
                if let route { former[route.name] = route }
            }
            let all = view.plan.frontends.enumerated().map { index, frontend in
                index < routes.count ? routes[index] : former[frontend.name]
            }
            editions.append(
                Edition(
                    generation: view.generation, line: ConnectionLine(view.plan), routes: all))
            // Records are written within milliseconds.
            if editions.count > ConnectionLog.mostEditions { editions.removeFirst() }
        }
    }

    /// Lines that were lost: because they came too fast, or because nobody took them.
    var lostLines: Int { records.lostCount + unsent.load(ordering: .relaxed) }

    /// Writes what is left, and ends the thread.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        bell.wake()
        guard let thread = thread.withLock({ $0.take() }) else { return }
        thread.join()
    }

    private func run() {
        var told = (lines: 0, at: MonotonicInstant.now)
        var composer = LineComposer()
        while true {
            let isLast = isStopping.load(ordering: .acquiring)
            write(by: &composer)
            let (lines, now) = (lostLines, MonotonicInstant.now)
            // At most one line about it every few seconds: it must not add to what is too much.
            if lines > told.lines, isLast || now - told.at > ConnectionLog.complaintInterval {
                log(.warning, "\(lines - told.lines) lines of the log of connections were lost")
                told = (lines, now)
            }
            if isLast { return }
            if records.sleep() { wait() } else { LinuxIO.Thread.sleep(for: ConnectionLog.pause) }
        }
    }

    /// Waits for the next record, or for the end; a moment longer, so that one wake-up serves many.
    private func wait() {
        var waited = [
            pollfd(fd: records.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&waited, 2, -1)
        if !isStopping.load(ordering: .acquiring) { LinuxIO.Thread.sleep(for: ConnectionLog.pause) }
    }

    private func write(by composer: inout LineComposer) {
        // The records' clock starts with the host.
        let now = RealTimeClock.microseconds
        let offset = now - MonotonicInstant.now.nanoseconds / 1000
        composer.begin(at: now)
        var editions = editions.withLock { $0 }
        var unsentCount = 0
        records.take { record, texts in
            if record.generation > editions.last?.generation ?? -1 {
                editions = self.editions.withLock { $0 }
            }
            guard let edition = editions.last(where: { $0.generation == record.generation }) else {
                unsentCount += 1
                return
            }
            unsentCount += composer.send(
                record, texts, by: edition, acceptedAt: Int64(record.acceptedAt) * 1000 + offset)
        }
        unsent.add(unsentCount, ordering: .relaxed)
    }

    private static let mostEditions = 16
    private static let complaintInterval = Duration.seconds(5)
    private static let pause = Duration.milliseconds(5)
}

extension LogTarget.Destination {
    fileprivate var sink: LineSink.Destination {
        switch self {
        case .datagrams(let endpoint):
            .datagrams(
                endpoint.address.map { IPEndpoint($0, port: endpoint.port) }
                    ?? IPEndpoint(ipv4: 0, port: endpoint.port))
        case .socket(let path): .socket(path: path)
        case .standardOutput: .descriptor(1)
        case .standardError: .descriptor(2)
        }
    }
}
#endif

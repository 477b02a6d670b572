/// A path at which a node says whether it serves: haproxy's `monitor-uri` and `monitor fail`.
public struct Monitor: Hashable, Sendable {
    /// A question about what the node's status tells.
    public enum Question: Hashable, Sendable {
        /// The answer itself.
        case constant(Bool)
        /// How much there is of something in the pool of this name; of one that is not there 0.
        case pool(String, PoolQuantity, [ClosedRange<Int>])
        /// Whether the server of this name, in the pool of that one, is up.
        case serverIsUp(String, pool: String)
        /// How much there is of something at a server.
        case server(String, pool: String, ServerQuantity, [ClosedRange<Int>])
        /// How many connections the frontend of this name has.
        case connections(String, [ClosedRange<Int>])
        /// How many it had within a second.
        case sessionRate(String, [ClosedRange<Int>])
    }

    /// What of a pool can be asked for.
    public enum PoolQuantity: Hashable, Sendable {
        /// Usable servers.
        case usableServers
        /// Connections.
        case connections
        /// Those of the last second.
        case sessionRate
        /// Clients that wait.
        case waiting
        /// Clients that wait for each usable server, rounded up.
        case waitingPerServer
    }

    /// What of a server can be asked for.
    public enum ServerQuantity: Hashable, Sendable {
        /// Connections.
        case connections
        /// Those of the last second.
        case sessionRate
        /// Clients that wait for it alone.
        case waiting
    }

    /// Questions of which one must be answered by yes, or none.
    public struct Term: Hashable, Sendable {
        /// The questions.
        public var questions: [Question]
        /// Whether none must be.
        public var isNegated: Bool

        /// Makes a term.
        public init(questions: [Question], isNegated: Bool = false) {
            self.questions = questions
            self.isNegated = isNegated
        }
    }

    /// When the node does not serve: one of the alternatives holds, or none, where it is negated.
    public struct Failure: Hashable, Sendable {
        /// The alternatives; each holds where all of its terms do.
        public var alternatives: [[Term]]
        /// Whether none must hold.
        public var isNegated: Bool

        /// Makes a failure.
        public init(alternatives: [[Term]], isNegated: Bool = false) {
            self.alternatives = alternatives
            self.isNegated = isNegated
        }
    }

    /// The whole target of a request, as `/healthz`.
    public var path: String
    /// When the node does not serve; empty: it always does.
    public var failures: [Failure] = []

    /// Makes a path at which the node always serves.
    public init(path: String) { self.path = path }

    /// Whether the node serves.
    func isServing(_ status: NodeStatus) -> Bool {
        let proxies = Dictionary(status.proxies.map { ($0.name, $0) }) { first, _ in first }
        func holds(_ term: Term) -> Bool {
            term.questions.contains { $0.isAnsweredByYes(proxies) } != term.isNegated
        }
        return !failures.contains { failure in
            failure.alternatives.contains { $0.allSatisfy(holds) } != failure.isNegated
        }
    }
}

extension Monitor.Question {
    /// Answers it by what is known of proxies, by their names.
    fileprivate func isAnsweredByYes(_ proxies: [String: ProxyStatus]) -> Bool {
        func server(_ name: String, _ pool: String) -> ServerStatus? {
            proxies[pool]?.servers.first { $0.name == name }
        }
        switch self {
        case .constant(let answer): return answer
        case .pool(let name, let quantity, let counts):
            return counts.contain(proxies[name]?.backend?.value(of: quantity) ?? 0)
        case .serverIsUp(let name, let pool): return server(name, pool)?.isUp ?? false
        case .server(let name, let pool, let quantity, let counts):
            return counts.contain(server(name, pool)?.value(of: quantity) ?? 0)
        case .connections(let name, let counts):
            return counts.contain(proxies[name]?.frontend?.traffic.sessions ?? 0)
        case .sessionRate(let name, let counts):
            return counts.contain(proxies[name]?.frontend?.traffic.rate ?? 0)
        }
    }
}

extension [ClosedRange<Int>] {
    fileprivate func contain(_ number: Int) -> Bool { contains { $0.contains(number) } }
}

extension BackendStatus {
    fileprivate func value(of quantity: Monitor.PoolQuantity) -> Int {
        switch quantity {
        case .usableServers: usableServers
        case .connections: traffic.sessions
        case .sessionRate: traffic.rate
        case .waiting: service.queued
        // As haproxy, which has twice as many wait where no server is.
        case .waitingPerServer:
            usableServers > 0
                ? (service.queued + usableServers - 1) / usableServers : 2 * service.queued
        }
    }
}

extension ServerStatus {
    /// As haproxy: a server that drains is up, and one in maintenance is not.
    fileprivate var isUp: Bool {
        switch status.split(separator: " ").first {
        case "UP", "no", "NOLB", "DRAIN": true
        default: false
        }
    }

    fileprivate func value(of quantity: Monitor.ServerQuantity) -> Int {
        switch quantity {
        case .connections: traffic.sessions
        case .sessionRate: traffic.rate
        case .waiting: service.queued
        }
    }
}

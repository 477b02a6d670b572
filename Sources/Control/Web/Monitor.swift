/// A path at which a node says whether it serves: haproxy's `monitor-uri` and `monitor fail`.
public struct Monitor: Hashable, Sendable {
    /// A question about a pool.
    public struct Question: Hashable, Sendable {
        /// The pool's name.
        public var pool: String
        /// The numbers of usable servers that are meant.
        public var counts: [ClosedRange<Int>]

        /// Makes a question.
        public init(pool: String, counts: [ClosedRange<Int>]) {
            self.pool = pool
            self.counts = counts
        }
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
        var usable: [String: Int] = [:]
        for proxy in status.proxies {
            if let backend = proxy.backend { usable[proxy.name] = backend.usableServers }
        }
        func holds(_ term: Term) -> Bool {
            let isOne = term.questions.contains { question in
                question.counts.contains { $0.contains(usable[question.pool] ?? 0) }
            }
            return isOne != term.isNegated
        }
        return !failures.contains { failure in
            failure.alternatives.contains { $0.allSatisfy(holds) } != failure.isNegated
        }
    }
}

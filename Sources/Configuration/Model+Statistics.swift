/// A page that shows the state of the node: haproxy's `stats` keywords.
public struct StatisticsPage: Hashable, Sendable, Codable {
    /// The section's name.
    public var name: String
    /// What else tells it from others.
    public var identity = SectionIdentity()
    /// What it listens on.
    public var listeners: [Listener] = []
    /// The path of the page; `nil`: there is none, but metrics or ``monitorPath`` alone.
    public var path: String? = "/haproxy?stats"
    /// Paths at which everybody gets the metrics (`http-request use-service prometheus-exporter`).
    public var metricsPaths: [String] = []
    /// The path at which everybody gets whether the node serves (`monitor-uri`); `nil`: none.
    public var monitorPath: String?
    /// When it does not (`monitor fail`): one of them holds; the node's status tells the answers to all
    /// their questions.
    public var monitorFailures: [RuleCondition] = []
    /// The realm of the password prompt.
    public var realm = "HAProxy Statistics"
    /// Who may look, name and password; empty: everybody.
    public var users: [User] = []
    /// Who may connect at all, by the ends of the connection.
    public var rules = ConnectionRules()
    /// Time between reloads of the page by the browser; `nil`: none.
    public var refreshInterval: Duration?

    /// Whole seconds between reloads by the browser, at least one; `nil`: it does not reload.
    public var refreshSeconds: Int? {
        guard let refreshInterval, refreshInterval > .zero else { return nil }
        return max(1, Int(refreshInterval.components.seconds))
    }

    /// Somebody who may look.
    public struct User: Hashable, Sendable, Codable {
        /// The name.
        public var name: String
        /// The password.
        public var password: String
        /// Makes a user.
        public init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }
    /// Makes a page that listens nowhere yet.
    public init(name: String) { self.name = name }
}

/// One statistics page as configured: where it is found, and who may look.
public struct StatisticsSite: Hashable, Sendable {
    /// The section's name; its row on the page.
    public var name: String
    /// What a request's target begins with, as `/stats` or `/haproxy?stats`; `nil`: there is no page,
    /// but metrics or ``monitor`` alone.
    public var path: String?
    /// Paths at which everybody gets the metrics, whatever ``users`` says.
    public var metricsPaths: [String] = []
    /// Where everybody gets whether the node serves, whatever ``users`` says; `nil`: nowhere.
    public var monitor: Monitor?
    /// The realm of the password prompt.
    public var realm: String
    /// Who may look, as name and password; empty: everybody.
    public var users: [User]
    /// Seconds until the browser asks again; `nil`: it does not.
    public var refreshInterval: Int?
    /// Bound sockets, listening or not, that clients connect to.
    ///
    /// Duplicated when the server runs,
    /// so they stay the caller's to close.
    public var descriptors: [CInt]
    #if Program
    /// For those of them whose clients speak TLS, what ends it.
    public var securities: [CInt: PageSecurity] = [:]
    #endif
    /// The addresses that `descriptors` are bound to, as `ADDRESS:PORT`, to be shown.
    public var addresses: [String] = []

    /// Somebody who may look.
    public struct User: Hashable, Sendable {
        /// The name, without a colon.
        ///
        /// RFC 7617 §2.
        public var name: String
        /// The password.
        public var password: String

        /// Makes a user.
        ///
        /// - Parameters:
        ///   - name: The name, without a colon.
        ///   - password: The password.
        public init(name: String, password: String) {
            self.name = name
            self.password = password
        }
    }

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - name: The section's name.
    ///   - path: What a request's target begins with; `nil`: there is no page.
    ///   - realm: The realm of the password prompt.
    ///   - users: Who may look; empty: everybody.
    ///   - descriptors: Bound sockets that clients connect to.
    public init(
        name: String, path: String?, realm: String, users: [User], descriptors: [CInt]
    ) {
        self.name = name
        self.path = path
        self.realm = realm
        self.users = users
        self.descriptors = descriptors
    }
}

extension StatisticsSite {
    /// Whether a request's target is a path at which everybody gets the metrics.
    func hasOpenMetrics(at target: String) -> Bool {
        metricsPaths.contains { $0.utf8.elementsEqual(target.utf8.prefix { $0 != 0x3F }) }
    }
}

/// What a request's target asks of a statistics page.
enum StatisticsForm: Hashable {
    case page(refreshes: Bool)
    case csv
    case json
    case metrics

    /// Reads what follows the page's path: options after `;` as haproxy has them.
    ///
    /// - Returns: `nil` where the target is not the page's.
    init?(target: String, path: String) {
        guard target.utf8.starts(with: path.utf8) else { return nil }
        let rest = Substring(target.utf8.dropFirst(path.utf8.count))
        guard rest.isEmpty || rest.hasPrefix(";") || rest.hasPrefix("?") else { return nil }
        let options = rest.prefix { $0 != "?" }.split(separator: ";")
        if options.contains("csv") {
            self = .csv
        } else if options.contains("json") {
            self = .json
        } else if options.contains("metrics") {
            self = .metrics
        } else {
            self = .page(refreshes: !options.contains("norefresh"))
        }
    }
}

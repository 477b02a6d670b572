/// A rule of `use_backend`.
public struct BackendRule: Hashable, Sendable, Codable {
    /// Which pool.
    public enum Target: Hashable, Sendable, Codable {
        /// The one of this name.
        case named(String)
        /// The one that something of the connection names (`%[…]`).
        case looked(BackendTable)
    }

    /// Which pool.
    public var target: Target
    /// When.
    public var condition: RuleCondition

    /// Makes a rule.
    public init(_ target: Target, condition: RuleCondition) {
        self.target = target
        self.condition = condition
    }

    /// The names of the pools that it may lead to, each once.
    public var backendNames: [String] {
        switch target {
        case .named(let name): [name]
        case .looked(let table): table.backendNames
        }
    }
}

/// Which pool clients are led to by something of their connections.
public struct BackendTable: Hashable, Sendable, Codable {
    /// What something is compared with.
    public enum Pattern: Hashable, Sendable, Codable {
        /// A text; numbers are compared as they are written.
        case text(NameMatch)
        /// A network, of which the longest counts.
        case network(AddressPrefix)
    }

    /// A pattern and its pool.
    public struct Entry: Hashable, Sendable, Codable {
        /// With what.
        public var pattern: Pattern
        /// The pool's name; `nil`: there is none of the name that it should have.
        public var backendName: String?

        /// Makes an entry.
        public init(_ pattern: Pattern, backendName: String?) {
            self.pattern = pattern
            self.backendName = backendName
        }
    }

    /// What is looked up.
    public var key: ConnectionKeyName
    /// The entries, all of networks or none; of several beginnings that hold the longest counts, of other
    /// texts the first.
    public var entries: [Entry] = []
    /// The pool of what no entry holds for; `nil`: the frontend's own.
    public var otherName: String?
    /// The pool of clients that have no such key; `nil`: the frontend's own.
    public var absentName: String?

    /// Makes an empty table.
    public init(key: ConnectionKeyName) { self.key = key }

    /// The names of the pools, each once.
    public var backendNames: [String] {
        var known: Set<String> = []
        let names = entries.compactMap(\.backendName) + [otherName, absentName].compactMap(\.self)
        return names.filter { known.insert($0).inserted }
    }
}

extension ConnectionRules {
    /// The names of the pools that rules lead to, some of them several times.
    public var backendNames: [String] { backends.flatMap(\.backendNames) }
}

/// What the operator wants of a stick table.
public struct TableOrder: Codable, Hashable, Sendable {
    /// What is to be done.
    public enum Action: Codable, Hashable, Sendable {
        /// Show the key, or a part of all keys: from the first (0) on, or from where
        /// ``TablePart/next`` says.
        case show(from: Int)
        /// Forget the key, or all that no connection is tracked by.
        case clear
        /// Set what is counted of the key, by haproxy's names.
        case set([String: Int])
    }

    /// The table's name: that of its section.
    public var table: String
    /// The key, as ``TablePart/Entry/key`` has it; `nil`: all.
    public var key: String?
    /// What is to be done.
    public var action: Action

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - table: The table's name.
    ///   - key: The key; `nil`: all.
    ///   - action: What is to be done.
    public init(table: String, key: String? = nil, action: Action) {
        self.table = table
        self.key = key
        self.action = action
    }
}

/// Some entries of a stick table.
public struct TablePart: Codable, Hashable, Sendable {
    /// What is held of one key.
    public struct Entry: Codable, Hashable, Sendable {
        /// An address or a number; of bytes their hexadecimal digits; of a text, what does not print and
        /// `\` as `\xHH`.
        public var key: String
        /// By how many trackings it is held.
        public var use: Int
        /// In how many milliseconds it is forgotten, once it is held by none; `nil`: as long as there is
        /// room.
        public var exp: Int?
        /// The server that it belongs to.
        public var server: String?
        /// What is counted, by haproxy's names.
        public var data: [String: Int] = [:]

        /// Makes an entry that nothing is counted of.
        public init(key: String, use: Int) {
            self.key = key
            self.use = use
        }
    }

    /// The table.
    public var table: StickTableStatus
    /// What it counts, by haproxy's names, in the order of the file; rates with their period in
    /// milliseconds: `conn_rate(10000)`.
    public var store: [String]
    /// The entries.
    public var entries: [Entry] = []
    /// Where to ask on; `nil`: there is no more.
    public var next: Int?

    /// Makes a part without entries.
    public init(of table: StickTableStatus, store: [String]) {
        self.table = table
        self.store = store
    }
}

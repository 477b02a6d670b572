/// What a peer's table keeps of a key, by haproxy's numbers.
///
/// The documented bits are those of peers-v2.0.txt; from `server_key` on, haproxy's later ones.
public enum PeerDatum: UInt8, Hashable, Sendable, CaseIterable {
    // In haproxy's order, from `server_id` on.
    case serverNumber, gpt0, gpc0, gpc0Rate, connectionTotal, connectionRate, connections,
        sessionTotal, sessionRate
    case requestTotal, requestRate, errorTotal, errorRate
    case bytesIn, bytesInRate, bytesOut, bytesOutRate
    case gpc1, gpc1Rate, serverName, failureTotal, failureRate
    case gpts, gpcs, gpcRates, glitchTotal, glitchRate

    /// What a value consists of.
    enum Form { case number, rate, name, numbers, rates }

    var form: Form {
        switch self {
        case .serverName: .name
        case .gpts, .gpcs: .numbers
        case .gpcRates: .rates
        case .gpc0Rate, .connectionRate, .sessionRate, .requestRate, .errorRate, .bytesInRate,
            .bytesOutRate, .gpc1Rate, .failureRate, .glitchRate:
            .rate
        case .serverNumber, .gpt0, .gpc0, .connectionTotal, .connections, .sessionTotal,
            .requestTotal,
            .errorTotal, .bytesIn, .bytesOut, .gpc1, .failureTotal, .glitchTotal:
            .number
        }
    }

    /// How many numbers a value has, of an array each element.
    var width: Int { isRate ? 3 : 1 }

    /// Whether there are several of it.
    var isArray: Bool { form == .numbers || form == .rates }

    /// Whether it is counted within a period.
    var isRate: Bool { form == .rate || form == .rates }
}

/// A table as its peers know it.
public struct PeerTable: Hashable, Sendable {
    /// What is a key.
    public enum Keys: Hashable, Sendable {
        /// Whole numbers of 32 bits.
        case numbers
        /// Addresses of IPv4.
        case ipv4
        /// Addresses of IPv6.
        case ipv6
        /// Text of at most so many bytes.
        case text(Int)
        /// So many bytes.
        case bytes(Int)
    }

    /// A counter.
    public struct Counter: Hashable, Sendable {
        /// What is counted.
        public var datum: PeerDatum
        /// Over how long, in milliseconds; of one that is no rate 0.
        public var period: UInt32
        /// How many elements an array has; of others 1.
        public var count: Int

        /// How many numbers it has.
        var width: Int { count * datum.width }

        /// Makes a counter.
        public init(_ datum: PeerDatum, period: UInt32 = 0, count: Int = 1) {
            self.datum = datum
            self.period = period
            self.count = count
        }
    }

    /// The name that peers know it by.
    public var name: String
    /// What is a key.
    public var keys: Keys
    /// How long a key is remembered, in milliseconds; 0: as long as there is room.
    public var lifetime: UInt32
    /// Whether it remembers servers.
    public var hasServers: Bool
    /// What it counts beside, in the order of ``PeerDatum``.
    public var counters: [Counter]

    /// Makes a table; names are no counters.
    public init(
        name: String, keys: Keys, lifetime: UInt32 = 0, hasServers: Bool = false,
        counters: [Counter] = []
    ) {
        self.name = name
        self.keys = keys
        self.lifetime = lifetime
        self.hasServers = hasServers
        self.counters = counters.filter { $0.datum.form != .name }
            .sorted { $0.datum.rawValue < $1.datum.rawValue }
    }
}

extension PeerTable {
    /// The bit of each datum.
    var bits: UInt64 {
        counters.reduce(
            hasServers ? PeerDatum.serverNumber.bit | PeerDatum.serverName.bit : 0
        ) { $0 | $1.datum.bit }
    }
}

extension PeerTable.Keys {
    /// haproxy's number of the type.
    var type: UInt64 {
        switch self {
        case .numbers: 2
        case .ipv4: 4
        case .ipv6: 5
        case .text: 6
        case .bytes: 7
        }
    }

    /// The length that a definition says; that of text has room for a zero.
    var length: UInt64 {
        switch self {
        case .numbers, .ipv4: 4
        case .ipv6: 16
        case .text(let most): UInt64(most) + 1
        case .bytes(let count): UInt64(count)
        }
    }
}

extension PeerDatum {
    var bit: UInt64 { 1 << UInt64(rawValue) }
}

/// What a table has of one key.
public struct PeerEntry: Hashable, Sendable {
    /// A client's server.
    public struct Server: Hashable, Sendable {
        /// Its number (`id`); 0: none is known.
        public var number: UInt32
        /// Its name; `nil`: it was not told.
        public var name: String?

        /// Makes a server.
        public init(number: UInt32, name: String?) {
            self.number = number
            self.name = name
        }
    }

    /// The change that it is known by.
    public var change: UInt32
    /// The key's bytes: those of an address or a number, the highest first.
    public var key: [UInt8]
    /// How long it is still remembered, in milliseconds; `nil`: from now on as long as the table says.
    public var remaining: UInt32?
    /// The client's server, where servers are remembered; `nil`: none.
    public var server: Server?
    /// The numbers of each of the table's counters, of an array of each element: one, or of a rate
    /// three, which are the age of the running period in milliseconds and the counts of this and the
    /// last one.
    public var numbers: [UInt64]
    /// How many elements of each of the table's counters were told, of others than arrays 1 or 0;
    /// `nil`: all.
    public var toldCounts: [Int]?

    /// Makes an entry that knows all counters.
    public init(
        change: UInt32, key: [UInt8], remaining: UInt32? = nil, server: Server? = nil,
        numbers: [UInt64] = []
    ) {
        self.change = change
        self.key = key
        self.remaining = remaining
        self.server = server
        self.numbers = numbers
    }

    /// How many elements of one of the table's counters were told.
    func toldCount(ofCounter index: Int) -> Int { toldCounts.map { $0[index] } ?? .max }
}

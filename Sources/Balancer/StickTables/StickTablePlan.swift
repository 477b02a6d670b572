/// What is remembered and counted of each key (`stick-table`).
public struct StickTablePlan: Hashable, Sendable {
    /// What is a key.
    public enum Keys: Hashable, Sendable {
        /// An address of IPv4; others are not known (`type ip`).
        case ipv4
        /// An address of either version (`type ipv6`).
        case addresses
        /// A port, or an address of IPv4 as a number (`type integer`).
        case numbers
        /// So many bytes of a text, 1 to ``StickTablePlan/longestKey`` (`type string`).
        case text(Int)
        /// So many bytes, which shorter ones are filled up to with zeros (`type binary`).
        case bytes(Int)
    }

    /// The name.
    public var name: String
    /// What is a key.
    public var keys = Keys.addresses
    /// How many keys are remembered, 1 to ``greatestSize``.
    public var size: Int
    /// How long a key is remembered after it was last used (`expire`); `nil`: as long as there is room.
    ///
    /// It is used when it is tracked, as long as a connection is tracked by it, and when a server is
    /// looked for or kept for it; a question alone does not use it.
    public var lifetime: Duration?
    /// Whether new keys are not remembered while there is no room, instead of forgetting the one that
    /// was not used for the longest time (`nopurge`).
    public var keepsAll = false
    /// What is counted of each key, each quantity once (`store`).
    public var counters: [StickCounter] = []
    /// Whether the number of a key's server is 0 where no pool's clients belong to servers by it, instead of
    /// none (`store server_id`).
    public var hasServerNumbers = false
    /// The name of those in ``BalancerPlan/peers`` who have it in common (`peers`); `nil`: nobody.
    public var peers: String?
    /// The name that they know it by; `nil`: ``name``.
    public var peersName: String?
    /// Whether it is there for the rules of frontends that are leaving.
    var isLeaving = false

    /// The greatest ``size``.
    public static let greatestSize = 1 << 24
    /// The most bytes of a key.
    public static let longestKey = 1024
    /// Bytes that the texts and bytes of all keys may take.
    public static let greatestKeyRoom = 1 << 30
    /// The most elements of an array.
    public static let longestArray = 100
    /// Elements that the arrays of all keys may have.
    public static let mostElements = 1 << 26

    /// Makes a table that counts nothing.
    public init(name: String, size: Int, lifetime: Duration? = nil) {
        self.name = name
        self.size = size
        self.lifetime = lifetime
    }
}

extension StickTablePlan {
    /// What makes a table of it impossible; `nil`: nothing.
    var fault: String? {
        guard (1...StickTablePlan.greatestSize).contains(size) else {
            return "a table of \(size) keys; there may be 1 to \(StickTablePlan.greatestSize)"
        }
        for counter in counters {
            guard (1...counter.quantity.mostElements).contains(counter.count) else {
                return "\(counter.count) counters of one kind; there may be 1 to"
                    + " \(counter.quantity.mostElements)"
            }
        }
        let arrays = counters.filter(\.quantity.isArray)
        guard size * arrays.reduce(0, { $0 + $1.count }) <= StickTablePlan.mostElements else {
            return "arrays of more than \(StickTablePlan.mostElements) elements in all"
        }
        switch keys {
        case .ipv4, .addresses, .numbers: return nil
        case .text(let count), .bytes(let count):
            guard (1...StickTablePlan.longestKey).contains(count) else {
                return "keys of \(count) bytes; there may be 1 to \(StickTablePlan.longestKey)"
            }
            return size * count <= StickTablePlan.greatestKeyRoom
                ? nil : "keys that take more than \(StickTablePlan.greatestKeyRoom) bytes"
        }
    }

    /// Whether what another table holds is what this one would hold.
    func keepsEntries(of former: StickTablePlan) -> Bool {
        name == former.name && keys == former.keys && size == former.size
            && counters == former.counters
    }
}

/// A counter of each key in a table.
public struct StickCounter: Hashable, Sendable {
    /// What is counted.
    public var quantity: StickQuantity
    /// Over how long a rate counts, above 0; of the others `nil`.
    public var period: Duration?
    /// How many elements an array has, 1 to ``StickTablePlan/longestArray``; of the others 1.
    public var count: Int

    /// Makes a counter.
    public init(_ quantity: StickQuantity, over period: Duration? = nil, count: Int = 1) {
        self.quantity = quantity
        self.period = period
        self.count = count
    }
}

/// What a table can count of a key; haproxy's words.
public enum StickQuantity: Int, Hashable, Sendable, CaseIterable {
    /// Connections that are tracked now (`conn_cur`).
    case connections
    /// Connections that were ever tracked (`conn_cnt`).
    case connectionTotal
    /// Of those, as many as within its period (`conn_rate`).
    case connectionRate
    /// Connections that rules of `connection` and `session` track and let pass (`sess_cnt`).
    case sessionTotal
    /// Of those, as many as within its period (`sess_rate`).
    case sessionRate
    /// Bytes from clients (`bytes_in_cnt`); counted as they pass.
    case bytesIn
    /// Of those, as many as within its period (`bytes_in_rate`).
    case bytesInRate
    /// Bytes from servers (`bytes_out_cnt`).
    case bytesOut
    /// Of those, as many as within its period (`bytes_out_rate`).
    case bytesOutRate
    /// What rules count (`gpc0`).
    case marks
    /// Of those, as many as within its period (`gpc0_rate`).
    case markRate
    /// What rules count besides (`gpc1`).
    case secondMarks
    /// Of those, as many as within its period (`gpc1_rate`).
    case secondMarkRate
    /// A number that rules set (`gpt0`).
    case tag
    /// An array of numbers that rules set (`gpt`), the first of which is ``tag`` too.
    case tags
    /// An array of what rules count (`gpc`), the first of which are ``marks`` and ``secondMarks`` too.
    case markArray
    /// Of those, as many as within its period (`gpc_rate`); ``markRate`` and ``secondMarkRate``.
    case markRateArray

    /// Whether it is one within a period.
    public var isRate: Bool {
        switch self {
        case .connectionRate, .sessionRate, .bytesInRate, .bytesOutRate, .markRate,
            .secondMarkRate, .markRateArray:
            true
        case .connections, .connectionTotal, .sessionTotal, .bytesIn, .bytesOut, .marks,
            .secondMarks, .tag, .tags, .markArray:
            false
        }
    }

    /// Whether there are several of it.
    public var isArray: Bool { !singles.isEmpty }

    /// What the first elements of an array are called besides, as in haproxy.
    var singles: [StickQuantity] {
        switch self {
        case .tags: [.tag]
        case .markArray: [.marks, .secondMarks]
        case .markRateArray: [.markRate, .secondMarkRate]
        default: []
        }
    }

    /// The most that there are of it.
    var mostElements: Int { isArray ? StickTablePlan.longestArray : 1 }

    /// What is counted within a period of what rules count.
    var rateOfMarks: StickQuantity? {
        switch self {
        case .marks: .markRate
        case .secondMarks: .secondMarkRate
        case .markArray: .markRateArray
        default: nil
        }
    }
}

/// One of what is counted of each key: an element of an array, or another counter.
struct StickElement: Hashable, Sendable {
    let quantity: StickQuantity
    /// Its place in an array; 0 of others.
    var index = 0
}

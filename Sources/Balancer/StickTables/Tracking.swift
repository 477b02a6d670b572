/// A rule's order to count a connection in a table (`track-sc0` to `track-sc2`).
public struct Tracking: Hashable, Sendable {
    /// Which of the connection's trackings it is, 0 to ``count`` - 1; the first order for one counts.
    public var number: Int
    /// What of the connection is the key.
    public var key: ConnectionKey
    /// The table's position in ``BalancerPlan/tables``.
    public var tableIndex: Int

    /// How many a connection can have.
    public static let count = 3

    /// Makes an order.
    public init(_ number: Int, by key: ConnectionKey, in tableIndex: Int) {
        self.number = number
        self.key = key
        self.tableIndex = tableIndex
    }
}

/// What a rule asks of a table.
public struct StickQuestion: Hashable, Sendable {
    /// Which entry it is about.
    public enum Subject: Hashable, Sendable {
        /// That of the key that the connection is tracked by (`sc0_…`); without one there is no answer.
        case tracked(Int)
        /// That of a key of its own (`src_…`, `…,table_…`).
        case key(ConnectionKey)
    }

    /// What is asked for.
    public enum Asked: Hashable, Sendable {
        /// How much was counted; of an array, as the second value says, in which element.
        case value(StickQuantity, Int = 0)
        /// How much it is once one was added, to what rules count also within its period
        /// (`…_inc_gpc0`). In rules that wait for what clients say, it is added once for each connection,
        /// and nowhere but in lists of ``Rule``.
        case increase(StickQuantity, Int = 0)
        /// How much it was before it became 0 (`…_clr_gpc0`), likewise.
        case clear(StickQuantity, Int = 0)
        /// 1 if there is an entry (`…_tracked`, `…,in_table`), 0 otherwise.
        case presence
        /// By how many trackings it is held (`…_trackers`).
        case trackers
        /// The number of the server that it belongs to, 0 for none (`…,table_server_id`); of a table that
        /// binds no clients there is no answer.
        case server

        /// Whether it changes something.
        var changes: Bool {
            switch self {
            case .increase, .clear: true
            case .value, .presence, .trackers, .server: false
            }
        }
    }

    /// What is asked for.
    public var asked: Asked
    /// Which entry it is about.
    public var subject: Subject
    /// The table's position in ``BalancerPlan/tables``; `nil`: the one that the key is tracked in.
    public var tableIndex: Int?
    /// Its bit among ``EffectNumbers``; 0: what it changes is changed each time it is asked.
    var effect: UInt64 = 0

    /// Makes a question about how much was counted.
    public init(_ quantity: StickQuantity, of subject: Subject, in tableIndex: Int? = nil) {
        self.init(.value(quantity), of: subject, in: tableIndex)
    }

    /// Makes a question.
    public init(_ asked: Asked, of subject: Subject, in tableIndex: Int? = nil) {
        self.asked = asked
        self.subject = subject
        self.tableIndex = tableIndex
    }

    /// What of a connection is the key, where it is not tracked by it.
    var key: ConnectionKey? { if case .key(let key) = subject { key } else { nil } }
}

// MARK: - What rules name

extension RulePlan {
    /// The tables, some of them several times.
    var tableIndices: [Int] {
        allRules.tableIndices + pools.flatMap(\.condition.tableIndices)
    }

    /// The numbers of trackings.
    var trackingNumbers: [Int] {
        allRules.trackingNumbers + pools.flatMap(\.condition.trackingNumbers)
    }

    /// What of a connection is a key in a table.
    var keys: [ConnectionKey] {
        allRules.keys + pools.flatMap(\.condition.keys) + pools.compactMap(\.key)
    }

    private var allRules: [Rule] { connection + session + content }
}

extension [Rule] {
    /// The tables, some of them several times.
    var tableIndices: [Int] { compactMap(\.tableIndex) + flatMap(\.condition.tableIndices) }

    /// The numbers of trackings.
    var trackingNumbers: [Int] {
        compactMap(\.trackingNumber) + flatMap(\.condition.trackingNumbers)
    }

    /// What of a connection is a key in a table.
    var keys: [ConnectionKey] { compactMap(\.key) + flatMap(\.condition.keys) }

    /// Whether one says when a connection that waits came.
    var setsOffsets: Bool {
        contains { if case .setPriorityOffset = $0.action { true } else { false } }
    }
}

extension Rule {
    /// What of a connection the action goes by.
    var key: ConnectionKey? {
        switch action {
        case .track(let tracking): tracking.key
        case .shareBandwidth(let sharing): sharing.key
        case .setVariable(_, .key(let key)), .capture(.key(let key), _): key
        default: nil
        }
    }

    fileprivate var tableIndex: Int? {
        switch action {
        case .track(let tracking): tracking.tableIndex
        case .shareBandwidth(let sharing): sharing.tableIndex
        default: nil
        }
    }

    fileprivate var trackingNumber: Int? {
        switch action {
        case .track(let tracking): tracking.number
        case .countMark(_, let number, _, _), .setTag(_, let number, _): number
        case .accept, .reject, .silentDrop, .expectProxyHeader, .setPriority,
            .setPriorityOffset, .setMark, .setServiceType, .limitBandwidth, .shareBandwidth,
            .setAddress, .setPort, .setVariable, .unsetVariable, .capture, .setLogLevel:
            nil
        }
    }
}

extension Condition {
    /// The tables that are asked, some of them several times.
    var tableIndices: [Int] { counters.compactMap(\.tableIndex) }

    /// The numbers of the trackings that are asked about.
    var trackingNumbers: [Int] {
        counters.compactMap { counter in
            if case .tracked(let number) = counter.subject { number } else { nil }
        }
    }

    /// What of a connection is asked about as a key.
    var keys: [ConnectionKey] {
        counters.compactMap { counter in
            if case .key(let key) = counter.subject { key } else { nil }
        }
    }

    private var counters: [StickQuestion] {
        questions.compactMap { question in
            if case .counter(let counter, _) = question { counter } else { nil }
        }
    }
}

/// What is decided about a connection before a server is chosen.
///
/// Lists are gone through in order; the first rule whose condition holds decides.
public struct RulePlan: Hashable, Sendable {
    /// Rules as soon as a connection is accepted (`tcp-request connection`).
    public var connection: [Rule] = []
    /// Rules once the PROXY header was read (`tcp-request session`).
    public var session: [Rule] = []
    /// Rules that may look at what the client says first (`tcp-request content`).
    public var content: [Rule] = []
    /// How long rules wait for what the client says (`tcp-request inspect-delay`).
    public var inspectDelay = Duration.zero
    /// Which pool serves (`use_backend`); the frontend's own when none holds.
    public var pools: [PoolRule] = []
    /// Whether a connection that no rule gives a pool is closed.
    public var refusesOthers = false

    /// Makes no rule.
    public init() {}

    /// Whether a rule says when a connection that waits came.
    var setsOffsets: Bool { (connection + session + content).setsOffsets }

    /// When rules hold.
    var conditions: [Condition] {
        (connection + session + content).map(\.condition) + pools.map(\.condition)
    }

    /// Whether nothing is decided.
    public var isEmpty: Bool {
        connection.isEmpty && session.isEmpty && content.isEmpty && pools.isEmpty
    }
}

/// One rule.
public struct Rule: Hashable, Sendable {
    /// What a rule does with a connection; after all but the first three cases the further rules of the list
    /// are asked.
    public enum Action: Hashable, Sendable {
        /// It goes on.
        case accept
        /// It is closed.
        case reject
        /// It is closed, and the client is not told (`silent-drop`).
        case silentDrop
        /// It begins with a PROXY header (`expect-proxy layer4`); in ``RulePlan/connection`` only.
        case expectProxyHeader
        /// It is counted (`track-sc0`).
        case track(Tracking)
        /// The mark counters of the key that it is tracked by are increased by so much, of an array those
        /// at an index (`sc-inc-gpc0`, `sc-inc-gpc1`, `sc-inc-gpc`, `sc-add-gpc`); in ``RulePlan/content``,
        /// too, once for each connection.
        case countMark(StickQuantity, Int, index: Int = 0, count: UInt32 = 1)
        /// The tag of the key that it is tracked by is set, or with an index that of its array
        /// (`sc-set-gpt0`, `sc-set-gpt`).
        case setTag(UInt32, Int, index: Int? = nil)
        /// Where it has to wait for a server it is served before those of a greater number; 0 without
        /// (`set-priority-class`). See ``priorities``.
        case setPriority(Int)
        /// Where it has to wait for a server it stands among those of its class as if it had come so many
        /// milliseconds later, or earlier (`set-priority-offset`). See ``priorityOffsets``.
        case setPriorityOffset(Int)
        /// Its packets to the client carry this mark for the host's own routing (`set-mark`, SO_MARK); only
        /// where the process has CAP_NET_ADMIN or CAP_NET_RAW.
        case setMark(UInt32)
        /// Its packets to the client carry this type of service, or traffic class (`set-tos`).
        case setServiceType(UInt8)
        /// Bytes for an end leave no faster from here on (`set-bandwidth-limit`).
        case limitBandwidth(BandwidthLimit)
        /// Its bytes share a bandwidth with those of others from here on (`set-bandwidth-limit` of a filter
        /// with a key).
        case shareBandwidth(BandwidthSharing)
        /// An end of the connection is told to have this address from here on, to rules, keys, logs and
        /// servers (`set-src`, `set-dst`). Its port stays; where there is no such address, all does.
        case setAddress(of: ConnectionKey.End, AddressValue)
        /// The same with a port (`set-src-port`, `set-dst-port`).
        case setPort(of: ConnectionKey.End, PortValue)
        /// The variable at this position in ``BalancerPlan/variables`` is set (`set-var`).
        case setVariable(Int, VariableSource)
        /// It has no value from here on (`unset-var`).
        case unsetVariable(Int)
        /// Log lines tell this under one of the numbers of ``FrontendPlan/captureLengths`` (`capture`); in
        /// ``RulePlan/content`` only.
        case capture(VariableSource, Int)
        /// Its log line is of this severity, 0 to 7; `nil`: there is no line (`set-log-level`).
        case setLogLevel(Int?)

        /// haproxy's classes.
        public static let priorities = -2047...2047
        /// haproxy's offsets, in milliseconds.
        public static let priorityOffsets = -524_287...524_287
    }

    /// What it does.
    public var action: Action
    /// When.
    public var condition: Condition
    /// Its bit among ``EffectNumbers``; 0: it is carried out each time it is asked.
    var effect: UInt64 = 0

    /// Makes a rule.
    public init(_ action: Action, if condition: Condition = .always) {
        self.action = action
        self.condition = condition
    }
}

/// A rule that chooses a pool.
public struct PoolRule: Hashable, Sendable {
    /// Which one.
    public enum Target: Hashable, Sendable {
        /// The one at this position in ``BalancerPlan/pools``.
        case pool(Int)
        /// The one that something of the connection stands for; where it is none, the frontend's own.
        case table(PoolTable)
    }

    /// Which pool.
    public var target: Target
    /// When.
    public var condition: Condition

    /// Makes a rule.
    public init(_ target: Target, if condition: Condition = .always) {
        self.target = target
        self.condition = condition
    }

    /// Makes a rule that leads to the pool at a position.
    public init(_ poolIndex: Int, if condition: Condition = .always) {
        self.init(.pool(poolIndex), if: condition)
    }

    /// The pools that it may lead to.
    var poolIndices: Set<Int> {
        switch target {
        case .pool(let index): [index]
        case .table(let table): table.poolIndices
        }
    }

    /// What of a connection is looked up.
    var key: ConnectionKey? {
        if case .table(let table) = target { table.key } else { nil }
    }
}

extension PoolRule.Target {
    /// The same with something else in place of each pool.
    func mapped(_ place: (Int) -> Int) -> Self {
        switch self {
        case .pool(let index): .pool(place(index))
        case .table(let table): .table(table.mapped(place))
        }
    }
}

/// A condition: alternatives, of which one has to hold; in each, every term has to.
public struct Condition: Hashable, Sendable {
    /// A question, or its opposite.
    public struct Term: Hashable, Sendable {
        /// The questions of which one has to hold: an `acl` may have several lines.
        public var questions: [Question]
        /// Whether none may hold instead.
        public var isNegated: Bool

        /// Makes a term.
        public init(_ questions: [Question], isNegated: Bool = false) {
            self.questions = questions
            self.isNegated = isNegated
        }
    }

    /// The alternatives.
    public var alternatives: [[Term]]
    /// Whether the opposite is meant (`unless`).
    public var isNegated: Bool

    /// Makes a condition.
    public init(_ alternatives: [[Term]], isNegated: Bool = false) {
        self.alternatives = alternatives
        self.isNegated = isNegated
    }

    /// One that holds.
    public static let always = Condition([[]])

    /// The questions of all terms.
    var questions: [Question] { alternatives.joined().flatMap(\.questions) }
}

/// A question about a connection.
public enum Question: Hashable, Sendable {
    /// Always yes (`always_true`), or never.
    case constant(Bool)
    /// Whether the time to look at what the client says is over (`wait_end`).
    case waitIsOver
    /// Whether the client's address is in one of these networks (`src`).
    case source(PrefixTable)
    /// Whether the address that the client connected to is (`dst`).
    case destination(PrefixTable)
    /// The client's port (`src_port`).
    case sourcePort([ClosedRange<Int>])
    /// The port that the client connected to (`dst_port`).
    case destinationPort([ClosedRange<Int>])
    /// The name that the client asks for by TLS (`req.ssl_sni`).
    case serverName(TextPatterns)
    /// A protocol that the client offers by TLS (`req.ssl_alpn`).
    case protocolName(TextPatterns)
    /// The type of the client's first TLS message, 1 for a client hello (`req.ssl_hello_type`).
    case helloType([ClosedRange<Int>])
    /// How many bytes the client has sent (`req.len`).
    case byteCount([ClosedRange<Int>])
    /// The version that the client's first TLS message names, the major one times 65,536 and the minor
    /// one (`req.ssl_ver`).
    case tlsVersion([ClosedRange<Int>])
    /// What a pool has at the moment.
    case pool(PoolQuantity, poolIndex: Int, [ClosedRange<Int>])
    /// Whether a server is up (`srv_is_up`); one that is not there is not.
    case serverIsUp(poolIndex: Int, serverName: String)
    /// What a server has at the moment; one that is not there has nothing.
    case server(ServerLoad, poolIndex: Int, serverName: String, [ClosedRange<Int>])
    /// How many connections a frontend has (`fe_conn`), `nil` being the client's own; one that is not
    /// there has none.
    case connectionCount(frontendName: String?, [ClosedRange<Int>])
    /// How many connections rules of `connection` and `session` of a frontend have let pass within a second
    /// (`fe_sess_rate`), `nil` being the client's own; of one that is not there none.
    case sessionRate(frontendName: String?, [ClosedRange<Int>])
    /// How many connections the listening socket has that the client came by, this one included
    /// (`dst_conn`).
    case listenerConnections([ClosedRange<Int>])
    /// That socket's number (`so_id`).
    case listenerNumber([ClosedRange<Int>])
    /// A number that is drawn whenever it is asked for, from 0 to below a bound of 1 or more (`rand`).
    case random(below: Int, [ClosedRange<Int>])
    /// What is known of the client's TLS that ended here (`ssl_fc_sni` and its like).
    case securedText(SecuredText, TextPatterns)
    /// What the client's PROXY header says by an extension of this type (`fc_pp_authority` and its like).
    case headerText(UInt8, TextPatterns)
    /// The same as a number (`ssl_fc` and its like).
    case securedNumber(SecuredNumber, [ClosedRange<Int>])
    /// What of the client's bytes stands from an offset on (`req.payload`), within the first
    /// ``ClientHello/longestByteCount``; of length 0: all that has come.
    case payload(offset: Int, length: Int, TextPatterns)
    /// The value of the cookie that a client of RDP begins with (`req.rdp_cookie`).
    case rdpCookie(RDPCookie.Name, TextPatterns)
    /// How many such cookies there are, 0 or 1 (`req.rdp_cookie_cnt`).
    case rdpCookieCount(RDPCookie.Name, [ClosedRange<Int>])
    /// A field of the packet that a client of MQTT begins with.
    case mqttField(MQTTConnect.Field, TextPatterns)
    /// Whether a client begins with such a packet (`mqtt_is_valid`).
    case mqttValidity
    /// What the variable at this position in ``BalancerPlan/variables`` is set to (`var`).
    case variable(Int, VariableTest)
    /// What a table counts of a key (`sc_conn_rate`, `src_conn_cur` and the like).
    case counter(StickQuestion, [ClosedRange<Int>])

    /// Whether it can only be answered by what the client says.
    public var needsContent: Bool {
        switch self {
        case .serverName, .protocolName, .helloType, .tlsVersion, .byteCount, .waitIsOver,
            .payload, .rdpCookie, .rdpCookieCount, .mqttField, .mqttValidity:
            true
        case .counter(let question, _): question.key?.needsContent == true
        case .constant, .source, .destination, .sourcePort, .destinationPort, .pool, .serverIsUp,
            .server, .connectionCount, .sessionRate, .listenerConnections, .listenerNumber, .random,
            .securedText, .securedNumber, .headerText, .variable:
            false
        }
    }

    /// Whether it is about the client's first TLS message.
    var needsHello: Bool {
        switch self {
        case .serverName, .protocolName, .helloType, .tlsVersion: true
        case .counter(let question, _): question.key?.needsHello == true
        default: false
        }
    }

    /// Whether each further byte may change the answer.
    var isOpenEnded: Bool {
        switch self {
        case .payload(_, length: 0, _), .mqttField, .mqttValidity: true
        case .counter(let question, _): question.key?.isOpenEnded == true
        default: false
        }
    }

    /// The pool that is asked about.
    var askedPool: Int? {
        switch self {
        case .pool(_, let pool, _), .serverIsUp(let pool, _), .server(_, let pool, _, _): pool
        default: nil
        }
    }
}

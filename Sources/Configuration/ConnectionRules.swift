public import VRRPCore

/// What is decided about a connection before a server is chosen.
public struct ConnectionRules: Hashable, Sendable, Codable {
    /// `tcp-request connection`.
    public var connection: [ConnectionRule] = []
    /// `tcp-request session`.
    public var session: [ConnectionRule] = []
    /// `tcp-request content`.
    public var content: [ConnectionRule] = []
    /// `tcp-request inspect-delay`; `nil`: not said.
    public var inspectDelay: Duration?
    /// `use_backend`.
    public var backends: [BackendRule] = []
    /// Whether connections that no `use_backend` takes are closed: there is no default.
    public var refusesOthers = false
    /// Bytes that each capture of the section keeps, by the captures' numbers.
    public var captureLengths: [Int] = []

    /// Makes no rule.
    public init() {}

    /// Whether nothing is decided.
    public var isEmpty: Bool {
        connection.isEmpty && session.isEmpty && content.isEmpty && backends.isEmpty
    }
}

/// A rule of `tcp-request`.
public struct ConnectionRule: Hashable, Sendable, Codable {
    /// What it does; after all but the first three cases further rules are asked.
    public enum Action: Hashable, Sendable, Codable {
        /// The connection goes on.
        case accept
        /// It is closed.
        case reject
        /// It is closed without telling the client (`silent-drop`).
        case silentDrop
        /// It begins with a PROXY header (`expect-proxy layer4`).
        case expectProxy
        /// It is counted in a table (`track-sc0` to `track-sc2`).
        case track(TrackingSettings)
        /// The key that it is tracked by under this number gets so many marks, of ``StickDatum/marks``,
        /// ``StickDatum/secondMarks`` or an element of ``StickDatum/markArray`` (`sc-inc-gpc0`,
        /// `sc-inc-gpc1`, `sc-inc-gpc`, `sc-add-gpc`).
        case countMark(StickDatum, Int, index: Int = 0, count: UInt32 = 1)
        /// The key that it is tracked by under this number gets a tag, or with an index one of an array
        /// (`sc-set-gpt0`, `sc-set-gpt`).
        case setTag(UInt32, Int, index: Int? = nil)
        /// Where it has to wait it is served before those of a greater number, -2047 to 2047
        /// (`set-priority-class`).
        case setPriority(Int)
        /// Where it has to wait it stands among those of its class as if it had come so many milliseconds
        /// later, -524287 to 524287 (`set-priority-offset`).
        case setPriorityOffset(Int)
        /// Its packets to the client carry this mark (`set-mark`).
        case setMark(UInt32)
        /// Its packets to the client carry this type of service (`set-tos`).
        case setServiceType(UInt8)
        /// So many bytes of a second pass at most, one way (`set-bandwidth-limit`).
        case limitBandwidth(TransferDirection, bytesPerSecond: Int)
        /// It shares a bandwidth with others (`set-bandwidth-limit` of a filter with `limit` and `key`).
        case shareBandwidth(SharedBandwidth)
        /// An end is told to have this address from here on (`set-src`, `set-dst`).
        case setAddress(of: ConnectionEnd, AddressExpression)
        /// An end is told to have this port from here on (`set-src-port`, `set-dst-port`).
        case setPort(of: ConnectionEnd, PortExpression)
        /// A variable is set (`set-var`), at most ``VariableName/most`` of a configuration.
        case setVariable(VariableName, VariableExpression)
        /// It has no value from here on (`unset-var`).
        case unsetVariable(VariableName)
        /// What log lines tell under the capture's number (`capture`).
        case capture(VariableExpression, Int)
        /// Its log line is of this severity, 0 to 7; `nil`: there is none (`set-log-level`).
        case setLogLevel(Int?)
    }

    /// What it does.
    public var action: Action
    /// When.
    public var condition: RuleCondition

    /// Whether it can only be followed by what the client says.
    var needsContent: Bool {
        switch action {
        case .track(let tracking) where tracking.key.needsContent: return true
        case .shareBandwidth(let shared) where shared.key.needsContent: return true
        case .setVariable(_, let value) where value.key?.needsContent == true: return true
        case .capture(let value, _) where value.key?.needsContent == true: return true
        default: break
        }
        return condition.alternatives.joined().flatMap(\.questions).contains(where: \.needsContent)
    }

    /// Makes a rule.
    public init(action: Action, condition: RuleCondition) {
        self.action = action
        self.condition = condition
    }
}

/// What a connection is counted by.
public struct TrackingSettings: Hashable, Sendable, Codable {
    /// The number of the tracking, 0 to ``count`` - 1.
    public var number: Int
    /// What of the connection is the key.
    public var key: ConnectionKeyName
    /// The table's name.
    public var tableName: String

    /// How many a connection can have.
    public static let count = 3

    /// Makes settings.
    public init(number: Int, key: ConnectionKeyName, tableName: String) {
        self.number = number
        self.key = key
        self.tableName = tableName
    }
}

/// What stands after `if` or `unless`.
public struct RuleCondition: Hashable, Sendable, Codable {
    /// An access list, or its opposite: one of its questions has to be answered by yes.
    public struct Term: Hashable, Sendable, Codable {
        /// The questions.
        public var questions: [ConnectionQuestion]
        /// Whether `!` stands before it.
        public var isNegated: Bool

        /// Makes a term.
        public init(questions: [ConnectionQuestion], isNegated: Bool = false) {
            self.questions = questions
            self.isNegated = isNegated
        }
    }

    /// Alternatives (`or`); in each, every term has to hold.
    public var alternatives: [[Term]]
    /// Whether it stands after `unless`.
    public var isNegated: Bool

    /// Makes a condition; by default one that holds.
    public init(alternatives: [[Term]] = [[]], isNegated: Bool = false) {
        self.alternatives = alternatives
        self.isNegated = isNegated
    }
}

/// What an access list asks.
public enum ConnectionQuestion: Hashable, Sendable, Codable {
    /// `always_true`, `always_false`.
    case constant(Bool)
    /// `wait_end`.
    case waitIsOver
    /// `src`.
    case source([AddressPrefix])
    /// `dst`.
    case destination([AddressPrefix])
    /// `src_port`.
    case sourcePort([ClosedRange<Int>])
    /// `dst_port`.
    case destinationPort([ClosedRange<Int>])
    /// `req.ssl_sni`.
    case serverName([NameMatch])
    /// `req.ssl_alpn`.
    case protocolName([NameMatch])
    /// `req.ssl_hello_type`.
    case helloType([ClosedRange<Int>])
    /// `req.len`.
    case byteCount([ClosedRange<Int>])
    /// `req.ssl_ver`: the major number times 65,536 and the minor one.
    case tlsVersion([ClosedRange<Int>])
    /// `nbsrv(BACKEND)` and its like.
    case pool(BackendQuantity, backendName: String, [ClosedRange<Int>])
    /// `srv_is_up(BACKEND/SERVER)`.
    case serverIsUp(ServerReference)
    /// `srv_conn(BACKEND/SERVER)` and its like.
    case server(ServerQuantity, ServerReference, [ClosedRange<Int>])
    /// `fe_conn(FRONTEND)`; `nil`: the frontend that the rule stands in.
    case connectionCount(frontendName: String?, [ClosedRange<Int>])
    /// `fe_sess_rate(FRONTEND)`; `nil`: the frontend that the rule stands in.
    case sessionRate(frontendName: String?, [ClosedRange<Int>])
    /// `dst_conn`.
    case listenerConnections([ClosedRange<Int>])
    /// `so_id`.
    case listenerNumber([ClosedRange<Int>])
    /// `rand(COUNT)`: a number from 0 to below the count.
    case random(below: Int, [ClosedRange<Int>])
    /// `ssl_fc_sni` and its like.
    case tlsText(TLSText, [NameMatch])
    /// `ssl_fc` and its like.
    case tlsNumber(TLSNumber, [ClosedRange<Int>])
    /// `fc_pp_authority` and its like, by the extension's type.
    case headerText(UInt8, [NameMatch])
    /// `req.payload(OFFSET,LENGTH)`.
    case payload(PayloadSlice, [NameMatch])
    /// `req.rdp_cookie(NAME)`; of any name, if it is empty.
    case rdpCookie(String, [NameMatch])
    /// `req.rdp_cookie_cnt(NAME)`.
    case rdpCookieCount(String, [ClosedRange<Int>])
    /// `req.payload(0,0),mqtt_field_value(connect,FIELD)`.
    case mqttField(MQTTField, [NameMatch])
    /// `req.payload(0,0),mqtt_is_valid`.
    case mqttValidity
    /// `var(NAME)`.
    case variable(VariableName, VariableComparison)
    /// `sc_conn_rate`, `src_conn_cur` and their like.
    case counter(CounterQuestion, [ClosedRange<Int>])

    /// Whether the answer lies in what the client says.
    var needsContent: Bool {
        switch self {
        case .waitIsOver, .serverName, .protocolName, .helloType, .tlsVersion, .byteCount,
            .payload, .rdpCookie, .rdpCookieCount, .mqttField, .mqttValidity:
            true
        case .counter(let question, _): question.key?.needsContent == true
        case .constant, .source, .destination, .sourcePort, .destinationPort, .pool, .serverIsUp,
            .server, .connectionCount, .sessionRate, .listenerConnections, .listenerNumber, .random,
            .tlsText, .tlsNumber, .headerText, .variable:
            false
        }
    }
}

extension ConnectionQuestion {
    /// Whether asking changes something.
    var hasEffect: Bool {
        guard case .counter(let question, _) = self else { return false }
        switch question.asked {
        case .increase, .clear: return true
        case .value, .presence, .trackers, .server: return false
        }
    }

    /// Whether the answer lies in the client's first TLS message.
    var needsHello: Bool {
        switch self {
        case .serverName, .protocolName, .helloType, .tlsVersion: true
        default: false
        }
    }
}

/// A part of the first bytes that a client sends.
public struct PayloadSlice: Hashable, Sendable, Codable {
    /// Bytes before it.
    public var offset: Int
    /// Its bytes; 0: all that have come.
    public var length: Int

    /// Makes a part; it ends within the first ``most`` bytes.
    public init(offset: Int, length: Int) {
        self.offset = offset
        self.length = length
    }

    /// Bytes that can be looked at.
    public static let most = 16_384
}

/// A part of the first bytes that a client sends whose length stands among them.
public struct PayloadPart: Hashable, Sendable, Codable {
    /// Where its length stands, the greatest byte first.
    public var length: PayloadSlice
    /// Where it begins.
    public var offset: Int

    /// Makes a part that begins behind its length.
    public init(length: PayloadSlice) {
        self.length = length
        offset = length.offset + length.length
    }

    /// How a sample says where it begins; empty: behind its length.
    var startText: String { offset == length.offset + length.length ? "" : ",\(offset)" }
}

/// What an access list asks of a table.
public struct CounterQuestion: Hashable, Sendable, Codable {
    /// Which entry it is about.
    public enum Subject: Hashable, Sendable, Codable {
        /// That of the key that the connection is tracked by under this number.
        case tracked(Int)
        /// That of a key of its own.
        case key(ConnectionKeyName)
    }

    /// What is asked for.
    public enum Asked: Hashable, Sendable, Codable {
        /// How much was counted; of an array, as the second value says, in which element.
        case value(StickDatum, Int = 0)
        /// How much it is once one was added.
        case increase(StickDatum, Int = 0)
        /// How much it was before it became 0.
        case clear(StickDatum, Int = 0)
        /// Whether there is an entry: 1 or 0.
        case presence
        /// By how many trackings it is held.
        case trackers
        /// The number of the server that it belongs to; 0: none.
        case server
    }

    /// What is asked for.
    public var asked: Asked
    /// Which entry it is about.
    public var subject: Subject
    /// The table's name; `nil`: the one that the key is tracked in.
    public var tableName: String?

    /// Makes a question about how much was counted.
    public init(_ datum: StickDatum, of subject: Subject, in tableName: String? = nil) {
        self.init(.value(datum), of: subject, in: tableName)
    }

    /// Makes a question.
    public init(_ asked: Asked, of subject: Subject, in tableName: String? = nil) {
        self.asked = asked
        self.subject = subject
        self.tableName = tableName
    }

    /// What of a connection is the key, where it is not tracked by it.
    var key: ConnectionKeyName? { if case .key(let key) = subject { key } else { nil } }

    /// What has to be counted, one of these; none: anything will do.
    var data: [StickDatum] {
        switch asked {
        case .value(let datum, _), .clear(let datum, _): [datum]
        case .increase(let datum, _): datum.increased
        case .presence, .trackers, .server: []
        }
    }

    /// Of an array, which element it is about.
    var index: Int {
        switch asked {
        case .value(_, let index), .increase(_, let index), .clear(_, let index): index
        case .presence, .trackers, .server: 0
        }
    }
}

extension StickDatum {
    /// What grows with a mark, one of which has to be counted.
    var increased: [StickDatum] {
        switch self {
        case .marks: [.marks, .markRate]
        case .secondMarks: [.secondMarks, .secondMarkRate]
        case .markArray: [.markArray, .markRateArray]
        default: [self]
        }
    }
}

/// A network.
public struct AddressPrefix: Hashable, Sendable, Codable {
    /// An address in it.
    public var address: IPAddress
    /// Leading bits that count, 0 to 32 or 128.
    public var length: Int

    /// Makes a network.
    public init(address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }
}

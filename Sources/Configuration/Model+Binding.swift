public import VRRPCore

/// A rule by which clients belong to servers (`stick`).
public struct StickRuleSettings: Hashable, Sendable, Codable {
    /// The section whose table remembers the server; it may be that of others, too.
    public var tableName: String
    /// What clients are told apart by.
    public var key: ConnectionKeyName
    /// Whether a client goes to his server (`stick on`, `stick match`).
    public var matches = true
    /// Whether his server is remembered (`stick on`, `stick store-request`).
    public var stores = true
    /// When.
    public var condition = RuleCondition()

    /// The most of a section.
    public static let most = 16

    /// Makes a rule that does both.
    public init(tableName: String, key: ConnectionKeyName) {
        self.tableName = tableName
        self.key = key
    }
}

/// What of a connection is a key: in a table, or of a hash.
public indirect enum ConnectionKeyName: Hashable, Sendable, Codable {
    /// The client's address (`src`).
    case source
    /// The client's port (`src_port`).
    case sourcePort
    /// The address that the client connected to (`dst`).
    case destination
    /// The port that the client connected to (`dst_port`).
    case destinationPort
    /// The name that the client asks for by TLS (`req.ssl_sni`).
    case serverName
    /// The first protocol that the client offers by TLS (`req.ssl_alpn`).
    case protocolName
    /// What is known of the client's TLS that ended here (`ssl_fc_sni` and its like).
    case tlsText(TLSText)
    /// What the client's PROXY header says by an extension of this type (`fc_pp_authority` and its like).
    case headerText(UInt8)
    /// `req.payload(OFFSET,LENGTH)`; the length is above 0.
    case payload(PayloadSlice)
    /// `req.payload_lv(OFFSET,LENGTH,START)`.
    case countedPayload(PayloadPart)
    /// The value of a client's cookie in RDP (`req.rdp_cookie`): of this name, at most 32 bytes; of any, if it
    /// is empty.
    case rdpCookie(String)
    /// A field of the packet that a client of MQTT begins with
    /// (`req.payload(0,0),mqtt_field_value(connect,FIELD)`).
    case mqttField(MQTTField)
    /// Another one, converted: an address by ``KeyConverter/mask(_:_:)``, a text by the others.
    case converted(ConnectionKeyName, KeyConverter)

    /// haproxy's name.
    public var name: String {
        switch self {
        case .source: "src"
        case .sourcePort: "src_port"
        case .destination: "dst"
        case .destinationPort: "dst_port"
        case .serverName: "req.ssl_sni"
        case .protocolName: "req.ssl_alpn"
        case .tlsText(let text): text.sampleName
        case .headerText(let type): HeaderTextNames.sample(type)
        case .payload(let slice): "req.payload(\(slice.offset),\(slice.length))"
        case .countedPayload(let part):
            "req.payload_lv(\(part.length.offset),\(part.length.length)\(part.startText))"
        case .rdpCookie(let name): name.isEmpty ? "req.rdp_cookie" : "req.rdp_cookie(\(name))"
        case .mqttField(let field): "req.payload(0,0),mqtt_field_value(connect,\(field.rawValue))"
        case .converted(let key, let converter): "\(key.name),\(converter)"
        }
    }

    /// Whether it lies in a TLS handshake that ends here.
    var needsHandshake: Bool {
        switch self {
        case .tlsText: true
        case .converted(let key, _): key.needsHandshake
        default: false
        }
    }

    /// Whether it lies in the client's first TLS message.
    var needsHello: Bool {
        switch self {
        case .serverName, .protocolName: true
        case .converted(let key, _): key.needsHello
        default: false
        }
    }

    /// Whether it lies in what the client says.
    public var needsContent: Bool {
        switch self {
        case .source, .sourcePort, .destination, .destinationPort, .tlsText, .headerText: false
        case .serverName, .protocolName, .payload, .countedPayload, .rdpCookie, .mqttField: true
        case .converted(let key, _): key.needsContent
        }
    }
}

/// What of the packet that a client of MQTT begins with can be asked for; haproxy's names.
public enum MQTTField: String, Hashable, Sendable, Codable, CaseIterable {
    /// By which the server knows its session.
    case clientIdentifier = "client_identifier"
    /// Whom it logs in as.
    case userName = "username"
}

/// What a key is converted by.
public enum KeyConverter: Hashable, Sendable, Codable {
    /// Into small letters (`lower`).
    case lower
    /// Into capital letters (`upper`).
    case upper
    /// Into a network, by masks (`ipmask`); without one of IPv6 such an address is no key.
    case mask(IPv4Address, IPv6Address?)
}

extension KeyConverter: CustomStringConvertible {
    /// As haproxy's files have it.
    public var description: String {
        switch self {
        case .lower: "lower"
        case .upper: "upper"
        case .mask(let four, let six):
            "ipmask(\(four)\(six.map { ",\($0)" } ?? ""))"
        }
    }
}

/// What is remembered and counted of keys (`stick-table`).
public struct StickTableSettings: Hashable, Sendable, Codable {
    /// What is a key; haproxy's names.
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Addresses of IPv4; others are not known.
        case ip
        /// Addresses of either version.
        case ipv6
        /// Numbers of 32 bits.
        case integer
        /// Texts.
        case string
        /// Bytes.
        case binary
    }

    /// What is counted.
    public struct Counter: Hashable, Sendable, Codable {
        /// What.
        public var datum: StickDatum
        /// Over how long a rate counts; of the others `nil`.
        public var period: Duration?
        /// How many elements an array has, 1 to ``StickTableSettings/longestArray``; of the others 1.
        public var count: Int

        /// Makes a counter.
        public init(datum: StickDatum, period: Duration? = nil, count: Int = 1) {
            self.datum = datum
            self.period = period
            self.count = count
        }

        /// Whether it counts a datum, of an array the element at an index.
        func counts(_ datum: StickDatum, _ index: Int) -> Bool {
            guard self.datum != datum else { return index < count }
            // As haproxy: the first elements are what the single ones of these names were.
            return self.datum.singles.firstIndex(of: datum).map { $0 < count } ?? false
        }
    }

    /// The section's name.
    public var name: String
    /// What is a key.
    public var kind = Kind.ip
    /// The bytes of a text, or of bytes, that are kept, 1 to ``longestKey``; of other kinds 0.
    public var keyByteCount = 0
    /// How many keys are remembered, above 0.
    public var size: Int
    /// How long after it was last used (`expire`); `nil`: as long as there is room.
    public var lifetime: Duration?
    /// Whether new keys are not remembered while there is no room (`nopurge`).
    public var keepsAll = false
    /// What is counted of each (`store`).
    public var counters: [Counter] = []
    /// Whether it has room for a server's number also where no client belongs to one (`store server_id`).
    public var hasServerNumbers = false
    /// The section of those who have it in common (`peers`); `nil`: it is this node's alone.
    public var peers: String?
    /// The name that they know it by; `nil`: ``name``.
    public var peersName: String?

    /// The most bytes of a key.
    public static let longestKey = 1024
    /// The most bytes of all keys of a table.
    public static let greatestKeyRoom = 1 << 30
    /// The most elements of an array.
    public static let longestArray = 100
    /// The most elements of the arrays of all keys of a table.
    public static let mostElements = 1 << 26

    /// Makes a table that counts nothing.
    public init(name: String, size: Int) {
        self.name = name
        self.size = size
    }
}

/// What a table counts; haproxy's names.
public enum StickDatum: String, Hashable, Sendable, Codable, CaseIterable {
    /// Connections that are tracked now.
    case connections = "conn_cur"
    /// Connections that were ever tracked.
    case connectionTotal = "conn_cnt"
    /// Of those, as many as within a period.
    case connectionRate = "conn_rate"
    /// Connections that were tracked and let pass.
    case sessionTotal = "sess_cnt"
    /// Of those, as many as within a period.
    case sessionRate = "sess_rate"
    /// Bytes from clients.
    case bytesIn = "bytes_in_cnt"
    /// Of those, as many as within a period.
    case bytesInRate = "bytes_in_rate"
    /// Bytes from servers.
    case bytesOut = "bytes_out_cnt"
    /// Of those, as many as within a period.
    case bytesOutRate = "bytes_out_rate"
    /// What rules count.
    case marks = "gpc0"
    /// Of those, as many as within a period.
    case markRate = "gpc0_rate"
    /// What rules count besides.
    case secondMarks = "gpc1"
    /// Of those, as many as within a period.
    case secondMarkRate = "gpc1_rate"
    /// A number that rules set.
    case tag = "gpt0"
    /// An array of numbers that rules set.
    case tags = "gpt"
    /// An array of what rules count.
    case markArray = "gpc"
    /// Of those, as many as within a period.
    case markRateArray = "gpc_rate"

    /// Whether it is one within a period.
    public var isRate: Bool { rawValue.hasSuffix("_rate") }

    /// Whether there are several of it.
    public var isArray: Bool { !singles.isEmpty }

    /// What the first elements of an array are called besides.
    public var singles: [StickDatum] {
        switch self {
        case .tags: [.tag]
        case .markArray: [.marks, .secondMarks]
        case .markRateArray: [.markRate, .secondMarkRate]
        default: []
        }
    }

    /// Its name, of an array that of an element: `gpc2_rate`.
    public func name(of index: Int) -> String {
        guard isArray else { return rawValue }
        let stem = rawValue.prefix { $0 != "_" }
        return "\(stem)\(index)\(rawValue.dropFirst(stem.count))"
    }
}

/// A rule that sends connections of a pool to one server (`use-server`).
public struct ServerRule: Hashable, Sendable, Codable {
    /// The server's name.
    public var serverName: String
    /// When.
    public var condition: RuleCondition

    /// Makes a rule.
    public init(serverName: String, condition: RuleCondition) {
        self.serverName = serverName
        self.condition = condition
    }
}

extension Backend {
    /// When its rules hold.
    var ruleConditions: [RuleCondition] {
        var conditions = contentRules.map(\.condition)
        conditions += serverRules.map(\.condition)
        conditions += stickRules.map(\.condition)
        return conditions + persistenceRules.map(\.condition)
    }
}

/// A rule that says whether clients get their own server while that is down: of several whose conditions
/// hold, the first counts.
public struct PersistenceRule: Hashable, Sendable, Codable {
    /// Whether they do, and get no other (`force-persist`), or not (`ignore-persist`).
    public var isForced: Bool
    /// When.
    public var condition: RuleCondition

    /// Makes a rule.
    public init(isForced: Bool, condition: RuleCondition) {
        self.isForced = isForced
        self.condition = condition
    }
}

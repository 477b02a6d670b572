internal import LinuxIO

/// What of a connection is a key: in a table, or of a hash.
public enum ConnectionKey: Hashable, Sendable {
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
    case securedText(SecuredText)
    /// What the client's PROXY header says by an extension of this type (`fc_pp_authority` and its like).
    case headerText(UInt8)
    /// What of the client's bytes stands from an offset on, once all of it has come
    /// (`req.payload`), within the first ``ClientHello/longestByteCount``; the length is above 0.
    case payload(offset: Int, length: Int)
    /// A part of the client's bytes whose length stands before it (`req.payload_lv`).
    case countedPayload(CountedPayload)
    /// The value of the cookie that a client of RDP begins with (`req.rdp_cookie`).
    case rdpCookie(RDPCookie.Name)
    /// A field of the packet that a client of MQTT begins with (`req.payload(0,0),mqtt_field_value(…)`); an
    /// empty one is no key.
    case mqttField(MQTTConnect.Field)
    /// The network of an address (`src,ipmask(24)`).
    case network(of: End, AddressMask)
    /// A text with all its letters in one case (`req.ssl_sni,lower`); bytes end at a zero.
    case cased(Text, LetterCase)

    /// An end of a connection.
    public enum End: Hashable, Sendable {
        /// The client's.
        case source
        /// The one that he connected to.
        case destination
    }

    /// What of the client's words is a key.
    public enum Text: Hashable, Sendable {
        /// As ``ConnectionKey/serverName``.
        case serverName
        /// As ``ConnectionKey/protocolName``.
        case protocolName
        /// As ``ConnectionKey/securedText(_:)``.
        case securedText(SecuredText)
        /// As ``ConnectionKey/headerText(_:)``.
        case headerText(UInt8)
        /// As ``ConnectionKey/payload(offset:length:)``.
        case payload(offset: Int, length: Int)
        /// As ``ConnectionKey/rdpCookie(_:)``.
        case rdpCookie(RDPCookie.Name)
    }

    /// What it is made of, where that is converted: the same as the client has it.
    var unconverted: ConnectionKey {
        switch self {
        case .network(of: .source, _): .source
        case .network(of: .destination, _): .destination
        case .cased(.serverName, _): .serverName
        case .cased(.protocolName, _): .protocolName
        case .cased(.securedText(let text), _): .securedText(text)
        case .cased(.headerText(let type), _): .headerText(type)
        case .cased(.payload(let offset, let length), _): .payload(offset: offset, length: length)
        case .cased(.rdpCookie(let name), _): .rdpCookie(name)
        default: self
        }
    }

    /// Whether it lies in the client's first TLS message.
    var needsHello: Bool {
        switch unconverted {
        case .serverName, .protocolName: true
        default: false
        }
    }

    /// Whether each further byte may make it whole.
    var isOpenEnded: Bool { if case .mqttField = self { true } else { false } }

    /// Whether it lies in what the client says.
    var needsContent: Bool {
        switch unconverted {
        case .payload, .countedPayload, .rdpCookie, .mqttField: true
        default: needsHello
        }
    }
}

/// The case that letters are brought into; those of ASCII alone, as in haproxy.
public enum LetterCase: Hashable, Sendable {
    /// Small letters (`lower`).
    case lower
    /// Capital letters (`upper`).
    case upper

    /// A letter in this case; another byte as it is.
    func applied(to byte: UInt8) -> UInt8 {
        switch self {
        case .lower: (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
        case .upper: (0x61...0x7a).contains(byte) ? byte & ~0x20 : byte
        }
    }
}

/// Which bits of an address count (`ipmask`).
public struct AddressMask: Hashable, Sendable {
    /// Those of an address of IPv4.
    public var ipv4: UInt32
    /// Those of one of IPv6, the upper half first; `nil`: there is no such key.
    public var ipv6: (high: UInt64, low: UInt64)? {
        get { hasIPv6 ? (high, low) : nil }
        set { (hasIPv6, high, low) = (newValue != nil, newValue?.high ?? 0, newValue?.low ?? 0) }
    }

    private var hasIPv6 = false
    private var high: UInt64 = 0
    private var low: UInt64 = 0

    /// Makes a mask; of IPv6 by default no address is a key.
    public init(ipv4: UInt32, ipv6: (high: UInt64, low: UInt64)? = nil) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }

    /// The bits of an address that count, with its port; `nil`: it is none that counts.
    func applied(to end: IPEndpoint) -> IPEndpoint? {
        guard !end.isIPv4 else { return IPEndpoint(ipv4: end.ipv4 & ipv4, port: end.port) }
        guard hasIPv6, end.isPresent else { return nil }
        return IPEndpoint(high: end.high & high, low: end.low & low, port: end.port)
    }
}

/// A rule by which clients of a pool belong to servers (`stick`).
///
/// As haproxy's: a client goes to the server that the first rule finds which knows one that is up. Of those
/// that store in one table the first for which he has a key counts alone, and the others are passed over.
public struct StickRule: Hashable, Sendable {
    /// The position in ``BalancerPlan/tables`` of the table that remembers the server; several pools may
    /// have one in common, each of which finds the server there by its name, or else by its number.
    public var tableIndex: Int
    /// What clients are told apart by: all of one key belong to one server.
    public var key: ConnectionKey
    /// Whether a client goes to his server (`stick on`, `stick match`).
    public var matches = true
    /// Whether his server is remembered (`stick on`, `stick store-request`).
    public var stores = true
    /// When; what it asks is answered once, before a server is chosen.
    public var condition = Condition.always

    /// The most of a pool.
    public static let most = 16

    /// Has each client go to his server, which a table remembers.
    public init(in tableIndex: Int, by key: ConnectionKey = .source) {
        self.tableIndex = tableIndex
        self.key = key
    }
}

/// A rule that sends connections of a pool to one server, if that is up (`use-server`).
public struct ServerRule: Hashable, Sendable {
    /// The server's name.
    public var serverName: String
    /// When.
    public var condition: Condition

    /// Makes a rule.
    public init(_ serverName: String, if condition: Condition = .always) {
        self.serverName = serverName
        self.condition = condition
    }
}

/// A rule that says whether connections of a pool go to their own server while that is down: of several
/// whose conditions hold, the first counts.
public struct ForcingRule: Hashable, Sendable {
    /// Whether they do, and to no other (`force-persist`), or not (`ignore-persist`).
    public var isForced: Bool
    /// When.
    public var condition: Condition

    /// Makes a rule.
    public init(isForced: Bool, if condition: Condition) {
        self.isForced = isForced
        self.condition = condition
    }
}

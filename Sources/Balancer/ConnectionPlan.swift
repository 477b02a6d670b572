public import LinuxIO

/// How connections to a server are made.
public struct ConnectionPlan: Hashable, Sendable {
    /// The PROXY header that a connection begins with.
    public enum Header: Hashable, Sendable {
        /// None.
        case none
        /// A line of text (`send-proxy`).
        case versionOne
        /// The binary form (`send-proxy-v2`), with what it says besides.
        case versionTwo(HeaderOptions)
    }

    /// What a header of version 2 says besides the addresses (`proxy-v2-options`).
    public struct HeaderOptions: OptionSet, Hashable, Sendable {
        /// The options' bits.
        public let rawValue: UInt8
        /// Makes a set of its bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// A checksum (`crc32c`).
        public static let checksum = HeaderOptions(rawValue: 1 << 0)
        /// The name that the client asked for by TLS (`authority`), where it has been sent by then.
        public static let authority = HeaderOptions(rawValue: 1 << 1)
        /// A number that no other connection of this node has (`unique-id`).
        public static let identifier = HeaderOptions(rawValue: 1 << 2)
        /// Whether the client's TLS ended here, by which version, and what became of his certificate
        /// (`ssl`).
        public static let security = HeaderOptions(rawValue: 1 << 3)
        /// With it, the common name of that (`cert-cn`).
        public static let commonName = HeaderOptions(rawValue: 1 << 4)
        /// With it, the cipher (`ssl-cipher`).
        public static let cipher = HeaderOptions(rawValue: 1 << 5)
    }

    /// What a header of version 2 says besides by a type of its own (`set-proxy-v2-tlv-fmt`).
    public struct HeaderText: Hashable, Sendable {
        /// The extension's type.
        public var type: UInt8
        /// What it says, as a text of 255 bytes at most; it is empty where that is not known.
        public var source: VariableSource

        /// The most of a server.
        public static let most = 16

        /// Makes an extension.
        public init(type: UInt8, source: VariableSource) {
            self.type = type
            self.source = source
        }
    }

    /// Whose address a server sees.
    public enum Source: Hashable, Sendable {
        /// This node's, as the kernel chooses.
        case automatic
        /// This address; port 0: any port.
        case address(IPEndpoint)
        /// A port of this range that no other connection to the server has, and this address, whose own
        /// port does not count; `nil`: as the kernel chooses.
        case ports(ClosedRange<UInt16>, of: IPEndpoint?)
        /// The client's address and a port of this node's choice (`usesrc clientip`).
        case clientAddress
        /// The client's address and port (`usesrc client`).
        case client

        /// Whether the kernel lets only processes with CAP_NET_ADMIN or CAP_NET_RAW do so.
        public var isTransparent: Bool { self == .clientAddress || self == .client }

        /// The ports that connections have one each of; `nil`: the kernel's, or always the same.
        var ports: ClosedRange<UInt16>? {
            if case .ports(let ports, _) = self { ports } else { nil }
        }
    }

    /// The header.
    public var header: Header
    /// Whose address the server sees (`source`).
    public var source: Source
    /// The interface that packets leave by (`interface`); `nil`: as routes have it.
    public var interface: String?
    /// How long sent bytes may stay without acknowledgement (`tcp-ut`); `nil`: as the kernel has it.
    public var userTimeout: Duration?
    /// Probes on idle connections (`option srvtcpka`); `nil`: none.
    public var keepAlive: KeepAlive?
    /// The algorithm by which bytes are sent to it, 1 to 15 bytes (`cc`); `nil`: the kernel's.
    ///
    /// An attempt fails where the kernel has it no more.
    public var congestionControl: String?

    /// What of a client, or which variable, names the one that a server which is spoken to by TLS is asked
    /// for (`sni`), a text of 255 bytes at most; `nil`: ``security`` has the name, if there is one.
    public var nameSource: VariableSource?

    /// What a header of version 2 says besides, in order, ``HeaderText/most`` at most.
    public var headerTexts: [HeaderText] = []

    /// What of clients, and which variables, are asked for.
    var sources: [VariableSource] { [nameSource].compactMap(\.self) + headerTexts.map(\.source) }

    private var securityReference: SecurityReference?

    /// Makes connections as the kernel has them.
    public init(
        header: Header = .none, source: Source = .automatic, interface: String? = nil,
        userTimeout: Duration? = nil
    ) {
        self.header = header
        self.source = source
        self.interface = interface
        self.userTimeout = userTimeout
    }

    /// What encrypts them (`ssl`), streams alone; `nil`: nothing does.
    public var security: (any ServerSecurity)? {
        get { securityReference?.security }
        set { securityReference = newValue.map(SecurityReference.init) }
    }
}

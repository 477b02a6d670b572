public import VRRPCore

/// Where a server is.
public enum ServerAddress: Hashable, Sendable, Codable {
    /// An address, `0.0.0.0` and `::` for the one that the client connected to; the port stands beside it.
    case internet(IPAddress)
    /// A Unix socket in the file system.
    case path(String)
    /// A Unix socket with an abstract name.
    case abstractName(String)
    /// A name of DNS, whose address is found while the program runs.
    case name(String)

    /// The address, if it is one of the internet.
    public var internet: IPAddress? {
        guard case .internet(let address) = self else { return nil }
        return address
    }
}

extension ServerAddress {
    /// Whether it is the address that the client connected to.
    public var isAnywhere: Bool {
        internet == .v4(IPv4Address(rawValue: 0)) || internet == .v6(.unspecified)
    }
}

extension ServerAddress: CustomStringConvertible {
    /// The address without a port, or as the file has it.
    public var description: String {
        switch self {
        case .internet(let address): address.description
        case .path(let path): "unix@\(path)"
        case .abstractName(let name): "abns@\(name)"
        case .name(let name): name
        }
    }
}

extension IPAddress {
    /// Whether it is an address that one host can have.
    public var canBeServer: Bool {
        switch self {
        case .v4(let four): (1..<224).contains(four.rawValue >> 24)
        case .v6(let six): six != .unspecified && !six.isMulticast
        }
    }
}

extension ServerAddress {
    /// Whether it is a Unix socket, of either kind.
    public var isLocal: Bool {
        switch self {
        case .path, .abstractName: true
        case .internet, .name: false
        }
    }
}

extension Server {
    /// The port, or `+OFFSET` or `-OFFSET` to the client's.
    public var portDescription: String {
        guard let portOffset else { return "\(port)" }
        return portOffset < 0 ? "\(portOffset)" : "+\(portOffset)"
    }

    /// `ADDRESS:PORT`, `NAME:PORT`, or the name of a Unix socket.
    public var endpointDescription: String {
        switch address {
        case .internet(let address): "\(address.inHostPort):\(portDescription)"
        case .name(let name): "\(name):\(portDescription)"
        case .path, .abstractName: address.description
        }
    }
}

/// How connections to a server are made.
public struct ServerConnection: Hashable, Sendable, Codable {
    /// The PROXY header that a connection begins with.
    public enum Header: Hashable, Sendable, Codable {
        /// None.
        case none
        /// `send-proxy`.
        case versionOne
        /// `send-proxy-v2`.
        case versionTwo
    }

    /// The header.
    public var header = Header.none
    /// `proxy-v2-options`: `crc32c`.
    public var headerHasChecksum = false
    /// `proxy-v2-options`: `authority`.
    public var headerHasAuthority = false
    /// What of a client's TLS that ended here that header tells (`send-proxy-v2-ssl`); `nil`: nothing.
    public var headerSecurity: HeaderSecurity?
    /// `proxy-v2-options`: `unique-id`.
    public var headerHasIdentifier = false
    /// What that header says besides, in order, ``HeaderExtension/most`` at most
    /// (`set-proxy-v2-tlv-fmt`).
    public var headerExtensions: [HeaderExtension] = []
    /// `source`, `interface`.
    public var source = ConnectionSource()
    /// How long sent bytes may stay without acknowledgement (`tcp-ut`).
    public var userTimeout: Duration?
    /// The algorithm by which bytes are sent to it, 1 to 15 bytes (`cc`); `nil`: the kernel's.
    public var congestionControl: String?

    /// Probes on idle connections (`option srvtcpka`); `nil`: none.
    public var keepAlive: KeepAliveSettings?

    /// Makes haproxy's defaults.
    public init() {}
}

/// Probes that find out whether the other end of an idle connection is still there.
public struct KeepAliveSettings: Hashable, Sendable, Codable {
    /// Silence before the first probe, 1 to 32,767 s (`clitcpka-idle`); `nil`: as the kernel has it.
    public var idle: Duration?
    /// Time between probes, 1 to 32,767 s (`clitcpka-intvl`); `nil`: as the kernel has it.
    public var interval: Duration?
    /// Probes without an answer, 1 to 127 (`clitcpka-cnt`); `nil`: as the kernel has it.
    public var count: Int?

    /// Makes probes as the kernel has them.
    public init() {}
}

/// Whose address a server sees.
public struct ConnectionSource: Hashable, Sendable, Codable {
    /// What `usesrc` says.
    public enum Transparency: Hashable, Sendable, Codable {
        /// The address below.
        case none
        /// The client's address (`usesrc clientip`).
        case clientAddress
        /// The client's address and port (`usesrc client`).
        case client
    }

    /// The address; `nil`: as the kernel chooses.
    public var address: IPAddress?
    /// The ports, of which each connection has one of its own; `nil`: any.
    public var ports: ClosedRange<UInt16>?
    /// The interface; `nil`: as routes have it.
    public var interface: String?
    /// What `usesrc` says.
    public var transparency = Transparency.none

    /// Makes one that leaves it to the kernel.
    public init() {}
}

/// What a PROXY header says by an extension of a type of its own.
public struct HeaderExtension: Hashable, Sendable, Codable {
    /// The type.
    public var type: UInt8
    /// What it says, where that is known; else it is empty.
    public var value: VariableExpression

    /// The most of a server.
    public static let most = 16

    /// Makes an extension.
    public init(type: UInt8, value: VariableExpression) {
        self.type = type
        self.value = value
    }
}

/// What a PROXY header tells of a client's TLS besides its version and whether he had a certificate.
public struct HeaderSecurity: Hashable, Sendable, Codable {
    /// The common name of his certificate (`cert-cn`, `send-proxy-v2-ssl-cn`).
    public var hasCommonName = false
    /// The cipher (`ssl-cipher`).
    public var hasCipher = false

    /// Tells nothing besides.
    public init() {}
}

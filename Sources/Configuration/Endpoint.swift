public import VRRPCore

/// Where a section listens.
public enum Endpoint: Hashable, Sendable, Codable {
    /// An address and a port; `nil`: every IPv4 address of the node, `::`: every one of IPv6.
    case internet(address: IPAddress?, port: UInt16)
    /// A Unix socket in the file system (`unix@PATH`, or a path).
    case path(String)
    /// A Unix socket with an abstract name (`abns@NAME`).
    case abstractName(String)
    /// A listening socket that whoever started the program left open (`fd@NUMBER`).
    case descriptor(Int32)

    /// Makes an endpoint of IPv4; `nil`: every address of the node.
    public init(address: IPv4Address?, port: UInt16) {
        self = .internet(address: address.map(IPAddress.v4), port: port)
    }

    /// The address; `nil`: every address of IPv4, or none that could be named.
    public var address: IPAddress? {
        guard case .internet(let address, _) = self else { return nil }
        return address
    }

    /// The port; 0 where there is none.
    public var port: UInt16 {
        guard case .internet(_, let port) = self else { return 0 }
        return port
    }
}

extension Endpoint: CustomStringConvertible {
    /// `ADDRESS:PORT`, with `*` for every address of IPv4, or as the file has it.
    public var description: String {
        switch self {
        case .internet(nil, let port): "*:\(port)"
        case .internet(let address?, let port): "\(address.inHostPort):\(port)"
        case .path(let path): "unix@\(path)"
        case .abstractName(let name): "abns@\(name)"
        case .descriptor(let number): "fd@\(number)"
        }
    }
}

extension IPAddress {
    /// The address as it stands before a colon and a port.
    var inHostPort: String { ipv6 == nil ? description : "[\(description)]" }
}

/// A place to listen at, and what is special about it: `bind`.
public struct Listener: Hashable, Sendable, Codable {
    /// The place.
    public var endpoint: Endpoint
    /// Whether datagrams come in instead of connections (`mode udp`).
    public var isDatagram = false
    /// How the TLS of clients ends here (`ssl`); `nil`: it does not.
    public var tls: ListenerTLS?
    /// `name`.
    public var name: String?
    /// Its number in its section, 1 or more (`id`); `nil`: its position, or the next free one.
    public var number: Int?
    /// The interface that clients must come in by (`interface`).
    public var interface: String?
    /// Clients that may wait to be accepted (`backlog`); `nil`: as many as the kernel lets.
    public var backlog: Int?
    /// Greatest number of concurrent connections (`maxconn`).
    public var connectionLimit: Int?
    /// Whether connections begin with a PROXY header (`accept-proxy`).
    public var acceptsProxyHeader = false
    /// The number that a NetScaler's headers begin with, which are waited for instead
    /// (`accept-netscaler-cip`); `nil`: none are.
    public var insertionMagic: UInt32?
    /// Whether a client's first packet may carry bytes (`tfo`).
    public var isFastOpen = false
    /// Whether a client counts once it has sent something (`defer-accept`).
    public var defersAccept = false
    /// Whether a client's first bytes are acknowledged with the answer (`option tcp-smart-accept`).
    public var savesAcknowledgement = false
    /// The greatest segment in bytes (`mss`).
    public var segmentByteCount: Int?
    /// How long sent bytes may stay without acknowledgement (`tcp-ut`).
    public var userTimeout: Duration?
    /// The algorithm by which it sends, 1 to 15 bytes (`cc`); `nil`: the kernel's.
    public var congestionControl: String?
    /// Probes on idle connections (`option clitcpka`); `nil`: none.
    public var keepAlive: KeepAliveSettings?
    /// Whether `::` serves IPv4 too (`v4v6`) or not (`v6only`); `nil`: as the kernel has it.
    public var servesIPv6Alone: Bool?
    /// Whether connections to foreign addresses are taken (`transparent`).
    public var isTransparent = false
    /// A Unix socket's permissions (`mode`).
    public var mode: UInt32?
    /// A Unix socket's user, by number (`user`, `uid`).
    public var userID: UInt32?
    /// A Unix socket's group, by number (`group`, `gid`).
    public var groupID: UInt32?

    /// The word that has connections begin with a header of whoever sent them here; `nil`: there is none.
    public var headerWord: String? {
        insertionMagic != nil ? "accept-netscaler-cip" : acceptsProxyHeader ? "accept-proxy" : nil
    }

    /// Makes a listener with nothing special.
    public init(_ endpoint: Endpoint) { self.endpoint = endpoint }
}

extension Frontend {
    /// Whether datagrams come in instead of connections (`mode udp`).
    public var isDatagram: Bool { listeners.contains(where: \.isDatagram) }

    /// Where it listens; set, it listens there with nothing special.
    public var endpoints: [Endpoint] {
        get { listeners.map(\.endpoint) }
        set { listeners = newValue.map(Listener.init) }
    }
}

extension StatisticsPage {
    /// Where it listens; set, it listens there with nothing special.
    public var endpoints: [Endpoint] {
        get { listeners.map(\.endpoint) }
        set { listeners = newValue.map(Listener.init) }
    }
}

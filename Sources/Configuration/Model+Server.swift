public import VRRPCore

/// A server of a pool.
public struct Server: Hashable, Sendable, Codable {
    /// The name, unique in its pool.
    public var name: String
    /// Where it listens.
    public var address: ServerAddress
    /// The port, 1 to 65535; 0 for a Unix socket, for a service whose record names the port, and where
    /// ``portOffset`` says it.
    public var port: UInt16
    /// What is added to the port that a client connected to, -65535 to 65535, for the port that the
    /// client is led to; `nil`: it has a port of its own.
    public var portOffset: Int?
    /// How its address is found; only where that is a name.
    public var resolution: ServerResolution?
    /// What orders and hashes know it by, 1 or more (`id`); `nil`: its position, from 1.
    public var number: Int?
    /// Its name among all sections and servers that have one (`guid`); `nil`: none.
    public var guid: String?
    /// What its places on a circle of hashes follow from (`hash-key`).
    public var hashKey = ServerHashKey.number
    /// How connections to it are made.
    public var connection = ServerConnection()
    /// How TLS is spoken to it (`ssl`); `nil`: not at all.
    public var tls: ServerTLS?
    /// Its share, 0 to 256; 0 takes no new connections.
    public var weight = 1
    /// Greatest number of concurrent connections to it; `nil`: unlimited.
    public var connectionLimit: Int?
    /// How many connections it takes while its pool has few (`minconn`); `nil`: as many as ever.
    public var leastConnectionLimit: Int?
    /// How many clients may wait for it alone (`maxqueue`); `nil`: as many as come.
    public var queueLimit: Int?
    /// Time from its coming up to its full share (`slowstart`); `nil`: none.
    public var slowStart: Duration?
    /// How it is checked; `nil`: it always counts as up.
    public var check: CheckSettings?
    /// Whether it serves only when no other does.
    public var isBackup = false
    /// Whether no table remembers whose server it is (`non-stick`).
    public var isNonStick = false
    /// Whether it starts in maintenance.
    public var isDisabled = false
    /// What else decides about its health.
    public var health = ServerHealthSettings()
    /// Makes a server with haproxy's defaults.
    public init(name: String, address: IPv4Address, port: UInt16) {
        self.init(name: name, at: .internet(.v4(address)), port: port)
    }

    /// Makes a server with haproxy's defaults.
    public init(name: String, at address: ServerAddress, port: UInt16) {
        self.name = name
        self.address = address
        self.port = port
    }
}

/// What a listening socket is made with; haproxy's `bind` option of each is given.
public struct ListeningOptions: Hashable, Sendable {
    /// Connections that may wait to be accepted; the kernel caps it at `somaxconn` (`backlog`).
    public var backlog: Int32
    /// The interface that connections must come in by (`interface`); `nil`: any.
    public var interface: String?
    /// Whether a socket of IPv6 serves IPv6 alone (`v6only`) or IPv4 too (`v4v6`); `nil`: as
    /// `net.ipv6.bindv6only` has it.
    public var servesIPv6Alone: Bool?
    /// Connections that may send bytes with their first packet (`tfo`); `nil`: none may.
    public var fastOpenQueue: Int32?
    /// Whether a connection counts only once its client has sent something (`defer-accept`).
    public var defersAccept = false
    /// Whether a client's first bytes are acknowledged with the answer to them, unless that takes longer
    /// than 40 ms (`option tcp-smart-accept`).
    public var savesAcknowledgement = false
    /// The greatest segment in bytes, negotiated with the client (`mss`); `nil`: the kernel's.
    public var segmentByteCount: Int32?
    /// Milliseconds that sent bytes may stay without acknowledgement (`tcp-ut`); 0: the kernel's.
    public var userTimeout: Int32 = 0
    /// The algorithm by which it sends (`cc`); `nil`: the kernel's.
    public var congestionControl: String?
    /// Probes on idle connections (`option clitcpka`); `nil`: none.
    public var keepAlive: KeepAlive?
    /// Whether connections to addresses that are not this node's are taken (`transparent`).
    public var isTransparent = false
    /// Whether it is opened beside a socket of ours that has a part of its address, and that shares
    /// it for the moment (``Socket/setShared(_:_:)``).
    public var isShared = false
    /// A Unix socket's permissions (`mode`); `nil`: anybody may connect.
    public var mode: UInt32?
    /// A Unix socket's user and group, by number (`user`, `group`).
    public var owner: (user: UInt32?, group: UInt32?) {
        get { (user, group) }
        set { (user, group) = newValue }
    }
    private var user: UInt32?
    private var group: UInt32?

    /// Makes the defaults.
    public init(backlog: Int32) { self.backlog = backlog }
}

public import LinuxIO

/// Nodes that keep tables in common (`peers`).
public struct PeersPlan: Hashable, Sendable {
    /// Another node.
    public struct Peer: Hashable, Sendable {
        /// The name that it goes by.
        public var name: String
        /// Where it listens for its peers.
        public var address: StreamAddress
        private var securityReference: SecurityReference?

        /// What encrypts connections to it; `nil`: nothing does.
        public var security: (any ServerSecurity)? {
            get { securityReference?.security }
            set { securityReference = newValue.map(SecurityReference.init) }
        }

        /// Makes a peer.
        public init(name: String, address: StreamAddress) {
            self.name = name
            self.address = address
        }
    }

    /// The section's name.
    public var name: String
    /// This node's name among them.
    public var localName: String
    /// The others, at most ``mostPeers``.
    public var peers: [Peer]
    private var listenerReferences: [ClientSecurityReference?] = []

    /// What ends the TLS of those who connect, for each listening socket; `nil`, or none: they talk in the
    /// clear.
    public var listenerSecurities: [(any ClientSecurity)?] {
        get { listenerReferences.map { $0?.security } }
        set { listenerReferences = newValue.map { $0.map(ClientSecurityReference.init) } }
    }

    /// The most peers of a node.
    public static let mostPeers = 32

    /// Makes a list of peers.
    public init(name: String, localName: String, peers: [Peer]) {
        self.name = name
        self.localName = localName
        self.peers = peers
    }
}

/// What becomes of peers, worth a line in a log.
public enum PeerNews: Hashable, Sendable {
    /// A peer is connected.
    case came(peer: String, of: String)
    /// A peer is not connected any more, and why.
    case left(peer: String, of: String, String)
    /// A peer told all that it knows.
    case taught(peer: String, of: String, isComplete: Bool)
    /// Somebody connected that is no peer, and why; not each time.
    case refused(IPEndpoint, of: String, String)
    /// A peer's table of this name has other keys.
    case unfit(table: String, peer: String, of: String)
}

/// How it stands with the peers of one section.
public struct PeersStatus: Hashable, Sendable {
    /// A peer.
    public struct Peer: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Where it listens.
        public var address: StreamAddress
        /// Whether it is connected.
        public var isConnected = false
        /// Whether it is, and has acknowledged all that there is to tell.
        public var isSynchronised = false
        /// How many times it was connected, since the section is there.
        public var sessions = 0
        /// Why it is not, as far as is known.
        public var fault: String?
        /// Messages that came from it and went to it, since the section is there.
        public var messagesIn = 0, messagesOut = 0
        /// The tables that are kept in common with it.
        public var tables: [Table] = []
    }

    /// A table as one peer has it.
    public struct Table: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// The last change here.
        public var lastChange: UInt64
        /// The last one that the peer has acknowledged.
        public var acknowledged: UInt64
        /// How many updates were learned from it.
        public var learned: Int
        /// How many updates went to it; those of a session that ended may not have come.
        public var sent: Int
    }

    /// The section's name.
    public var name: String
    /// This node's name in it.
    public var localName: String
    /// Whether this node has learned what its peers know.
    public var isComplete: Bool
    /// The peers.
    public var peers: [Peer]
}

/// Nodes that keep tables in common: a section `peers`.
public struct TablePeersStatus: Codable, Hashable, Sendable {
    /// Another node.
    public struct Peer: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Where it listens, as `ADDRESS:PORT`.
        public var address: String
        /// Whether it is connected.
        public var isConnected: Bool
        /// Whether it is, and has acknowledged all that there is to tell.
        public var isSynchronised = false
        /// How many times it was connected.
        public var sessions = 0
        /// Why it is not, as far as is known.
        public var fault: String?
        /// Messages that came from it.
        public var messagesIn: Int
        /// Messages that went to it.
        public var messagesOut: Int
        /// The tables.
        public var tables: [Table] = []

        /// Makes a peer without tables.
        public init(
            name: String, address: String, isConnected: Bool, fault: String? = nil,
            messagesIn: Int = 0, messagesOut: Int = 0
        ) {
            self.name = name
            self.address = address
            self.isConnected = isConnected
            self.fault = fault
            self.messagesIn = messagesIn
            self.messagesOut = messagesOut
        }

        private enum CodingKeys: String, CodingKey {
            case name, fault, tables, sessions
            case isSynchronised = "synchronised"
            case address = "addr"
            case isConnected = "connected"
            case messagesIn = "min"
            case messagesOut = "mout"
        }
    }

    /// A table as one peer has it.
    public struct Table: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// The number of the last change here.
        public var lastChange: UInt64
        /// That of the last one which the peer has acknowledged.
        public var acknowledged: UInt64
        /// How many updates were learned from it.
        public var learned: Int
        /// How many updates went to it.
        public var sent: Int

        /// Makes a table.
        public init(
            name: String, lastChange: UInt64, acknowledged: UInt64, learned: Int, sent: Int
        ) {
            self.name = name
            self.lastChange = lastChange
            self.acknowledged = acknowledged
            self.learned = learned
            self.sent = sent
        }

        private enum CodingKeys: String, CodingKey {
            case name, acknowledged, learned, sent
            case lastChange = "last_change"
        }
    }

    /// This node's name among them.
    public var localName: String
    /// Whether this node has learned what they know.
    public var isComplete: Bool
    /// The others.
    public var peers: [Peer] = []

    /// Makes a section without other nodes.
    public init(localName: String, isComplete: Bool) {
        self.localName = localName
        self.isComplete = isComplete
    }

    private enum CodingKeys: String, CodingKey {
        case peers
        case localName = "local"
        case isComplete = "complete"
    }
}

extension TablePeersStatus {
    /// A line for each peer, without its end.
    var lines: [String] {
        let own = "this node is \(Readable.line(localName))"
        return [isComplete ? own : own + ", and has yet to learn what its peers know"]
            + peers.map { peer in
                let tables = peer.tables.map {
                    ", \(Readable.line($0.name)) \($0.acknowledged) of \($0.lastChange) told and"
                        + " \($0.learned) learned"
                }
                let state =
                    peer.isConnected
                    ? peer.isSynchronised ? "connected, synchronised" : "connected"
                    : peer.fault.map { "not connected, \(Readable.line($0))" } ?? "not connected"
                return "peer \(Readable.line(peer.name)) at \(peer.address): \(state);"
                    + " messages \(peer.messagesIn) in, \(peer.messagesOut) out"
                    + tables.joined()
            }
    }
}

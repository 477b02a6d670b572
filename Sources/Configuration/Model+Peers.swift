public import VRRPCore

/// Nodes that keep tables in common: a section `peers`.
public struct PeersSection: Hashable, Sendable, Codable {
    /// Another node.
    public struct Peer: Hashable, Sendable, Codable {
        /// The name that it goes by.
        public var name: String
        /// Its address.
        public var address: IPAddress
        /// Its port.
        public var port: UInt16
        /// How sessions that this node begins with it do TLS (`ssl`); `nil`: they are in the clear.
        public var tls: ServerTLS?

        /// Makes a peer.
        public init(name: String, address: IPAddress, port: UInt16) {
            self.name = name
            self.address = address
            self.port = port
        }
    }

    /// The section's name.
    public var name: String
    /// This node's name among them.
    public var localName: String
    /// Where this node listens for them, and how what they begin does TLS.
    public var listeners: [Listener] = []
    /// The others.
    public var peers: [Peer] = []

    /// Makes a section without other nodes.
    public init(name: String, localName: String) {
        self.name = name
        self.localName = localName
    }

    /// The most other nodes.
    public static let mostPeers = 32
}

#if Probes
public import NIOCore

/// Whom to ask for names, and for how long an answer holds: a section `resolvers`.
///
/// haproxy's configuration manual, section 5.3.
public struct ResolverSettings: Sendable {
    /// A name server.
    public struct Server: Sendable {
        /// What reports call it.
        public let name: String
        /// Where it listens.
        public let address: SocketAddress
        /// Whether it is asked by TCP alone.
        public let usesTCP: Bool

        /// Makes a name server.
        ///
        /// - Parameters:
        ///   - name: What reports call it.
        ///   - address: Where it listens.
        ///   - usesTCP: Whether it is asked by TCP alone.
        public init(name: String, address: SocketAddress, usesTCP: Bool = false) {
            self.name = name
            self.address = address
            self.usesTCP = usesTCP
        }
    }

    /// What reports call the section.
    public let name: String
    /// The name servers; all of them are asked, and the first good answer counts.
    public let servers: [Server]
    /// How often a question is sent before it counts as unanswered (`resolve_retries`).
    public var attempts = 3
    /// Time from one sending to the next (`timeout retry`).
    public var retryInterval = Duration.seconds(1)
    /// Time to the next question after one that failed (`timeout resolve`).
    public var failureInterval = Duration.seconds(1)
    /// For how long what is known holds (`hold`).
    public var holds = Holds()
    /// How many bytes a datagram of an answer may have (`accepted_payload_size`).
    public var payloadSize: UInt16 = 512

    /// Makes haproxy's defaults.
    ///
    /// - Parameters:
    ///   - name: What reports call the section.
    ///   - servers: The name servers.
    public init(name: String, servers: [Server]) {
        self.name = name
        self.servers = servers
    }
}

extension ResolverSettings {
    /// For how long what is known of a name holds, by how the last question ended.
    public struct Holds: Hashable, Sendable {
        /// Time from an answer with addresses to the next question (`hold valid`).
        public var valid = Duration.seconds(10)
        /// How long an address may be used that the answer lacks (`hold obsolete`).
        public var obsolete = Duration.zero
        /// How long addresses are held on to while the name does not exist (`hold nx`).
        public var noSuchName = Duration.seconds(30)
        /// How long, while nobody answers (`hold timeout`).
        public var timeout = Duration.seconds(30)
        /// How long, while name servers refuse to answer (`hold refused`).
        public var refused = Duration.seconds(30)
        /// How long, while something else is wrong (`hold other`).
        public var other = Duration.seconds(30)

        /// Makes haproxy's defaults.
        public init() {}
    }
}
#endif

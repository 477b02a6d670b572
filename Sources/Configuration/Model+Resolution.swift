public import VRRPCore

/// Whom to ask for names: a section `resolvers`.
public struct ResolverSection: Hashable, Sendable, Codable {
    /// A name server.
    public struct Server: Hashable, Sendable, Codable {
        /// What reports call it.
        public var name: String
        /// Its address.
        public var address: IPAddress
        /// Its port.
        public var port: UInt16
        /// Whether it is asked by TCP alone (`tcp@`).
        public var usesTCP = false

        /// Makes a name server.
        public init(name: String, address: IPAddress, port: UInt16 = 53) {
            self.name = name
            self.address = address
            self.port = port
        }
    }

    /// The section's name.
    public var name: String
    /// The name servers.
    public var servers: [Server] = []
    /// How often a question is sent before it counts as unanswered (`resolve_retries`).
    public var attempts = 3
    /// Time from one sending to the next (`timeout retry`).
    public var retryInterval = Duration.seconds(1)
    /// Time to the next question after one that failed (`timeout resolve`).
    public var failureInterval = Duration.seconds(1)
    /// For how long what is known holds (`hold`).
    public var holds = Holds()
    /// How many bytes a datagram of an answer may have (`accepted_payload_size`).
    public var payloadSize = 512

    /// For how long what is known of a name holds, by how the last question ended.
    public struct Holds: Hashable, Sendable, Codable {
        /// Time from a good answer to the next question.
        public var valid = Duration.seconds(10)
        /// For an address that the answer lacks.
        public var obsolete = Duration.zero
        /// While the name does not exist.
        public var nx = Duration.seconds(30)
        /// While nobody answers.
        public var timeout = Duration.seconds(30)
        /// While name servers refuse to answer.
        public var refused = Duration.seconds(30)
        /// While something else is wrong.
        public var other = Duration.seconds(30)
        /// Makes haproxy's defaults.
        public init() {}
    }

    /// Makes a section that asks nobody, with haproxy's defaults.
    public init(name: String) { self.name = name }
}

/// How the address of a server is found that is configured by name.
public struct ServerResolution: Hashable, Sendable, Codable {
    /// Where its first address comes from (`init-addr`).
    public enum Beginning: Hashable, Sendable, Codable {
        /// What was known before.
        case last
        /// The host's own resolver.
        case library
        /// This address.
        case address(IPAddress)
        /// Nowhere: it waits for its name servers.
        case none
    }

    /// The section that is asked again and again; `nil`: the host's own resolver, at the start.
    public var resolvers: String?
    /// Where its first address comes from, one after the other until there is one.
    public var beginnings: [Beginning] = [.last, .library]
    /// Whether IPv6 is better than IPv4 (`resolve-prefer`).
    public var prefersIPv6 = true
    /// Networks that are better than others (`resolve-net`).
    public var networks: [AddressPrefix] = []
    /// Whether it may have the address of another server of its pool (`resolve-opts allow-dup-ip`).
    public var allowsDuplicates = false
    /// Whether the share that a record SRV names plays no part (`resolve-opts ignore-weight`).
    public var ignoresWeight = false

    /// Makes haproxy's defaults.
    public init() {}
}

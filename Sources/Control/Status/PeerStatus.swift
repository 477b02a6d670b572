/// A station that speaks for a virtual router, as this node has heard it.
public struct PeerStatus: Codable, Hashable, Sendable {
    /// Where its datagrams come from.
    public var address: String
    /// What it last said and was taken for; `nil`: nothing of it was taken.
    public var advertisement: Advertisement?
    /// Time since it was last heard, taken or not, in milliseconds.
    public var lastHeardAgo: Int
    /// Datagrams that were taken.
    public var accepted: Int
    /// Datagrams that were refused, by their cause.
    public var refused: [String: Int] = [:]
    /// Why its last datagram was refused, for people; `nil`: it was taken.
    public var refusal: String?
    /// What it says that does not agree with this router's configuration, each for people.
    public var mismatches: [String]? = []

    /// What a station last said.
    public struct Advertisement: Codable, Hashable, Sendable {
        /// Its priority; 0: it stops taking part.
        public var priority: Int
        /// The version of the protocol, 2 or 3.
        public var version: Int
        /// Time between its advertisements, in milliseconds.
        public var interval: Int

        /// Makes a value of its parts; the interval in milliseconds.
        public init(priority: Int, version: Int, interval: Int) {
            self.priority = priority
            self.version = version
            self.interval = interval
        }
    }

    /// Makes the status of a station.
    ///
    /// - Parameters:
    ///   - address: Where its datagrams come from.
    ///   - lastHeardAgo: Time since it was last heard, in milliseconds.
    ///   - accepted: Datagrams that were taken.
    public init(address: String, lastHeardAgo: Int, accepted: Int) {
        self.address = address
        self.lastHeardAgo = lastHeardAgo
        self.accepted = accepted
    }

    private enum CodingKeys: String, CodingKey {
        case address, advertisement, accepted, refused, refusal, mismatches
        case lastHeardAgo = "last_heard_ago"
    }
}

extension PeerStatus {
    /// What was heard of it, in one line for people.
    var words: String {
        let heard = "\(lastHeardAgo / 1000).\(lastHeardAgo / 100 % 10) s ago"
        let total = refused.values.reduce(0, +)
        let counts = "accepted \(accepted), refused \(total)"
        guard let refusal else {
            let differs = (mismatches ?? []).map { "; \($0)" }.joined()
            return (said.map { "\($0), \(heard), \(counts)" } ?? "\(heard), \(counts)") + differs
        }
        let causes = refused.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "heard, refused: \(refusal) (\(heard), \(counts): \(causes.joined(separator: ", ")))"
    }

    private var said: String? {
        advertisement.map {
            "priority \($0.priority), version \($0.version), every \($0.interval) ms"
        }
    }
}

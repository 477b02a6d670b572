/// What happened to a virtual router since the start.
public struct VirtualRouterCounters: Codable, Hashable, Sendable {
    /// Advertisements sent.
    public var advertisementsSent = 0
    /// Advertisements sent in the form of routers that would drop this one's.
    public var advertisementsEchoed = 0
    /// Advertisements that the system did not take.
    public var advertisementsNotSent = 0
    /// Advertisements received and accepted.
    public var advertisementsReceived = 0
    /// Priority 0 sent.
    public var priorityZeroSent = 0
    /// Priority 0 received.
    public var priorityZeroReceived = 0
    /// Advertisements of lower priority heard while Active.
    public var inferiorsHeard = 0
    /// Conflicts with another Active router that this one won.
    public var conflictsWon = 0
    /// Times that it became Active.
    public var becameActive = 0
    /// Times that it stopped being Active.
    public var releasedActive = 0
    /// Addresses put back after somebody took them off.
    public var addressesRestored = 0
    /// Routes and rules put back after somebody removed them.
    public var routesRestored = 0
    /// Times that it gave way though it could take part.
    public var gaveWay = 0
    /// Advertisements that were not accepted, by their cause.
    public var rejected: [String: Int] = [:]

    /// Makes counters that stand at zero.
    public init() {}

    /// Reads counters, also of a release that had fewer.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int {
            try fields.decodeIfPresent(Int.self, forKey: key) ?? 0
        }
        advertisementsSent = try count(.advertisementsSent)
        advertisementsEchoed = try count(.advertisementsEchoed)
        advertisementsNotSent = try count(.advertisementsNotSent)
        advertisementsReceived = try count(.advertisementsReceived)
        priorityZeroSent = try count(.priorityZeroSent)
        priorityZeroReceived = try count(.priorityZeroReceived)
        inferiorsHeard = try count(.inferiorsHeard)
        conflictsWon = try count(.conflictsWon)
        becameActive = try count(.becameActive)
        releasedActive = try count(.releasedActive)
        addressesRestored = try count(.addressesRestored)
        routesRestored = try count(.routesRestored)
        gaveWay = try count(.gaveWay)
        rejected = try fields.decodeIfPresent([String: Int].self, forKey: .rejected) ?? [:]
    }

    private enum CodingKeys: String, CodingKey {
        case rejected
        case advertisementsSent = "advertisements_sent"
        case advertisementsEchoed = "advertisements_echoed"
        case advertisementsNotSent = "advertisements_not_sent"
        case advertisementsReceived = "advertisements_received"
        case priorityZeroSent = "priority_zero_sent"
        case priorityZeroReceived = "priority_zero_received"
        case inferiorsHeard = "inferiors_heard"
        case conflictsWon = "conflicts_won"
        case becameActive = "became_active"
        case releasedActive = "released_active"
        case addressesRestored = "addresses_restored"
        case routesRestored = "routes_restored"
        case gaveWay = "gave_way"
    }
}

extension VirtualRouterCounters {
    /// What is worth a line: how much was said and heard, and everything that should not be.
    var words: String {
        let usual = "sent \(advertisementsSent), received \(advertisementsReceived)"
        let others: [(String, Int)] = [
            ("echoed", advertisementsEchoed), ("not sent", advertisementsNotSent),
            ("priority 0 sent", priorityZeroSent), ("priority 0 received", priorityZeroReceived),
            ("of lower priority while active", inferiorsHeard), ("conflicts won", conflictsWon),
            ("addresses restored", addressesRestored), ("routes restored", routesRestored),
            ("gave way", gaveWay),
        ]
        let unusual = others.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        let causes = rejected.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return ([usual] + unusual).joined(separator: ", ")
            + (causes.isEmpty ? "" : ", refused: \(causes.joined(separator: ", "))")
    }
}

/// What the virtual routers of a node share.
public struct ElectionStatus: Codable, Hashable, Sendable {
    /// Datagrams that belonged to none of the virtual routers, by their cause.
    public var strays: [String: Int] = [:]
    /// The longest that an election was woken late, in microseconds.
    public var longestLag = 0
    /// Times that one was woken so late that peers may have noticed.
    public var stalls = 0
    /// The last of those; `nil`: there was none.
    public var lastStall: Stall?
    /// Mails about new states that were not sent.
    public var lostMails = 0

    /// One time that the elections were woken late.
    public struct Stall: Codable, Hashable, Sendable {
        /// How late, in microseconds.
        public var length: Int
        /// How long ago, in milliseconds.
        public var ago: Int

        /// Makes a value of its parts: microseconds, and milliseconds ago.
        public init(length: Int, ago: Int) {
            self.length = length
            self.ago = ago
        }
    }

    /// Makes the status of elections in which nothing happened.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case strays, stalls
        case longestLag = "longest_lag"
        case lastStall = "last_stall"
        case lostMails = "lost_mails"
    }
}

extension ElectionStatus {
    /// What is out of the ordinary, each in a line for people.
    var lines: [String] {
        var lines: [String] = []
        if !strays.isEmpty {
            let causes = strays.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            lines.append(
                "VRRP packets for no virtual router here: \(causes.joined(separator: ", "))")
        }
        if let lastStall {
            lines.append(
                "woken late \(stalls) times, \(milliseconds(longestLag)) at most, last "
                    + "\(milliseconds(lastStall.length)) \(Readable.time(seconds: lastStall.ago / 1000)) ago"
            )
        }
        if lostMails > 0 { lines.append("mails not sent: \(lostMails)") }
        return lines
    }

    private func milliseconds(_ microseconds: Int) -> String {
        "\(microseconds / 1000).\(microseconds % 1000 / 100) ms"
    }
}

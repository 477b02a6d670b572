#if Probes
/// What is known of one name: the last answer, and what may still be held on to.
///
/// Pure: it is told the time, counted from any fixed instant. haproxy's configuration manual, `hold`.
struct ResolutionRecord {
    /// How a question ended.
    enum Outcome: Hashable, Sendable {
        /// With these addresses; at least one.
        case valid([AddressOffer])
        /// The name does not exist, or has no address.
        case noSuchName
        /// No name server answered.
        case timedOut
        /// Name servers refuse to answer.
        case refused
        /// Name servers answer that something went wrong.
        case other

        /// haproxy's words for why a server has no address.
        var words: String {
            switch self {
            case .valid: "No IP for server"
            case .noSuchName: "DNS NX status"
            case .timedOut: "DNS timeout status"
            case .refused: "DNS refused status"
            case .other: "unspecified DNS error"
            }
        }
    }

    /// For how long what is known may be held on to.
    var holds: ResolverSettings.Holds
    private(set) var last: Outcome?
    /// Since when addresses are held on to: the last answer that had any, or the first failure.
    private var heldSince: Duration?
    /// The addresses of the last answer, then those that it lacks and that may still be used; each
    /// once, at most ``mostAddresses``.
    private var offers: [AddressOffer] = []
    /// When each address was last in an answer.
    private var seen: [AddressOffer: Duration] = [:]

    /// As many as one answer may have: new ones in each answer would add up without end.
    static let mostAddresses = DNSAnswer.mostAddresses

    init(_ holds: ResolverSettings.Holds) { self.holds = holds }

    /// Takes in how a question ended.
    ///
    /// - Parameters:
    ///   - outcome: How.
    ///   - now: The time.
    mutating func take(_ outcome: Outcome, at now: Duration) {
        last = outcome
        guard case .valid(let answer) = outcome else {
            heldSince = heldSince ?? now
            return
        }
        heldSince = now
        var kept: Set<AddressOffer> = []
        let former = offers
        offers = answer.filter { kept.count < Self.mostAddresses && kept.insert($0).inserted }
        for offer in offers { seen[offer] = now }
        offers += former.filter { kept.count < Self.mostAddresses && kept.insert($0).inserted }
        seen = seen.filter { kept.contains($0.key) }
    }

    /// What may be used now.
    ///
    /// - Parameter now: The time.
    /// - Returns: The addresses; `nil`: nobody knows better than what is in use.
    mutating func addresses(at now: Duration) -> [AddressOffer]? {
        guard let last, let heldSince else { return nil }
        guard case .valid = last else {
            guard now - heldSince >= holds.time(after: last) else { return nil }
            (offers, seen) = ([], [:])
            return []
        }
        offers.removeAll { offer in
            let at = seen[offer] ?? heldSince
            return at < heldSince && now - at > holds.obsolete
        }
        let left = Set(offers)
        seen = seen.filter { left.contains($0.key) }
        return offers
    }
}

extension ResolverSettings.Holds {
    /// For how long what is known holds after a question that ended in some way.
    func time(after outcome: ResolutionRecord.Outcome) -> Duration {
        switch outcome {
        case .valid: .zero
        case .noSuchName: noSuchName
        case .timedOut: timeout
        case .refused: refused
        case .other: other
        }
    }
}
#endif

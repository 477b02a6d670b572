/// A change that the results of checks brought about.
public enum HealthTransition: String, Hashable, Sendable, Codable {
    /// The target may be used from now on.
    case up
    /// The target must not be used from now on.
    case down
}

/// What a row of check results says about one target: haproxy's rise and fall counter.
///
/// Pure: reads no clock and opens no socket. The counter runs from 0 to `rise + fall - 1` and the
/// target is up from `rise` on. A success adds one, and fills the counter once it is at `rise`; a
/// failure takes one off, and empties it once it is below. So `rise` and `fall` count results in a
/// row exactly.
public struct HealthRecord: Hashable, Sendable {
    /// What a target counts as before its first result.
    public enum InitialState: Hashable, Sendable, Codable {
        /// Not usable, and not known to be down: the first result decides.
        case waiting
        /// Usable, one failure away from down: haproxy's default (`init-state none`).
        case up
        /// Usable, `fall` failures away from down (`init-state fully-up`).
        case fullyUp
        /// Down, one success away from up (`init-state down`).
        case down
        /// Down, `rise` successes away from up (`init-state fully-down`).
        case fullyDown
    }

    /// Successes in a row that bring the target up, at least 1.
    public let rise: Int
    /// Failures in a row that take the target down, at least 1.
    public let fall: Int
    /// The counter, 0 to `rise + fall - 1`.
    public private(set) var health: Int
    /// Whether the state is known or assumed; false only in ``InitialState/waiting``.
    public private(set) var isKnown: Bool

    /// Makes a record without results.
    ///
    /// - Parameters:
    ///   - rise: Successes in a row that bring the target up; taken into 1 to 1,000,000.
    ///   - fall: Failures in a row that take the target down; taken into 1 to 1,000,000.
    ///   - initialState: What the target counts as before its first result.
    public init(rise: Int = 2, fall: Int = 3, initialState: InitialState = .waiting) {
        self.rise = min(max(rise, 1), Self.greatestThreshold)
        self.fall = min(max(fall, 1), Self.greatestThreshold)
        isKnown = initialState != .waiting
        health =
            switch initialState {
            case .waiting, .down: self.rise - 1
            case .up: self.rise
            case .fullyUp: self.rise + self.fall - 1
            case .fullyDown: 0
            }
    }

    /// Takes in the result of one check.
    ///
    /// - Parameter passed: Whether the check passed.
    /// - Returns: What changed for the target's users, or `nil`.
    public mutating func record(passed: Bool) -> HealthTransition? {
        let wasKnown = isKnown
        let wasUp = isUp
        isKnown = true
        if passed {
            health = health + 1 >= rise ? best : health + 1
        } else {
            health = health - 1 < rise ? 0 : health - 1
        }
        guard isUp != wasUp || !wasKnown else { return nil }
        return isUp ? .up : .down
    }

    /// Takes in what the connections of real clients say.
    ///
    /// Says nothing about a target that is down or waits for its first result: only a check can
    /// bring one up.
    ///
    /// - Parameter reaction: What too many errors do.
    /// - Returns: What changed for the target's users, or `nil`.
    public mutating func react(to reaction: TrafficObservation.Reaction) -> HealthTransition? {
        guard isUp else { return nil }
        switch reaction {
        case .fastInterval: return nil
        case .failCheck: break
        case .suddenDeath: health = min(health, rise + 1)
        case .markDown: health = rise
        }
        return record(passed: false)
    }

    /// The same state under other thresholds, as after a reload.
    ///
    /// - Parameters:
    ///   - rise: The new `rise`.
    ///   - fall: The new `fall`.
    /// - Returns: This record where nothing changed; else one that is settled in the same state.
    public func adopting(rise: Int, fall: Int) -> HealthRecord {
        let settled: InitialState = isKnown ? (isUp ? .fullyUp : .fullyDown) : .waiting
        let adopted = HealthRecord(rise: rise, fall: fall, initialState: settled)
        return adopted.rise == self.rise && adopted.fall == self.fall ? self : adopted
    }

    /// Whether the target may be used.
    public var isUp: Bool { isKnown && health >= rise }

    /// Whether the last results agree with the state.
    ///
    /// While they don't, or there are none, the next check is due sooner (`fastinter`).
    public var isSettled: Bool { isKnown && (health == 0 || health == best) }

    private var best: Int { rise + fall - 1 }
    private static let greatestThreshold = 1_000_000
}

extension HealthRecord: CustomStringConvertible {
    /// The state as haproxy's statistics word it: `UP`, `UP 2/3` on the way down, `DOWN`,
    /// `DOWN 1/2` on the way up, and `INI` before the first result.
    public var description: String {
        guard isKnown else { return "INI" }
        if isUp { return health == best ? "UP" : "UP \(health - rise + 1)/\(fall)" }
        return health == 0 ? "DOWN" : "DOWN \(health)/\(rise)"
    }
}

/// What the connections of real clients say about a server: haproxy's `observe layer4`.
///
/// Pure, as ``HealthRecord``. Tell it how each attempt to connect to the server ended, and hand
/// what it returns to ``HealthRecord/react(to:)``:
/// ```swift
/// if let reaction = observation.record(connected: false),
///     let transition = record.react(to: reaction) { … }
/// ```
/// Whatever the reaction, the next check is due after the fast interval.
public struct TrafficObservation: Hashable, Sendable {
    /// What too many errors in a row do (`on-error`).
    public enum Reaction: String, Hashable, Sendable, Codable {
        /// Only have the next check come sooner.
        case fastInterval = "fastinter"
        /// Count as one failed check; haproxy's default.
        case failCheck = "fail-check"
        /// Count as failed checks up to the last but one before down.
        case suddenDeath = "sudden-death"
        /// Take the server down at once.
        case markDown = "mark-down"
    }

    /// How many errors in a row are too many, at least 1 (`error-limit`).
    public let errorLimit: Int
    /// What they do.
    public let reaction: Reaction
    /// Errors since the last success or reaction.
    public private(set) var consecutiveErrors = 0

    /// Makes an observation without errors.
    ///
    /// - Parameters:
    ///   - errorLimit: How many errors in a row are too many; taken to 1 at least.
    ///   - reaction: What they do.
    public init(errorLimit: Int = 10, reaction: Reaction = .failCheck) {
        self.errorLimit = max(errorLimit, 1)
        self.reaction = reaction
    }

    /// Takes in how one attempt to connect ended.
    ///
    /// - Parameter connected: Whether the connection was made.
    /// - Returns: The reaction where that was one error too many, else `nil`; the count then
    ///   begins anew.
    public mutating func record(connected: Bool) -> Reaction? {
        consecutiveErrors = connected ? 0 : consecutiveErrors + 1
        guard consecutiveErrors >= errorLimit else { return nil }
        consecutiveErrors = 0
        return reaction
    }
}

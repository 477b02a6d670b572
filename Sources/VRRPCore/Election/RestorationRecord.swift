/// How often each thing that somebody takes off a node may be put back before it gives way.
///
/// Something that removes one address again and again would otherwise cost the clients more than a
/// change of the node does; who removes many at once, each once, is no such thing.
public struct RestorationRecord<Part: Hashable & Sendable>: Hashable, Sendable {
    /// How often one thing is put back within ``window``.
    public static var limit: Int { 5 }
    /// The time that ``limit`` counts in.
    public static var window: Duration { .seconds(10) }

    /// When each was put back, the oldest first; at most ``limit`` times.
    private var restoredAt: [Part: [Instant]] = [:]

    /// Makes a record without restorations.
    public init() {}

    /// Asks for one restoration, and counts it if it is granted.
    ///
    /// Forgets what was put back longer ago than ``window``.
    ///
    /// - Parameters:
    ///   - part: What is to be put back.
    ///   - now: The present; never earlier than at the call before.
    /// - Returns: Whether it may be put back; otherwise the router is to give way.
    public mutating func grant(_ part: Part, at now: Instant) -> Bool {
        restoredAt = restoredAt.filter { _, instants in
            instants.last.map { now < $0 + Self.window } ?? false
        }
        let recent = restoredAt[part, default: []].filter { now < $0 + Self.window }
        guard recent.count < Self.limit else { return false }
        restoredAt[part] = recent + [now]
        return true
    }
}

extension VirtualRouter.Deference {
    /// How long a router that gave way leaves a working Active router of lower priority alone.
    public static let timeAfterLoss = Duration.seconds(60)
}

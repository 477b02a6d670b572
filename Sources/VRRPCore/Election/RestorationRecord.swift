/// How often addresses that somebody takes off a node may be put back before it gives way.
///
/// Something that removes an address again and again would otherwise cost the clients more than a
/// change of the node does.
public struct RestorationRecord: Hashable, Sendable {
    /// How often addresses are put back within ``window``.
    public static let limit = 5
    /// The time that ``limit`` counts in.
    public static let window = Duration.seconds(10)
    /// How long a router that gave way leaves a working Active router of lower priority alone.
    public static let deferenceTime = Duration.seconds(60)

    /// When addresses were put back, the oldest first; at most ``limit`` of them.
    private var restoredAt: [Instant] = []

    /// Makes a record without restorations.
    public init() {}

    /// Asks for one restoration, and counts it if it is granted.
    ///
    /// - Parameter now: The present; never earlier than at the call before.
    /// - Returns: Whether the address may be put back; otherwise the router is to give way.
    public mutating func grant(at now: Instant) -> Bool {
        restoredAt.removeAll { $0 + Self.window <= now }
        guard restoredAt.count < Self.limit else { return false }
        restoredAt.append(now)
        return true
    }
}

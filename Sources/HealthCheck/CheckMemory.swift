/// What is worth knowing about a target for whoever checks it next: after a reload, or in another
/// process after this one ended.
///
/// Times count on the host's monotonic clock, which all its processes share. CLOCK_MONOTONIC,
/// clock_gettime(2).
public struct CheckMemory: Hashable, Sendable, Codable {
    /// Whether the target was up.
    public var isUp: Bool
    /// Checks that failed while the target was up.
    public var failedChecks = 0
    /// Times that the target went down.
    public var downTransitions = 0
    /// When the state last changed, in nanoseconds of the clock.
    public var changedAt: UInt64 = 0
    /// Nanoseconds spent down before the present state.
    public var earlierDowntime: Int64 = 0
    /// What an agent last asked for, all its lines together.
    public var agent: AgentReport?
    /// What share the check, or the name servers of an address, last asked for, 0 to 256; `nil`: none.
    public var weight: Int?
    /// When who asks last asked for another share, in nanoseconds of the clock.
    public var weightSaidAt: UInt64 = 0
    /// When an agent last asked for another limit of connections, in nanoseconds of the clock.
    public var limitSaidAt: UInt64 = 0
    /// Whether the target answers its check with the wish for no new clients.
    public var wishesNoClients = false
    /// The address that a name was last found to have.
    public var address: ResolvedAddress?

    /// Makes a memory of the state alone.
    ///
    /// - Parameter isUp: Whether the target was up.
    public init(isUp: Bool) { self.isUp = isUp }

    /// Whether the target asks for the same as it did by an earlier memory.
    ///
    /// - Parameter earlier: The earlier memory; `nil`: it asked for nothing.
    /// - Returns: Whether an agent, a weight and the wish for no new clients are the same.
    public func says(theSameAs earlier: CheckMemory?) -> Bool {
        agent == earlier?.agent && weight == earlier?.weight
            && wishesNoClients == earlier?.wishesNoClients ?? false
    }
}

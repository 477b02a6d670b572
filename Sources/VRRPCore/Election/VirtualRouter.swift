/// The election of one virtual router: one interface, one VRID, one address family.
///
/// Pure: reads no clock and opens no socket. The caller delivers events with ``handle(_:at:)``,
/// performs the returned actions in order, and delivers ``Event/wake`` when ``nextWake`` has come.
/// After a pause of any length it should deliver what was received meanwhile before it wakes.
/// An ``AdvertisementChannel`` makes the datagrams that are sent, and judges those that are received.
///
/// Implements RFC 9568 §6.4 and RFC 3768 §6.4; which of them, the configured interval decides.
public struct VirtualRouter: Hashable, Sendable {
    /// What the router was configured to be.
    public internal(set) var configuration: Configuration
    /// The priority that it now advertises and compares with; trackers change it.
    public private(set) var priority: Priority
    /// Where the router stands, with every deadline that it waits for.
    public internal(set) var state = State.initialize
    /// What planned moves change for a while.
    var handover = Handover()

    /// Makes a router that takes no part yet; ``Event/startup`` lets it begin.
    public init(configuration: Configuration) {
        var configuration = configuration
        configuration.interval = configuration.interval.carried(
            over: configuration.addresses.family)
        self.configuration = configuration
        priority = configuration.priority
    }

    /// Takes in one event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: When; never earlier than at the call before.
    /// - Returns: What to do, to be done in this order.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        let event = raised(event)
        var (next, actions) = step(event, at: now)
        state = next
        if case .priorityChanged(let changed) = event, changed != .release { priority = changed }
        actions += settleHandover(at: now)
        return actions
    }

    /// When to deliver ``Event/wake``, or `nil` while no timer runs; an early wake changes nothing.
    public var nextWake: Instant? {
        switch state {
        case .initialize: nil
        case .backup(let watch): watch.activeDownAt
        case .active(let tenure): tenure.nextWake
        }
    }

    /// The message for ``Action/advertise(_:)``.
    ///
    /// RFC 9568 §7.2.
    public func advertisement(priority: Priority) -> Advertisement {
        advertisement(priority: priority, in: form)
    }

    /// How long a Backup still leaves an Active router of lower priority alone, `nil` if it does not.
    ///
    /// - Parameter now: The present.
    /// - Returns: What is left of ``Configuration/preemptDelay``, which an owner does not keep, or of
    ///   the time for which it gave way if that is longer, for a countdown.
    public func preemptionCountdown(at now: Instant) -> Duration? {
        guard case .backup(let watch) = state, configuration.preempts || priority == .owner,
            let peer = watch.following, peer.advertisement.priority < priority
        else { return nil }
        var end = priority == .owner ? now : watch.stableSince + configuration.preemptDelay
        switch handover.deference {
        case .none: break
        case .until(let deferenceEnd): end = max(end, deferenceEnd)
        case .untilNeeded: return nil
        }
        return end > now ? end - now : nil
    }
}

/// How long a change of an interface has to last before virtual routers hear of it: keepalived's
/// `interface_up_down_delays`.
public struct LinkDelays: Hashable, Sendable {
    /// From going down to counting as down.
    public var down: Duration
    /// From coming up to counting as up.
    public var up: Duration

    /// Makes a pair of delays; zero: at once.
    public init(down: Duration, up: Duration) {
        self.down = down
        self.up = up
    }
}

/// Whether an interface counts as up, where a change counts only once it has lasted.
///
/// Pure: is told what the kernel says and what time it is. A link that bounces moves no router, and
/// one that has just come up is not trusted before it has stayed so for a while: a switch's spanning
/// tree, or a bond that is being put together, swallows packets for that long.
public struct LinkDebounce: Hashable, Sendable {
    /// Whether it counts as up.
    public private(set) var isUp: Bool
    /// When the opposite counts, unless the interface changes back; `nil`: it is as it counts.
    public private(set) var changesAt: Instant?

    /// Makes the record of an interface that is seen for the first time.
    ///
    /// One that is up counts at once, except soon after the start of the host: it came up then, and
    /// has to have lasted as any other.
    ///
    /// - Parameters:
    ///   - isUp: What the kernel says.
    ///   - delays: How long changes have to last.
    ///   - now: The present; ``Instant`` counts from the start of the host.
    public init(isUp: Bool, delays: LinkDelays, at now: Instant) {
        let settled = Instant(nanoseconds: 0) + delays.up
        let isSettling = isUp && now < settled
        self.isUp = isUp && !isSettling
        changesAt = isSettling ? settled : nil
    }

    /// Takes in what the kernel says, and lets a change count that has lasted long enough.
    ///
    /// - Parameters:
    ///   - isReallyUp: What the kernel says.
    ///   - delays: How long changes have to last.
    ///   - now: The present.
    public mutating func observe(isUp isReallyUp: Bool, delays: LinkDelays, at now: Instant) {
        guard isReallyUp != isUp else {
            changesAt = nil
            return
        }
        let due = changesAt ?? now + (isReallyUp ? delays.up : delays.down)
        changesAt = due <= now ? nil : due
        if due <= now { isUp = isReallyUp }
    }
}

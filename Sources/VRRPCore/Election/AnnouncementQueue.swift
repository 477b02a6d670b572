/// Announcements of one interface that wait for their turn: keepalived's `vrrp_garp_interval` and
/// `vrrp_gna_interval`.
///
/// Pure. Switches and firewalls drop what comes faster than they learn, which matters with hundreds
/// of addresses.
public struct AnnouncementQueue: Hashable, Sendable {
    /// One announcement.
    public struct Announcement: Hashable, Sendable {
        /// The address.
        public let address: IPAddress
        /// Whether hosts are told too that heed a reply only.
        public let isInBothForms: Bool

        /// Makes an announcement of its parts.
        public init(of address: IPAddress, isInBothForms: Bool) {
            self.address = address
            self.isInBothForms = isInBothForms
        }
    }

    /// The least time from one to the next.
    public var spacing: Duration
    private var waiting: [Announcement] = []
    /// How many of those in front are gone already.
    private var goneCount = 0
    /// When the next may leave; `nil`: at once.
    private var mayLeaveAt: Instant?

    /// Makes an empty queue.
    ///
    /// - Parameter spacing: The least time from one announcement to the next.
    public init(spacing: Duration) { self.spacing = spacing }

    /// Whether nothing waits.
    public var isEmpty: Bool { goneCount == waiting.count }

    /// When to take the next one out; `nil`: nothing waits.
    public var nextWake: Instant? { isEmpty ? nil : mayLeaveAt ?? Instant(nanoseconds: 0) }

    /// Puts an announcement behind those that wait.
    public mutating func add(_ announcement: Announcement) { waiting.append(announcement) }

    /// Takes out what waits of some addresses: they are given up, or will be announced anew.
    ///
    /// - Complexity: O(n) in what waits.
    public mutating func withdraw(_ addresses: Set<IPAddress>) {
        waiting = waiting[goneCount...].filter { !addresses.contains($0.address) }
        goneCount = 0
    }

    /// Takes out the next announcement, if its turn has come.
    ///
    /// - Parameter now: The present.
    /// - Returns: The announcement; `nil`: none is due.
    public mutating func next(at now: Instant) -> Announcement? {
        guard let due = nextWake, due <= now else { return nil }
        let announcement = waiting[goneCount]
        goneCount += 1
        mayLeaveAt = now + spacing
        if isEmpty {
            waiting = []
            goneCount = 0
        }
        return announcement
    }
}

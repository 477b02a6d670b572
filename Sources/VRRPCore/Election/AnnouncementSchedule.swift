/// How often a router announces its addresses once it is Active (gratuitous ARP).
///
/// The protocol asks for one announcement of each address; switches and hosts that lose it would
/// send to the old router for minutes, so every implementation repeats them.
public struct AnnouncementSchedule: Hashable, Sendable {
    /// Announcements of each address at once; below 1: none.
    public var repetitions = 5
    /// Time from the first burst to the second; zero: no second burst.
    public var secondBurstDelay = Duration.seconds(5)
    /// Time between later announcements; zero: none.
    ///
    /// One a minute by default, where keepalived has none: a host or switch that missed a change,
    /// or believed the loser of a split, is right again after that at the latest.
    public var refreshInterval = Duration.seconds(60)
    /// Announcements of each address in one refresh; below 1: none.
    public var refreshRepetitions = 1

    /// Announcements of each address at once against a router of lower priority that believes to be
    /// Active, too; `nil`: as many as ``repetitions``; below 1: none.
    public var contestRepetitions: Int?
    /// Time from those to a second burst of as many; `nil`: ``secondBurstDelay``; zero: none.
    public var contestBurstDelay: Duration?

    /// Makes the defaults: five at once, five more after five seconds, then one a minute.
    public init() {}

    /// The schedule of announcements against a router that believes to be Active, too.
    var contested: AnnouncementSchedule {
        var schedule = self
        schedule.repetitions = contestRepetitions ?? repetitions
        schedule.secondBurstDelay = contestBurstDelay ?? secondBurstDelay
        return schedule
    }

    /// What is due after a first burst at `now`.
    func afterFirstBurst(at now: Instant) -> PlannedAnnouncement? {
        guard secondBurstDelay > .zero else { return refresh(after: now) }
        return PlannedAnnouncement(at: now + secondBurstDelay, repetitions: repetitions)
    }

    /// What is due after the second burst, or a refresh, at `now`.
    func refresh(after now: Instant) -> PlannedAnnouncement? {
        guard refreshInterval > .zero else { return nil }
        return PlannedAnnouncement(at: now + refreshInterval, repetitions: refreshRepetitions)
    }
}

/// An announcement that an Active router will make.
public struct PlannedAnnouncement: Hashable, Sendable {
    /// When it is due.
    public let at: Instant
    /// How often each address is then announced.
    public let repetitions: Int
}

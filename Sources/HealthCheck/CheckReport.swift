/// What is known about one target, at the moment that the report was made.
public struct CheckReport: Hashable, Sendable {
    /// The target's name.
    public let id: String
    /// Which check of that name this is of: each that is set up anew has a greater number.
    public let generation: Int
    /// The change that this report announces; `nil` in a snapshot, and where nothing changed.
    public let transition: HealthTransition?
    /// The rise and fall counter.
    public let record: HealthRecord
    /// How the last check ended; `nil` before the first result.
    public let lastOutcome: ProbeOutcome?
    /// How long the last check took; `nil` before the first result.
    public let lastDuration: Duration?
    /// Whether a check is under way.
    public let isChecking: Bool
    /// Checks that failed while the target was up (haproxy's `chkfail`).
    public let failedChecks: Int
    /// Times that the target went down (haproxy's `chkdown`).
    public let downTransitions: Int
    /// Time since the state last changed, or since the check was set up.
    public let timeSinceChange: Duration
    /// Time spent down in all, this time included.
    public let downtime: Duration

    /// Whether the result says something that the one before did not.
    public let isNews: Bool
    /// Whether it has just become plain that this host cannot carry the check out: the first result,
    /// or as many in a row as would take the target down, are ``ProbeOutcome/notRun(reason:)``.
    public let cannotRun: Bool
    /// What is worth knowing for whoever checks the target next.
    public let memory: CheckMemory

    /// Whether the target may be used.
    public var isUp: Bool { record.isUp }
    /// haproxy's column `check_status`: `L4OK` and so on, `INI` before the first result.
    public var code: String { lastOutcome?.code ?? "INI" }
}

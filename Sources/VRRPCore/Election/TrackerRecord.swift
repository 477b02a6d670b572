/// Turns single results of a track script into a verdict, by how many in a row agree.
///
/// The first result of all decides at once, whatever `rise` and `fall` say, as in keepalived, so
/// that a node does not wait for several runs of its scripts at start. After that, `rise` results
/// in a row make a failed tracker good and `fall` in a row make a good one failed; one result of
/// the other kind starts the count again.
public struct TrackerRecord: Hashable, Sendable {
    /// What a single run of the script said.
    public enum Outcome: Hashable, Sendable {
        /// It said that all is well.
        case success
        /// It said that something is wrong, or could not be run to its end.
        case failure
    }

    /// What the results say together.
    public enum Verdict: Hashable, Sendable {
        /// No result has come in yet.
        case unknown
        /// Good, until `fall` failures in a row.
        case good
        /// Failed, until `rise` successes in a row.
        case failed
    }

    /// What the results say together.
    public private(set) var verdict: Verdict
    private let rise: Int
    private let fall: Int
    /// Results in a row that speak against the verdict.
    private var dissentCount = 0
    /// Whether the verdict is only assumed: the first result decides at once.
    private var isProvisional = false

    /// Makes a record without results.
    ///
    /// - Parameters:
    ///   - rise: Successes in a row that make a failed tracker good; below 1 counts as 1.
    ///   - fall: Failures in a row that make a good tracker failed; below 1 counts as 1.
    ///   - startsFailed: Whether it counts as failed, and needs `rise` successes, before the first
    ///     result (keepalived's `init_fail`).
    public init(rise: Int, fall: Int, startsFailed: Bool = false) {
        self.rise = max(rise, 1)
        self.fall = max(fall, 1)
        verdict = startsFailed ? .failed : .unknown
    }

    /// Takes over what another record of the same tracker has come to.
    ///
    /// - Parameter verdict: The verdict, from which results in a row count anew.
    public mutating func assume(_ verdict: Verdict) {
        self.verdict = verdict
        dissentCount = 0
    }

    /// Counts as this until the first result, which decides at once as the first one always does.
    ///
    /// For a tracker that joins while routers that depend on it are running: it is no reason to stop
    /// that nothing is known of it yet.
    ///
    /// - Parameter verdict: The verdict until then.
    public mutating func assumeUntilFirstResult(_ verdict: Verdict) {
        assume(verdict)
        isProvisional = true
    }

    /// Takes in one result.
    ///
    /// - Returns: The new verdict if this result changed it, otherwise `nil`.
    @discardableResult
    public mutating func record(_ outcome: Outcome) -> Verdict? {
        let next = verdict(after: outcome)
        isProvisional = false
        guard next != verdict else { return nil }
        verdict = next
        dissentCount = 0
        return next
    }

    private mutating func verdict(after outcome: Outcome) -> Verdict {
        switch (isProvisional ? .unknown : verdict, outcome) {
        case (.unknown, .success): return .good
        case (.unknown, .failure): return .failed
        case (.good, .success), (.failed, .failure):
            dissentCount = 0
            return verdict
        case (.good, .failure):
            dissentCount += 1
            return dissentCount >= fall ? .failed : .good
        case (.failed, .success):
            dissentCount += 1
            return dissentCount >= rise ? .good : .failed
        }
    }
}

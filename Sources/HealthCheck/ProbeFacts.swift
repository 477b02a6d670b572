/// What a check learned about its target besides whether it passed.
public struct ProbeFacts: Hashable, Sendable {
    /// What the server is in a group that replicates.
    public enum Role: String, Hashable, Sendable, Codable {
        /// Takes writes.
        case primary
        /// Follows a primary.
        case replica
    }

    /// What the server said, for people; may be empty.
    public var detail = ""
    /// The status of the answer, where its protocol has one: HTTP, SMTP.
    public var statusCode: Int?
    /// What the server is in its group, where the probe asks.
    public var role: Role?
    /// Whole days until the server's certificate expires, rounded down: negative once it has.
    public var certificateDaysLeft: Int?
    /// What the target says its weight should be (a file's number, a command's exit status).
    public var weight: Int?
    /// What an agent asked for.
    public var agent: AgentReport?

    /// Makes facts that say nothing but `detail`.
    ///
    /// - Parameter detail: What the server said, for people.
    public init(detail: String = "") { self.detail = detail }
}

/// Why connections to a server are ended by order.
public enum SessionEndCause: Hashable, Sendable {
    /// Its checks fail (`on-marked-down shutdown-sessions`).
    case serverDown
    /// It is a backup, and a server of the first line came up (`on-marked-up
    /// shutdown-backup-sessions`).
    case activeCameUp
    /// Somebody wants it so.
    case operatorsOrder
}

/// The programs to call when a virtual router's state changes, each with its arguments.
public struct NotificationSettings: Hashable, Sendable, Codable {
    /// `notify_master`.
    public var active: [String]?
    /// `notify_backup`.
    public var backup: [String]?
    /// `notify_fault`.
    public var fault: [String]?
    /// `notify_stop`.
    public var stop: [String]?
    /// `notify_deleted`.
    public var deleted: [String]?
    /// `notify_master_rx_lower_pri`.
    public var heardInferior: [String]?
    /// `notify`, called for each with `INSTANCE NAME STATE PRIORITY` appended.
    public var any: [String]?

    /// Makes settings that call nothing.
    public init() {}
}

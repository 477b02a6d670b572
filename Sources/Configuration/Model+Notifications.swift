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

/// A named pipe that gets a line for each new state: `notify_fifo`, `vrrp_notify_fifo`.
public struct NotificationPipe: Hashable, Sendable, Codable {
    /// Where it stands, an absolute path.
    public var path: String
    /// Whom it belongs to; `nil`: the user that the program runs as.
    public var owner: ScriptUser?
    /// The program that reads it, to be given the path as its last argument; `nil`: none.
    public var reader: [String]?

    /// Makes a pipe that nobody is started for.
    public init(path: String) { self.path = path }
}

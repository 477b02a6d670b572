/// Virtual routers that are Active together or not at all: keepalived's `vrrp_sync_group`.
public struct SyncGroupSettings: Hashable, Sendable {
    /// The name in events, log lines and script arguments.
    public var name: String
    /// The names of its virtual routers, each in no other group.
    public var members: [String]
    /// What stops all of them, or changes the priority of each.
    public var tracked = TrackedThings()
    /// Whether what a member tracks with a weight counts for all (`sync_group_tracking_weight`);
    /// otherwise it counts for none.
    public var weighsMembers = false
    /// The programs to call when the group's state changes.
    public var notifications = NotificationPrograms()
    /// Whether mail is sent when the group's state changes (`smtp_alert`).
    public var sendsMail = false

    /// Makes a group that tracks nothing of its own.
    ///
    /// - Parameters:
    ///   - name: The name in events, log lines and script arguments.
    ///   - members: The names of its virtual routers.
    public init(name: String, members: [String]) {
        self.name = name
        self.members = members
    }
}

/// What a virtual router or a sync group depends on.
public struct TrackedThings: Hashable, Sendable {
    /// The scripts whose results change the priority, or stop the router (weight 0).
    public var scripts: [TrackedName] = []
    /// The files whose numbers, times their weights, change the priority.
    public var files: [TrackedName] = []
    /// The programs whose processes change the priority, or stop the router (weight 0).
    public var processes: [TrackedName] = []
    /// The interfaces whose state changes the priority, or stops the router (weight 0).
    public var interfaces: [TrackedName] = []

    /// Makes an empty set.
    public init() {}
}

extension RouterSettings {
    /// What the virtual router depends on beside its own interface.
    var tracked: TrackedThings {
        var things = TrackedThings()
        things.scripts = trackedScripts
        things.files = trackedFiles
        things.processes = trackedProcesses
        things.interfaces = trackedInterfaces
        return things
    }
}

/// Virtual routers that are Active together or not at all: `vrrp_sync_group` in keepalived's language.
public struct VirtualRouterGroup: Hashable, Sendable, Codable {
    /// The name in log lines and script arguments.
    public var name: String
    /// The names of its virtual routers; each is in no other group.
    public var members: [String]
    /// The scripts whose results change the members' priorities, or stop them (weight 0).
    public var trackedScripts: [TrackedScript] = []
    /// The files whose numbers change the members' priorities.
    public var trackedFiles: [TrackedObject] = []
    /// The programs whose processes change the members' priorities, or stop them (weight 0).
    public var trackedProcesses: [TrackedObject] = []
    /// The pools of this node's balancer that must have a usable server.
    public var trackedBackends: [TrackedObject] = []
    /// The named checks that must pass, or change the members' priorities.
    public var trackedChecks: [TrackedObject] = []
    /// Interfaces that must be up, or change the members' priorities.
    public var trackedInterfaces: [TrackedInterface] = []
    /// Whether what a member tracks with a weight counts for all of them; otherwise for none.
    public var weighsMembers = false
    /// The programs to call when the group's state changes.
    public var notifications = NotificationSettings()
    /// Whether named pipes are told of another priority of each member.
    public var tellsPriorityChanges = false
    /// Whether mail is sent when the group's state changes.
    public var sendsMail = false

    /// Makes a group that tracks nothing of its own.
    ///
    /// - Parameters:
    ///   - name: The name in log lines and script arguments.
    ///   - members: The names of its virtual routers.
    public init(name: String, members: [String]) {
        self.name = name
        self.members = members
    }
}

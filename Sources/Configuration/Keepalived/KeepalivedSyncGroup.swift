/// A block `vrrp_sync_group` of keepalived's language.
struct KeepalivedSyncGroup: Sendable {
    let name: Word
    private(set) var members: [Word] = []
    private(set) var tracked = KeepalivedTracked()
    private var notifications = KeepalivedNotifications()
    private var weighsMembers = false

    init(name: Word) { self.name = name }

    /// keepalived.conf(5), "VRRP synchronization group(s)".
    static let table = KeywordTable<KeepalivedSyncGroup>(
        "keyword", scope: "in vrrp_sync_group",
        implemented.merging(KeepalivedTracked.rules(\.tracked)) { own, _ in own }
            .merging(KeepalivedNotifications.rules(\.notifications)) { own, _ in own },
        choices: "'group { … }' for the names of instances, and what tracks and notifies")

    private static let implemented: [String: Rule<KeepalivedSyncGroup>] = [
        "group": .block { group, arguments throws(Remark) in
            // Several names may share a line.
            for word in arguments.block?.directives.flatMap(\.words) ?? [] {
                if group.members.contains(where: { $0.text == word.text }) {
                    arguments.warn("\(word.text.quoted) is listed twice", at: word.position)
                } else {
                    group.members.append(word)
                }
            }
        },
        "sync_group_tracking_weight": .set(\.weighsMembers, to: true),
        "global_tracking": .line { group, arguments throws(Remark) in
            arguments.warn(
                "'global_tracking' is what keepalived called sync_group_tracking_weight; write that"
            )
            group.weighsMembers = true
        },
        "track_bfd": .notYet("it changes no priority"),
    ]

    /// The sync group, or `nil` and a remark where something necessary is missing.
    func finished(_ globals: KeepalivedGlobals, _ remarks: inout [Remark]) -> VirtualRouterGroup? {
        guard !members.isEmpty else {
            remarks.append(
                .warning(
                    "vrrp_sync_group \(name.text.quoted) has no 'group' with the names of instances:"
                        + " it moves nobody", at: name.position))
            return nil
        }
        if members.count == 1 {
            remarks.append(
                .warning(
                    "vrrp_sync_group \(name.text.quoted) has one instance, which moves by itself",
                    at: name.position))
        }
        var group = VirtualRouterGroup(name: name.text, members: members.map(\.text))
        group.weighsMembers = weighsMembers
        group.trackedScripts = tracked.scripts
        group.trackedFiles = tracked.files
        group.trackedProcesses = tracked.processes
        group.trackedBackends = tracked.backends
        group.trackedChecks = tracked.checks
        group.trackedInterfaces = tracked.interfaces
        group.notifications = notifications.settings(globals, &remarks)
        group.tellsPriorityChanges = notifications.tellsPriorityChanges ?? false
        group.sendsMail = notifications.sendsMail ?? globals.sendsMail
        return group
    }
}

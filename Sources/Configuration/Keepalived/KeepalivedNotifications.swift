/// What a `vrrp_instance` or a `vrrp_sync_group` tells of its states, and whom.
struct KeepalivedNotifications: Sendable {
    /// The commands by their keywords, each with the user that it names.
    private var programs: [String: KeepalivedProgram] = [:]
    /// `nil`: as `global_defs` says.
    private(set) var tellsPriorityChanges: Bool?
    private(set) var sendsMail: Bool?

    /// The keywords.
    static func rules<Target>(
        _ field: Field<Target, KeepalivedNotifications>
    ) -> [String: Rule<Target>] {
        var rules: [String: Rule<Target>] = [
            "notify_priority_changes": .line { target, arguments throws(Remark) in
                target[keyPath: field].tellsPriorityChanges = try arguments.isOn()
            },
            "smtp_alert": .line { target, arguments throws(Remark) in
                target[keyPath: field].sendsMail = try arguments.isOn()
            },
        ]
        for keyword in parts.keys {
            rules[keyword] = .line { target, arguments throws(Remark) in
                if arguments.upcoming?.text.isEmpty == true {
                    _ = arguments.remaining()
                    return arguments.warn("\(keyword.quoted) names no program: none is run")
                }
                let word = arguments.upcoming ?? arguments.keyword
                let command = try arguments.command()
                target[keyPath: field].programs[keyword] = KeepalivedProgram(
                    command: command, user: try arguments.scriptUser(), word: word)
            }
        }
        return rules
    }

    private static let parts: [String: Field<NotificationSettings, [String]?>] = [
        "notify": \.any, "notify_master": \.active, "notify_backup": \.backup,
        "notify_fault": \.fault, "notify_stop": \.stop, "notify_deleted": \.deleted,
        "notify_master_rx_lower_pri": \.heardInferior,
    ]

    /// The programs, each run as the user that it or else `global_defs` names.
    func settings(
        _ globals: KeepalivedGlobals, _ remarks: inout [Remark]
    ) -> NotificationSettings {
        var settings = NotificationSettings()
        for (keyword, part) in Self.parts {
            guard let program = programs[keyword] else { continue }
            settings[keyPath: part] = globals.runnable(program, as: keyword, &remarks)
        }
        return settings
    }
}

extension Arguments {
    /// A user, and perhaps a group, at the end of a line.
    mutating func scriptUser() throws(Remark) -> ScriptUser? {
        guard let user = nextIfPresent() else { return nil }
        let group = nextIfPresent()
        for word in [user, group].compactMap(\.self) {
            // Not a rule of the system, but nobody has such a name, and a path is a frequent mistake.
            guard !word.text.contains("/"), !word.text.hasPrefix("-"), !word.text.isEmpty else {
                throw .error(
                    "\(word.text.quoted): must be a user, and perhaps a group; arguments of the"
                        + " command belong inside its quotes", at: word.position)
            }
        }
        return ScriptUser(user: user.text, group: group?.text)
    }
}

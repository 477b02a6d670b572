internal import Glibc

extension Model {
    /// What cannot run, since this host does not have its user, for `lbctl check`; each a sentence for
    /// people.
    ///
    /// Looks names up where the host does, and so may wait for a directory service: not for a node that
    /// takes part.
    public var programsWithoutUser: [String] {
        var sentences = scripts.compactMap { script -> String? in
            script.user?.missingName.map {
                "vrrp_script \(script.name.quoted) is to run as \($0): it fails each time, where keepalived"
                    + " leaves it out; its host must have that name before it runs there"
            }
        }
        let programs =
            virtualRouters.map { ("vrrp_instance", $0.name, $0.notifications) }
            + syncGroups.map { ("vrrp_sync_group", $0.name, $0.notifications) }
        for (kind, name, notifications) in programs {
            // Most often all of them run as the same user.
            var told: Set<String> = []
            for command in notifications.commands {
                guard let missing = ScriptUser.running(command)?.missingName,
                    told.insert(missing).inserted
                else { continue }
                sentences.append(
                    "programs that \(kind) \(name.quoted) notifies are to run as \(missing): none of"
                        + " these is run")
            }
        }
        for pipe in global.notificationFIFOs {
            guard let missing = pipe.owner?.missingName else { continue }
            sentences.append("the pipe \(pipe.path.quoted) is to belong to \(missing)")
        }
        return sentences
    }
}

extension NotificationSettings {
    fileprivate var commands: [[String]] {
        [active, backup, fault, stop, deleted, heardInferior, any].compactMap(\.self)
    }
}

extension ScriptUser {
    /// The user or group that this host does not have, in words; `nil`: it has both.
    ///
    /// `getpwnam(3)`, `getgrnam(3)`; a number needs no name.
    fileprivate var missingName: String? {
        if UInt32(user) == nil, getpwnam(user) == nil {
            return "user \(user.quoted), which this host does not have"
        }
        if let group, UInt32(group) == nil, getgrnam(group) == nil {
            return "group \(group.quoted), which this host does not have"
        }
        return nil
    }
}

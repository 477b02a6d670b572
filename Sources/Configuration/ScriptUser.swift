import Glibc

/// The user and group that a script is to run as: `user NAME [GROUP]`.
public struct ScriptUser: Hashable, Sendable, Codable {
    /// The user's name.
    public var user: String
    /// The group's name; `nil`: the user's own.
    public var group: String?
    /// Whether the script has the user's other groups too (`set_supplementary_groups`).
    public var hasSupplementaryGroups = false

    /// Makes a user, with the own group by default.
    ///
    /// - Parameters:
    ///   - user: The user's name.
    ///   - group: The group's name.
    public init(user: String, group: String? = nil) {
        self.user = user
        self.group = group
    }

    /// The command that becomes the user and then is `command`.
    ///
    /// The names are looked up by that process: a directory service that is slow delays the script,
    /// and neither the election nor a reload.
    public func running(_ command: [String]) -> [String] {
        let groups = hasSupplementaryGroups ? "--init-groups" : "--clear-groups"
        let become = """
            user=$0 group=$1; shift
            exec setpriv --reuid "$user" --regid "${group:-$(id -g -- "$user")}" \(groups) -- "$@"
            """
        return ["/bin/sh", "-c", become, user, group ?? ""] + command
    }

    /// The command that becomes another user first, without that.
    ///
    /// - Parameter command: What ``running(_:)`` made, or any other command.
    /// - Returns: What is run in the end.
    public static func unwrapped(_ command: [String]) -> [String] {
        for hasGroups in [false, true] {
            var anybody = ScriptUser(user: "")
            anybody.hasSupplementaryGroups = hasGroups
            let wrapping = anybody.running([])
            // The shell and its script; then whose names.
            if command.count > wrapping.count, command.prefix(3) == wrapping.prefix(3) {
                return Array(command.dropFirst(wrapping.count))
            }
        }
        return command
    }

    /// Whom a command becomes first.
    ///
    /// - Parameter command: What ``running(_:)`` made, or any other command.
    /// - Returns: Whom; `nil`: nobody else.
    static func running(_ command: [String]) -> ScriptUser? {
        let own = unwrapped(command)
        guard own.count < command.count else { return nil }
        let names = command.dropLast(own.count).suffix(2)
        guard let user = names.first, let group = names.last else { return nil }
        return ScriptUser(user: user, group: group.isEmpty ? nil : group)
    }

    /// The user and the group as `chown` takes them; without a group, the user's own.
    public var ownership: String { "\(user):\(group ?? "")" }

    /// Whether it is the superuser, by name or by number.
    var isRoot: Bool { user == "root" || user == "0" }

    /// keepalived's user for scripts, where this host's own list of users has it and this program
    /// may become it.
    ///
    /// `passwd(5)`; no directory service is asked, which might hang.
    public static var keepalivedDefault: ScriptUser? {
        guard geteuid() == 0, let bytes = try? InputFile(reading: "/etc/passwd").bytes else {
            return nil
        }
        return keepalivedDefault(among: String(decoding: bytes, as: UTF8.self))
    }

    /// The same, of the text of a list of users.
    static func keepalivedDefault(among users: String) -> ScriptUser? {
        let name = "keepalived_script"
        return users.split(separator: "\n").contains { $0.hasPrefix(name + ":") }
            ? ScriptUser(user: name) : nil
    }
}

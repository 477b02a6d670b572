/// The user and group that a script is to run as: `user NAME [GROUP]`.
public struct ScriptUser: Hashable, Sendable, Codable {
    /// The user's name.
    public var user: String
    /// The group's name; `nil`: the user's own.
    public var group: String?

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
        let become = """
            user=$0 group=$1; shift
            exec setpriv --reuid "$user" --regid "${group:-$(id -g -- "$user")}" --init-groups -- "$@"
            """
        return ["/bin/sh", "-c", become, user, group ?? ""] + command
    }
}

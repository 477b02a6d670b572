internal import CLinux
internal import Glibc

/// What a process may do beyond what its work needs, and how it gives that up.
public enum Privileges {
    /// Whether this process acts as root.
    public static var isRoot: Bool { geteuid() == 0 }

    /// Keeps this process, for good, from gaining privileges by programs that it starts.
    ///
    /// `prctl(2)`, PR_SET_NO_NEW_PRIVS.
    public static func refuseNew() {
        let noNewPrivileges: Int32 = 38
        _ = clinux_prctl(noNewPrivileges, 1)
    }

    /// Becomes another user for good: all threads, and without further groups.
    ///
    /// The group is left first, since the user may not leave it; capabilities go with root's
    /// number. `setgroups(2)`, `setgid(2)`, `setuid(2)`.
    ///
    /// - Parameters:
    ///   - user: The user's number; `nil`: stays the same.
    ///   - group: The group's number; `nil`: stays the same.
    /// - Throws: `SystemError` that names the number; `EPERM` for anybody but root. The process may
    ///   have given up a part then, and should end.
    public static func become(user: UInt32?, group: UInt32?) throws(SystemError) {
        if user == nil || user == getuid(), group == nil || group == getgid(), !isRoot { return }
        if user != nil || group != nil {
            try call("setgroups", "no groups", setgroups(0, nil))
        }
        if let group { try call("setgid", "\(group)", setgid(group)) }
        if let user { try call("setuid", "\(user)", setuid(user)) }
    }

    private static func call(
        _ name: String, _ subject: String, _ result: Int32
    )
        throws(SystemError)
    {
        guard result != 0 else { return }
        throw SystemError(call: name, errno: Errno(rawValue: errno), subject: subject)
    }
}

internal import Glibc

/// A user or a group as this host knows it; a configuration is checked where it runs.
enum HAProxyAccount {
    /// The number of a user and of the group that it belongs to first.
    ///
    /// `getpwnam_r(3)`.
    static func user(_ name: Word) throws(Remark) -> (user: UInt32, group: UInt32) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        let code = withLookupBuffer {
            getpwnam_r(name.text, &entry, $0, $1, &found)
        }
        guard code == 0, found != nil else { throw unknown("user", name, code) }
        return (entry.pw_uid, entry.pw_gid)
    }

    /// The number of a group.
    ///
    /// `getgrnam_r(3)`.
    static func group(_ name: Word) throws(Remark) -> UInt32 {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        let code = withLookupBuffer {
            getgrnam_r(name.text, &entry, $0, $1, &found)
        }
        guard code == 0, found != nil else { throw unknown("group", name, code) }
        return entry.gr_gid
    }

    private static func unknown(_ kind: String, _ name: Word, _ code: CInt) -> Remark {
        // What "not there" returns differs between the host's sources of names.
        let reason =
            [0, ENOENT, ESRCH, EBADF, EPERM].contains(code)
            ? "this host has no such \(kind)" : String(cString: strerror(code))
        return .error("\(kind) \(name.text.quoted): \(reason)", at: name.position)
    }

    /// Gives room for the texts of an entry, more when asked.
    private static func withLookupBuffer(
        _ lookUp: (UnsafeMutablePointer<CChar>, Int) -> CInt
    ) -> CInt {
        var size = 1024
        while true {
            let room = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { room.deallocate() }
            let code = lookUp(room, size)
            guard code == ERANGE, size < 1 << 20 else { return code }
            size *= 2
        }
    }
}

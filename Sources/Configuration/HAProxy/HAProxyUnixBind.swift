/// What `unix-bind` says for all Unix sockets that lines after it listen on.
///
/// haproxy's configuration manual, section 3.1.
struct HAProxyUnixBind: Sendable {
    /// What stands before each path.
    private(set) var prefix = ""
    private var mode: UInt32?
    private var userID: UInt32?
    private var groupID: UInt32?

    /// Gives a listener what its own line does not say.
    func complete(_ listener: inout Listener) {
        listener.mode = listener.mode ?? mode
        listener.userID = listener.userID ?? userID
        listener.groupID = listener.groupID ?? groupID
    }

    /// `unix-bind` of the global section.
    static let rule = Rule<Draft>.each { draft, arguments throws(Remark) in
        guard arguments.upcoming != nil else {
            throw .error(
                "'unix-bind' needs words: prefix, mode, user, uid, group or gid, as in 'unix-bind prefix"
                    + " /run/ mode 660'", at: arguments.keyword.position)
        }
        try table.readAll(into: &draft.bindSurroundings.unix, &arguments)
    }

    private static let table = KeywordTable<HAProxyUnixBind>(
        "unix-bind option",
        rules(\.mode, user: \.userID, group: \.groupID).merging([
            "prefix": .line { unix, arguments throws(Remark) in
                unix.prefix = try arguments.next("what paths begin with, such as /run/").text
            }
        ]) { own, _ in own })

    /// `mode`, `user`, `uid`, `group` and `gid`: a Unix socket's permissions and owner.
    static func rules<Target>(
        _ mode: Field<Target, UInt32?>, user: Field<Target, UInt32?>,
        group: Field<Target, UInt32?>
    ) -> [String: Rule<Target>] {
        [
            "mode": .line { target, arguments throws(Remark) in
                let word = try arguments.next("permissions such as 660")
                guard let number = UInt32(word.text, radix: 8), number <= 0o777 else {
                    throw .error(
                        "mode \(word.text.quoted): must be permissions such as 660",
                        at: word.position)
                }
                target[keyPath: mode] = number
            },
            "user": .line { target, arguments throws(Remark) in
                let account = try HAProxyAccount.user(arguments.next("a user's name"))
                target[keyPath: user] = account.user
            },
            "group": .line { target, arguments throws(Remark) in
                target[keyPath: group] = try HAProxyAccount.group(
                    arguments.next("a group's name"))
            },
            "uid": .line { target, arguments throws(Remark) in
                target[keyPath: user] = UInt32(try arguments.integer(in: .atLeast(0)))
            },
            "gid": .line { target, arguments throws(Remark) in
                target[keyPath: group] = UInt32(try arguments.integer(in: .atLeast(0)))
            },
        ]
    }
}

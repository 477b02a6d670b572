#if Program
internal import LinuxIO
internal import NodeConfiguration

extension Model {
    /// Refuses what the balancer process could not do as the user that it becomes.
    ///
    /// - Throws: `Failure` that names the keyword.
    func checkPrivileges() throws(Failure) {
        try global.checkAccount()
        guard !Privileges.isRoot || global.userID ?? 0 != 0 else { return }
        for backend in backends {
            for server in backend.servers where server.connection.source.transparency != .none {
                throw Failure(
                    .notPermitted, "server \(backend.name)/\(server.name): 'usesrc' \(wantsRoot)")
            }
        }
        for frontend in frontends {
            let rules = frontend.rules
            for rule in rules.connection + rules.session + rules.content {
                guard case .setMark = rule.action else { continue }
                throw Failure(.notPermitted, "frontend \(frontend.name): 'set-mark' \(wantsRoot)")
            }
        }
    }
}

private let wantsRoot =
    "wants CAP_NET_ADMIN, which the balancer process has as root alone: run as root without 'user' in"
    + " the global section"
#endif

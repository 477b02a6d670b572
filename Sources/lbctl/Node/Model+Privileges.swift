#if Program
internal import LinuxIO
internal import NodeConfiguration

extension Model {
    /// Refuses what the balancer process could not do as the user that it becomes.
    ///
    /// - Throws: `Failure` that names the keyword.
    func checkPrivileges() throws(Failure) {
        try global.checkAccount()
        let isRoot = Privileges.isRoot && global.userID ?? 0 == 0
        try checkCongestionControl(balancerIsRoot: isRoot)
        guard !isRoot else { return }
        for backend in backends {
            for server in backend.servers where server.connection.source.transparency != .none {
                throw Failure(
                    .notPermitted, "server \(backend.name)/\(server.name): 'usesrc' \(wantsRoot)")
            }
        }
        let sections =
            frontends.map {
                ("frontend", $0.name, $0.rules.connection + $0.rules.session + $0.rules.content)
            }
            + backends.map { ("backend", $0.name, $0.contentRules) }
        for (kind, name, rules) in sections {
            for rule in rules {
                guard case .setMark = rule.action else { continue }
                throw Failure(.notPermitted, "\(kind) \(name): 'set-mark' \(wantsRoot)")
            }
        }
    }
}

private let wantsRoot =
    "wants CAP_NET_ADMIN, which the balancer process has as root alone: run as root without 'user' in"
    + " the global section"
#endif

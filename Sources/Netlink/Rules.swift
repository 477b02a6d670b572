internal import CNetlink
internal import LinuxIO

/// The rules by which the kernel of a namespace chooses tables of routes.
///
/// Belongs to the network namespace of the thread that made it, and to one thread at a time.
/// `ip-rule(8)`, RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE.
public struct Rules: ~Copyable {
    /// What adding a rule came to.
    public enum Addition: Hashable, Sendable {
        /// It is there now.
        case added
        /// The same one was there before; someone else may have put it there.
        case alreadyPresent
    }

    /// What removing a rule came to.
    public enum Removal: Hashable, Sendable {
        /// It is gone now.
        case removed
        /// It was not there.
        case alreadyAbsent
    }

    private let socket: NetlinkSocket

    /// Opens a socket to the kernel.
    ///
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init() throws(NetlinkError) { socket = try NetlinkSocket() }

    /// Adds a rule.
    ///
    /// - Parameter rule: The rule.
    /// - Returns: Whether the same one, whatever its tag, was there before.
    /// - Throws: `NetlinkError` with the kernel's reason: a table of number 0 (`EINVAL`), no
    ///   permission (`EPERM`).
    public borrowing func add(_ rule: Rule) throws(NetlinkError) -> Addition {
        let exclusive = try rule.request(RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL)
        var answer = try socket.perform(exclusive, "add")
        if case .refused(.fileExists, _) = answer {
            // The kernel says so too of a narrower rule that has the same priority.
            let isPresent = try list(rule.family).contains { $0.isSameRule(as: rule) }
            if isPresent { return .alreadyPresent }
            let request = try rule.request(RTM_NEWRULE, flags: NLM_F_CREATE)
            answer = try socket.perform(request, "add")
        }
        try answer.get("add", "\(rule)")
        return .added
    }

    /// Removes a rule.
    ///
    /// The kernel takes what a request leaves out for "any". So the rule is looked up first, and a
    /// narrower one of the same tag and priority that the kernel would take instead is put back.
    ///
    /// - Parameter rule: The rule, tag and priority included.
    /// - Returns: Whether it was there.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func remove(_ rule: Rule) throws(NetlinkError) -> Removal {
        let rule = rule.canonical
        var before = try list(rule.family)
        guard before.contains(rule) else { return .alreadyAbsent }
        var displaced: [Rule] = []
        while before.contains(rule) {
            let answer = try socket.perform(try rule.request(RTM_DELRULE), "remove")
            try answer.get("remove", "\(rule)")
            let after = try list(rule.family)
            displaced += before.filter {
                $0 != rule && $0.priority == rule.priority && $0.protocolTag == rule.protocolTag
                    && !after.contains($0)
            }
            before = after
        }
        for other in displaced { _ = try add(other) }
        return .removed
    }

    /// The rules of one version, in the order in which the kernel tries them.
    ///
    /// - Parameter family: The version.
    /// - Returns: The rules; those that only jump to others are left out.
    /// - Throws: `NetlinkError`.
    public borrowing func list(_ family: InternetAddress.Family) throws(NetlinkError) -> [Rule] {
        var header = fib_rule_hdr()
        header.family = UInt8(family.rawFamily)
        return try socket.list("list rules") { () throws(NetlinkError) in
            try RequestMessage(type: RTM_GETRULE, flags: dumpFlags, header: header)
        } read: { message in
            Rule(message).flatMap { $0.family == family ? $0 : nil }
        }
    }

    /// Removes what an earlier run left behind: every rule that carries a tag.
    ///
    /// Make sure first, by a lock of the node, that no second program holds them.
    ///
    /// - Parameter tag: The tag.
    /// - Returns: What was removed.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func removeLeftovers(tag: RouteProtocol) throws(NetlinkError) -> [Rule] {
        var removed: [Rule] = []
        for leftover in try list(.v4) + list(.v6) where leftover.protocolTag == tag {
            if try remove(leftover) == .removed { removed.append(leftover) }
        }
        return removed
    }
}

internal import CNetlink
internal import LinuxIO

/// The tables of routes of a namespace.
///
/// Belongs to the network namespace of the thread that made it, and to one thread at a time. The
/// kernel itself drops the IPv4 routes of an interface or a source address that goes. `rtnetlink(7)`,
/// RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE.
public struct Routes: ~Copyable {
    /// What adding a route came to.
    public enum Addition: Hashable, Sendable {
        /// It is there now.
        case added
        /// Its place was taken: by the same one, which ``isPresent(_:)`` tells, or by somebody else's.
        case occupied
    }

    /// What removing a route came to.
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

    /// Adds a route where its place, by table, destination and metric, is free.
    ///
    /// - Parameter route: The route.
    /// - Returns: Whether its place was taken.
    /// - Throws: `NetlinkError` with the kernel's reason: a gateway that no subnet of the interface
    ///   holds (`ENETUNREACH`, `EHOSTUNREACH`), an interface that is down (`ENETDOWN`), a source that
    ///   is not this host's (`EINVAL`), no permission (`EPERM`).
    public borrowing func add(_ route: Route) throws(NetlinkError) -> Addition {
        let answer = try socket.perform(try route.additionRequest(), "add")
        if case .refused(.fileExists, _) = answer { return .occupied }
        try answer.get("add", "\(route)")
        return .added
    }

    /// Whether a route of this one's tag has its place.
    ///
    /// Of a large table, the kernel sends the routes of that tag alone.
    ///
    /// - Parameter route: The route.
    /// - Returns: Whether it is there.
    /// - Throws: `NetlinkError`.
    public borrowing func isPresent(_ route: Route) throws(NetlinkError) -> Bool {
        try list(
            route.destination.address.family, table: route.table, tag: route.protocolTag
        ).contains { $0.isSamePlace(as: route) }
    }

    /// Removes a route, and no other that has its place.
    ///
    /// - Parameter route: The route; gateway, interface, source and tag are compared where given.
    /// - Returns: Whether it was there.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func remove(_ route: Route) throws(NetlinkError) -> Removal {
        let answer = try socket.perform(try route.removalRequest(), "remove")
        switch answer {
        case .refused(.noSuchProcess, _), .refused(.noSuchFile, _), .refused(.noSuchDevice, _):
            return .alreadyAbsent
        case .done, .refused:
            try answer.get("remove", "\(route)")
            return .removed
        }
    }

    /// The routes of one version.
    ///
    /// - Parameters:
    ///   - family: The version.
    ///   - table: Of this table only; `nil`: of all.
    ///   - tag: With this tag only; `nil`: with any.
    /// - Returns: The routes; none for a table that does not exist. A route with several ways has
    ///   neither gateway nor interface here.
    /// - Throws: `NetlinkError`.
    public borrowing func list(
        _ family: InternetAddress.Family, table: RouteTable? = nil, tag: RouteProtocol? = nil
    ) throws(NetlinkError) -> [Route] {
        var header = rtmsg()
        header.rtm_family = UInt8(family.rawFamily)
        header.rtm_protocol = tag?.rawValue ?? 0
        do throws(NetlinkError) {
            let routes = try socket.list("list routes") { () throws(NetlinkError) in
                let request = try RequestMessage(
                    type: RTM_GETROUTE, flags: dumpFlags, header: header)
                if let table { try request.put(Int(RTA_TABLE.rawValue), table.rawValue) }
                return request
            } read: {
                Route($0)
            }
            return routes.filter {
                $0.destination.address.family == family && (table == nil || $0.table == table)
                    && (tag == nil || $0.protocolTag == tag)
            }
        } catch {
            if case .refused(.noSuchFile, _) = error.reason, table != nil { return [] }
            throw error
        }
    }

    /// Removes what an earlier run left behind: every route that carries a tag.
    ///
    /// Make sure first, by a lock of the node, that no second program holds them.
    ///
    /// - Parameter tag: The tag.
    /// - Returns: What was removed.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func removeLeftovers(tag: RouteProtocol) throws(NetlinkError) -> [Route] {
        var removed: [Route] = []
        for leftover in try list(.v4, tag: tag) + list(.v6, tag: tag)
        where try remove(leftover) == .removed {
            removed.append(leftover)
        }
        return removed
    }
}

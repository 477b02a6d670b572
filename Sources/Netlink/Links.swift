internal import CNetlink
internal import LinuxIO

/// The network interfaces of a namespace: looks them up, sets them up and down.
///
/// Belongs to the network namespace of the thread that made it. `rtnetlink(7)`, RTM_GETLINK.
public struct Links: ~Copyable {
    private let socket: NetlinkSocket

    /// Opens a socket to the kernel.
    ///
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init() throws(NetlinkError) { socket = try NetlinkSocket() }

    /// All interfaces, in the order of their numbers.
    ///
    /// - Returns: The interfaces.
    /// - Throws: `NetlinkError`.
    public borrowing func list() throws(NetlinkError) -> [Link] { try socket.listLinks() }

    /// The interface of a name.
    ///
    /// - Parameter name: `eth1` for example.
    /// - Returns: The interface; `nil` when there is none of that name.
    /// - Throws: `NetlinkError`.
    public borrowing func link(named name: String) throws(NetlinkError) -> Link? {
        let nameLimit = 15
        guard (1...nameLimit).contains(name.utf8.count) else { return nil }
        let request = try RequestMessage(type: RTM_GETLINK, header: ifinfomsg())
        try request.put(Int(IFLA_IFNAME), name)
        return try find(request, name)
    }

    /// The interface of a number.
    ///
    /// - Parameter index: The number.
    /// - Returns: The interface; `nil` when there is none of that number.
    /// - Throws: `NetlinkError`.
    public borrowing func link(index: Int32) throws(NetlinkError) -> Link? {
        guard index > 0 else { return nil }
        let request = try RequestMessage(type: RTM_GETLINK, header: Self.header(index))
        return try find(request, "interface \(index)")
    }

    /// Sets an interface up or down.
    ///
    /// - Parameters:
    ///   - index: The interface's number.
    ///   - isUp: True for up.
    /// - Throws: `NetlinkError` with the kernel's reason: no such interface (`ENODEV`), no
    ///   permission (`EPERM`).
    public borrowing func set(index: Int32, isUp: Bool) throws(NetlinkError) {
        let up = Link.Flags.up.rawValue
        let header = Self.header(index, flags: isUp ? up : 0, change: up)
        let operation = isUp ? "set up" : "set down"
        let request = try RequestMessage(type: RTM_NEWLINK, header: header)
        try socket.perform(request, operation).get(operation, "interface \(index)")
    }

    private borrowing func find(
        _ request: borrowing RequestMessage, _ subject: String
    ) throws(NetlinkError) -> Link? {
        try request.put(Int(IFLA_EXT_MASK), UInt32(CNETLINK_SKIP_STATISTICS))
        var found: Link?
        let answer = try socket.perform(request, "look up") { message in
            if message.type == RTM_NEWLINK { found = Link(message) }
        }
        if case .refused(.noSuchDevice, _) = answer { return nil }
        try answer.get("look up", subject)
        return found
    }

    private static func header(
        _ index: Int32, flags: UInt32 = 0, change: UInt32 = 0
    ) -> ifinfomsg {
        var header = ifinfomsg()
        header.ifi_index = index
        header.ifi_flags = flags
        header.ifi_change = change
        return header
    }
}

extension NetlinkSocket {
    /// Lists links, in the order of their numbers.
    borrowing func listLinks() throws(NetlinkError) -> [Link] {
        try list("list links") { () throws(NetlinkError) in
            let request = try RequestMessage(
                type: RTM_GETLINK, flags: dumpFlags, header: ifinfomsg())
            try request.put(Int(IFLA_EXT_MASK), UInt32(CNETLINK_SKIP_STATISTICS))
            return request
        } read: { message in
            message.type == RTM_NEWLINK ? Link(message) : nil
        }
    }
}

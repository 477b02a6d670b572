internal import CNetlink
internal import LinuxIO

/// Makes and removes links with an Ethernet address of their own, with the kernel's parameters that
/// they need.
///
/// Belongs to the network namespace of the thread that made it, and to one thread at a time. What
/// was changed on the interface below is written into the link's alias and restored with the last
/// such link, by the next run if this one crashes. RTM_NEWLINK, RTM_DELLINK.
public struct Macvlans: ~Copyable {
    /// What removing a link came to.
    public enum Removal: Hashable, Sendable {
        /// It is gone now.
        case removed
        /// It was not there; the parameters of the interface below are restored all the same.
        case alreadyAbsent
    }

    private let socket: NetlinkSocket
    private let links: Links

    /// What the interface below needs, or more.
    ///
    /// Without `arp_ignore` it would answer for the addresses of the link above. Without
    /// `arp_announce` its questions would name them as the sender, and teach the neighbours its own
    /// hardware address. Not `arp_filter`: once routes are made anew after a flap, and the one
    /// through the link above comes first, the host would be silent about its own address.
    static let neededBelow: [InterfaceParameter: Int] = [.arpIgnore: 1, .arpAnnounce: 2]

    /// What the link itself needs.
    ///
    /// The kernel takes the higher `rp_filter` of the link and of `all`: with 2, which lets through
    /// what has a way back by any interface, `all` and all other interfaces stay as they are.
    static let neededAbove: [InterfaceParameter: Int] = [
        .arpIgnore: 1, .reversePathFilter: 2, .acceptLocal: 1, .promoteSecondaries: 1,
    ]

    /// Opens sockets to the kernel.
    ///
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init() throws(NetlinkError) {
        let socket = try NetlinkSocket()
        let links = try Links()
        self.socket = socket
        self.links = links
    }

    /// Lets a link take what comes in for its Ethernet address, and send on what of it is for others.
    ///
    /// It sends on where the interface below does.
    ///
    /// - Parameters:
    ///   - macvlan: The link.
    ///   - usesIPv6: False: IPv6 stays switched off on it.
    /// - Throws: `NetlinkError`: no such link, a kernel without the IPv6 that is asked for, a file
    ///   system that can't be written to.
    public borrowing func open(
        _ macvlan: Macvlan, usesIPv6: Bool = true
    ) throws(NetlinkError) {
        guard let parent = try links.link(index: macvlan.parentIndex) else { return }
        do throws(SystemError) {
            try Self.set(.forwarding, on: macvlan.name, as: parent.name)
            try Self.set(.disableIPv6, on: macvlan.name, to: usesIPv6 ? 0 : 1)
            if usesIPv6 { try Self.set(.forwardingIPv6, on: macvlan.name, as: parent.name) }
        } catch { throw NetlinkError(error) }
    }

    /// Lets a link send nothing on any more, and have no IPv6: its IPv6 addresses go.
    ///
    /// Frames for its Ethernet address also come to those that only wait to take it over, as long as a
    /// switch does not know where it is. Each of them would send the packets on once more. Over IPv6
    /// the kernel asks the setting of the whole host alone whether to, so that a link that is not to
    /// must have none.
    ///
    /// - Parameter macvlan: The link; nothing happens to one that is gone.
    /// - Throws: `NetlinkError`: a file system that can't be written to.
    public borrowing func shut(_ macvlan: Macvlan) throws(NetlinkError) {
        do throws(SystemError) { try Self.shut(macvlan.name) } catch {
            guard error.errno == .noSuchFile, try links.link(index: macvlan.index) == nil else {
                throw NetlinkError(error)
            }
        }
    }

    private static func shut(_ name: String) throws(SystemError) {
        try set(.forwarding, on: name, to: 0)
        try set(.disableIPv6, on: name, to: 1)
    }

    private static func set(
        _ parameter: InterfaceParameter, on name: String, as other: String
    ) throws(SystemError) {
        try set(parameter, on: name, to: try parameter.parameter(of: other).value())
    }

    private static func set(
        _ parameter: InterfaceParameter, on name: String, to value: Int
    ) throws(SystemError) {
        let target = parameter.parameter(of: name)
        do throws(SystemError) {
            if try target.value() != value { try target.set(value) }
        } catch {
            // A kernel without IPv6 has nothing to switch off.
            guard parameter == .disableIPv6, value == 1, error.errno == .noSuchFile else {
                throw error
            }
        }
    }

    /// Makes a link; it is down, without addresses, and derives none.
    ///
    /// It is shut until ``open(_:usesIPv6:)``: it sends nothing on, and has no IPv6.
    ///
    /// Give its addresses ``InterfaceAddress/Flags/noPrefixRoute`` where the interface below has
    /// an address of the same subnet: two routes to one subnet make the answers depend on which came
    /// first. Set it up with ``Links/set(index:isUp:)``.
    ///
    /// - Parameters:
    ///   - name: A name of 1 to 15 bytes that is free.
    ///   - hardwareAddress: Its Ethernet address, unlike that of any other on the interface below.
    ///   - parentIndex: The interface that its packets go through.
    /// - Returns: The link.
    /// - Throws: `NetlinkError` with the kernel's reason: a name (`EEXIST`) or an address
    ///   (`EADDRINUSE`) that is taken, no such interface (`ENODEV`), an interface that is itself
    ///   below a bridge (`EBUSY`) or a macvlan (`EINVAL`), no permission (`EPERM`, `EROFS`). Nothing is left behind then.
    public borrowing func create(
        name: String, hardwareAddress: HardwareAddress, parentIndex: Int32
    ) throws(NetlinkError) -> Macvlan {
        guard let parent = try links.link(index: parentIndex) else {
            throw NetlinkError("make", name, .refused(.noSuchDevice, explanation: nil))
        }
        let siblings = try list().filter { $0.parentIndex == parentIndex }
        var record = siblings.first?.record ?? ParameterRecord()
        do throws(SystemError) {
            try record.note(below: Self.neededBelow, of: parent.name)
        } catch { throw NetlinkError(error) }
        let macvlan = try createLink(name, hardwareAddress, parentIndex, record)
        guard macvlan.parentIndex == parentIndex else {
            // The kernel puts it on the interface below; the record is of another one.
            _ = try delete(macvlan)
            let reason = "\(parent.name) is on interface \(macvlan.parentIndex) itself, take that"
            throw NetlinkError("make", name, .refused(.invalidArgument, explanation: reason))
        }
        do throws(SystemError) {
            for (parameter, value) in Self.neededAbove {
                try parameter.parameter(of: name).set(value)
            }
            try Self.shut(name)
            try Self.deriveNoAddress(on: name)
            try record.apply(Self.neededBelow, to: parent.name)
        } catch {
            _ = try remove(macvlan)
            throw NetlinkError(error)
        }
        return macvlan
    }

    /// Removes a link, and restores the interface below when it was the last one there.
    ///
    /// - Parameter macvlan: The link.
    /// - Returns: Whether it was there.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func remove(_ macvlan: Macvlan) throws(NetlinkError) -> Removal {
        let present = try list()
        let hasSiblings = present.contains {
            $0.parentIndex == macvlan.parentIndex && $0.index != macvlan.index
        }
        // First, as the record ends with the link.
        if !hasSiblings { try restoreParent(of: macvlan) }
        guard present.contains(where: { $0.index == macvlan.index }) else { return .alreadyAbsent }
        return try delete(macvlan)
    }

    private borrowing func delete(_ macvlan: Macvlan) throws(NetlinkError) -> Removal {
        var header = ifinfomsg()
        header.ifi_index = macvlan.index
        let request = try RequestMessage(type: RTM_DELLINK, header: header)
        let answer = try socket.perform(request, "remove")
        if case .refused(.noSuchDevice, _) = answer { return .alreadyAbsent }
        try answer.get("remove", macvlan.name)
        return .removed
    }

    /// The links of this kind that this program made, in this run or an earlier one.
    ///
    /// - Returns: The links, in the order of their numbers.
    /// - Throws: `NetlinkError`.
    public borrowing func list() throws(NetlinkError) -> [Macvlan] {
        try socket.list("list links") { () throws(NetlinkError) in
            let request = try RequestMessage(
                type: RTM_GETLINK, flags: dumpFlags, header: ifinfomsg())
            try request.put(Int(IFLA_EXT_MASK), UInt32(CNETLINK_SKIP_STATISTICS))
            return request
        } read: {
            Macvlan($0)
        }
    }

    /// Removes what an earlier run left behind, and restores the interfaces below.
    ///
    /// Make sure first, by a lock of the node, that no second program uses them.
    ///
    /// - Returns: What was removed.
    /// - Throws: `NetlinkError` with the kernel's reason: no permission (`EPERM`).
    public borrowing func removeLeftovers() throws(NetlinkError) -> [Macvlan] {
        var removed: [Macvlan] = []
        for leftover in try list() where try remove(leftover) == .removed {
            removed.append(leftover)
        }
        return removed
    }

    /// Makes a link with its alias, in one call: a process that is killed leaves none without.
    private borrowing func createLink(
        _ name: String, _ hardwareAddress: HardwareAddress, _ parentIndex: Int32,
        _ record: ParameterRecord
    ) throws(NetlinkError) -> Macvlan {
        // The second request of the batch goes by name, and would reach another's link.
        guard try links.link(named: name) == nil else {
            throw NetlinkError("make", name, .refused(.fileExists, explanation: nil))
        }
        var batch = RequestBatch()
        batch.append(
            try Macvlan.creationRequest(
                name: name, hardwareAddress: hardwareAddress, parentIndex: parentIndex), on: socket)
        batch.append(try Macvlan.aliasRequest(name: name, alias: record.alias), on: socket)
        let answers = try socket.exchange(batch, "make")
        if answers[0] == .done && answers[1] != .done {
            let undo = try RequestMessage(type: RTM_DELLINK, header: ifinfomsg())
            try undo.put(Int(IFLA_IFNAME), name)
            _ = try socket.perform(undo, "remove")
        }
        for answer in answers { try answer.get("make", name) }
        guard let made = try list().first(where: { $0.name == name }) else {
            throw NetlinkError("make", name, .refused(.noSuchDevice, explanation: nil))
        }
        return made
    }

    private borrowing func restoreParent(of macvlan: Macvlan) throws(NetlinkError) {
        guard macvlan.parentIndex > 0, let parent = try links.link(index: macvlan.parentIndex)
        else { return }
        do throws(SystemError) {
            try macvlan.record.restore(Self.neededBelow, on: parent.name)
        } catch { throw NetlinkError(error) }
    }

    /// Neither by itself nor from what a router of the LAN says: it would be the same on every node.
    private static func deriveNoAddress(on name: String) throws(SystemError) {
        do throws(SystemError) {
            try InterfaceParameter.addressGenerationMode.parameter(of: name).set(1)
            try InterfaceParameter.acceptRouterAdvertisements.parameter(of: name).set(0)
        } catch {
            // A kernel without IPv6 derives none.
            guard error.errno == .noSuchFile else { throw error }
        }
    }
}

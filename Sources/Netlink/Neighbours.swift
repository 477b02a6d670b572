internal import CNetlink
internal import LinuxIO

/// A neighbour on a link: which hardware address an Internet address is taken to have.
///
/// `arp(7)`, `rtnetlink(7)`, RTM_NEWNEIGH.
public struct Neighbour: Hashable, Sendable {
    /// How well an entry is known to be right.
    ///
    /// `linux/neighbour.h`, NUD_*.
    public struct State: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: UInt16
        /// Makes a set from the kernel's bits.
        public init(rawValue: UInt16) { self.rawValue = rawValue }
        /// It is being asked for.
        public static let incomplete = State(rawValue: 0x01)
        /// It was confirmed lately.
        public static let reachable = State(rawValue: 0x02)
        /// It was not confirmed lately, or came unasked.
        public static let stale = State(rawValue: 0x04)
        /// It did not answer.
        public static let failed = State(rawValue: 0x20)
        /// Someone set it for good.
        public static let permanent = State(rawValue: 0x80)
    }

    /// The interface's number.
    public let interfaceIndex: Int32
    /// The neighbour's address.
    public let address: InternetAddress
    /// Its hardware address; `nil` while unknown.
    public let hardwareAddress: HardwareAddress?
    /// How well that is known.
    public let state: State

    init?(_ message: ReceivedMessage) {
        let headerBytes = MemoryLayout<ndmsg>.size
        guard let header = message.payload(as: ndmsg.self),
            let destination = message.attribute(NDA_DST, after: headerBytes),
            let address = InternetAddress(octets: destination.bytes)
        else { return nil }
        interfaceIndex = header.ndm_ifindex
        self.address = address
        hardwareAddress = message.attribute(NDA_LLADDR, after: headerBytes)
            .flatMap { HardwareAddress(octets: $0.bytes) }
        state = State(rawValue: header.ndm_state)
    }
}

/// The neighbours that a namespace knows.
///
/// Belongs to the network namespace of the thread that made it. `rtnetlink(7)`, RTM_GETNEIGH.
public struct Neighbours: ~Copyable {
    /// What removing an entry came to.
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

    /// The neighbours of one version.
    ///
    /// - Parameters:
    ///   - interfaceIndex: On this interface only; `nil`: on all.
    ///   - family: The version.
    /// - Returns: The neighbours.
    /// - Throws: `NetlinkError`.
    public borrowing func list(
        interfaceIndex: Int32? = nil, family: InternetAddress.Family = .v4
    ) throws(NetlinkError) -> [Neighbour] {
        try socket.list("list neighbours") { () throws(NetlinkError) in
            let request = try RequestMessage(
                type: RTM_GETNEIGH, flags: dumpFlags, header: Self.header(0, family))
            if let interfaceIndex {
                try request.put(NDA_IFINDEX, UInt32(bitPattern: interfaceIndex))
            }
            return request
        } read: { message in
            message.type == RTM_NEWNEIGH ? Neighbour(message) : nil
        }
    }

    /// Forgets a neighbour, so that it is asked for anew.
    ///
    /// - Parameters:
    ///   - address: The neighbour's address.
    ///   - interfaceIndex: The interface's number.
    /// - Returns: Whether it was there.
    /// - Throws: `NetlinkError` with the kernel's reason.
    public borrowing func remove(
        _ address: InternetAddress, interfaceIndex: Int32
    ) throws(NetlinkError) -> Removal {
        let request = try RequestMessage(
            type: RTM_DELNEIGH, header: Self.header(interfaceIndex, address.family))
        try request.put(NDA_DST, address.octets)
        let answer = try socket.perform(request, "forget")
        if case .refused(.noSuchFile, _) = answer { return .alreadyAbsent }
        try answer.get("forget", "\(address) on interface \(interfaceIndex)")
        return .removed
    }

    private static func header(_ index: Int32, _ family: InternetAddress.Family) -> ndmsg {
        var header = ndmsg()
        header.ndm_family = UInt8(family.rawFamily)
        header.ndm_ifindex = index
        return header
    }
}

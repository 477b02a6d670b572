internal import CNetlink

/// A network interface and its state.
///
/// `netdevice(7)`, `rtnetlink(7)`, RTM_NEWLINK.
public struct Link: Hashable, Sendable {
    /// The kernel's number, 1 or above; never given to another interface of the namespace soon.
    public let index: Int32
    /// The name, up to 15 bytes; it may change while the number stays.
    public let name: String
    /// What is set and what is so.
    public let flags: Flags
    /// The kernel's view by RFC 2863.
    public let operationalState: OperationalState
    /// The Ethernet address; `nil` on links that are not Ethernet.
    public let hardwareAddress: HardwareAddress?
    /// The most bytes of a packet.
    public let mtu: UInt32
    /// The bridge, bond or VRF that it belongs to.
    public let masterIndex: Int32?

    /// Whether someone has set it up.
    public var isUp: Bool { flags.contains(.up) }
    /// Whether it is set up and can carry packets: the carrier is there.
    public var isRunning: Bool { flags.isSuperset(of: [.up, .running]) }
}

extension Link {
    /// What is set on an interface and what is so.
    ///
    /// `netdevice(7)`, IFF_*.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: UInt32
        /// Makes a set from the kernel's bits.
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        /// Someone has set it up (`IFF_UP`).
        public static let up = Flags(rawValue: 0x1)
        /// It can broadcast (`IFF_BROADCAST`).
        public static let broadcast = Flags(rawValue: 0x2)
        /// It is the loopback (`IFF_LOOPBACK`).
        public static let loopback = Flags(rawValue: 0x8)
        /// It has two ends only (`IFF_POINTOPOINT`).
        public static let pointToPoint = Flags(rawValue: 0x10)
        /// It is operational (`IFF_RUNNING`).
        public static let running = Flags(rawValue: 0x40)
        /// It resolves no addresses (`IFF_NOARP`).
        public static let noARP = Flags(rawValue: 0x80)
        /// It can multicast (`IFF_MULTICAST`).
        public static let multicast = Flags(rawValue: 0x1000)
        /// The carrier is there (`IFF_LOWER_UP`).
        public static let lowerUp = Flags(rawValue: 0x1_0000)
    }

    /// The operational state of RFC 2863.
    ///
    /// `linux/if.h`, IF_OPER_*.
    public enum OperationalState: UInt8, Hashable, Sendable {
        /// The driver does not say: most virtual interfaces, the loopback among them.
        case unknown = 0
        /// A part is missing.
        case notPresent = 1
        /// It cannot carry packets.
        case down = 2
        /// The interface below it is down.
        case lowerLayerDown = 3
        /// It is being tested.
        case testing = 4
        /// It waits for something outside, such as an authentication.
        case dormant = 5
        /// It carries packets.
        case up = 6
    }

    /// Reads a link from RTM_NEWLINK; `nil` when the message tells only a part, or of something
    /// else.
    init?(_ message: ReceivedMessage) {
        // Bridges tell of their ports with messages of the same type, and radios of events that
        // leave out the rest.
        guard let header = message.payload(as: ifinfomsg.self), header.ifi_family == AF_UNSPEC
        else { return nil }
        func attribute(_ number: Int) -> ReceivedAttribute? {
            message.attribute(number, after: MemoryLayout<ifinfomsg>.size)
        }
        guard let name = attribute(Int(IFLA_IFNAME))?.text,
            let mtu = attribute(Int(IFLA_MTU))?.value(as: UInt32.self)
        else { return nil }
        index = header.ifi_index
        self.name = name
        self.mtu = mtu
        flags = Flags(rawValue: header.ifi_flags)
        let state = attribute(Int(IFLA_OPERSTATE))?.value(as: UInt8.self)
        operationalState = state.flatMap(OperationalState.init(rawValue:)) ?? .unknown
        hardwareAddress = attribute(Int(IFLA_ADDRESS)).flatMap {
            HardwareAddress(octets: $0.bytes)
        }
        masterIndex = attribute(Int(IFLA_MASTER))?.value(as: Int32.self)
    }

    /// The number of the link that RTM_DELLINK tells the end of.
    static func removedIndex(_ message: ReceivedMessage) -> Int32? {
        // A port that leaves a bridge is told of in the same way, with the bridge's family.
        guard let header = message.payload(as: ifinfomsg.self), header.ifi_family == AF_UNSPEC
        else { return nil }
        return header.ifi_index
    }
}

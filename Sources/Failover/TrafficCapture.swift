internal import Glibc
public import LinuxIO
public import Reactor
public import VRRPCore

/// The VRRP packets that pass one interface, of both families, those of this host included.
///
/// The interface is not made promiscuous; it listens to the groups of VRRP as long as this lives.
/// What is tagged with a VLAN belongs to the VLAN's own interface and is seen there.
public final class TrafficCapture {
    private let loop: EventLoop
    private let interface: String
    private let socket: CaptureSocket
    private let linkType: LinkType
    private let onPacket: (CapturedPacket) -> Void
    private let onEnd: () -> Void
    private var watch: EventLoop.Watch?
    // An Ethernet frame with a header of 40 bytes, 255 addresses of 16 and a trailer.
    private var buffer = [UInt8](repeating: 0, count: 8192)

    /// Begins to capture.
    ///
    /// - Parameters:
    ///   - interface: The interface's name.
    ///   - loop: The loop that it is watched on.
    ///   - onPacket: Called with each packet of VRRP.
    ///   - onEnd: Called once, when the interface is gone.
    /// - Throws: `SystemError`: no such interface (`ENODEV`), no permission (CAP_NET_RAW), or an
    ///   interface of a kind that carries no IP packets (`EOPNOTSUPP`).
    public init(
        interface: String, loop: EventLoop, onPacket: @escaping (CapturedPacket) -> Void,
        onEnd: @escaping () -> Void
    ) throws(SystemError) {
        let groups = [
            MACAddress.multicast(for: IPv4Address.vrrpGroup),
            MACAddress.multicast(for: IPv6Address.vrrpGroup),
        ]
        // Which filter is right is known only once the kind of interface is.
        let kind = try CaptureSocket(interface: interface, filter: Self.nothing, groups: [])
        guard let linkType = Self.linkType(hardwareType: kind.hardwareType) else {
            throw SystemError(call: "capture", errno: .notSupported, subject: interface)
        }
        socket = try CaptureSocket(
            interface: interface, filter: linkType == .ethernet ? Self.frames : [],
            groups: linkType == .ethernet ? groups.map(\.octets) : [])
        self.linkType = linkType
        self.interface = interface
        self.loop = loop
        self.onPacket = onPacket
        self.onEnd = onEnd
        watch = try loop.watch(socket.descriptor.rawValue, for: .readable) { [weak self] _ in
            self?.read()
        }
    }

    /// Ends the capture.
    public func stop() {
        if let watch { loop.unwatch(watch) }
        watch = nil
    }

    deinit { stop() }

    private func read() {
        for _ in 0..<Self.packetsPerTurn where watch != nil {
            switch socket.receive(into: &buffer) {
            case .moved(let count):
                onPacket(
                    CapturedPacket(
                        linkType: linkType,
                        nanosecondsSince1970: RealTimeClock.microseconds * 1000,
                        bytes: Array(buffer.prefix(count)), originalByteCount: count))
            case .wouldBlock: return
            case .failed:
                // An interface that only went down comes back; one that is gone does not.
                guard !socket.isOn(interface) else { continue }
                stop()
                return onEnd()
            }
        }
    }

    private static let packetsPerTurn = 64

    private static func linkType(hardwareType: UInt16) -> LinkType? {
        switch hardwareType {
        case 1, 772: .ethernet  // ARPHRD_ETHER, and the loopback, whose addresses are zeros.
        case 512, 768, 769, 776, 65534: .ip  // PPP, tunnels, and what has no link layer.
        default: nil
        }
    }

    // What `tcpdump -d` prints for "not vlan and (ip proto 112 or ip6 proto 112)", with the VLAN
    // read from where the kernel keeps it; and for nothing at all.
    private static let nothing = [CaptureSocket.Instruction(0x06, 0)]
    private static let frames: [CaptureSocket.Instruction] = [
        .init(0x30, 0xFFFF_F030),  // A := whether the frame had a VLAN tag
        .init(0x15, 0, whenFalse: 7),  // Where it had one, drop.
        .init(0x28, 12),  // A := type
        .init(0x15, 0x0800, whenFalse: 2),
        .init(0x30, 23),  // A := protocol of IPv4
        .init(0x15, 112, whenTrue: 4, whenFalse: 3),
        .init(0x15, 0x86DD, whenFalse: 2),
        .init(0x30, 20),  // A := next header of IPv6
        .init(0x15, 112, whenTrue: 1),
        .init(0x06, 0),
        .init(0x06, 0xFFFF_FFFF),
    ]
}

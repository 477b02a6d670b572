internal import Glibc
internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// The raw socket that the virtual routers of one interface share.
///
/// Sends with an IP header of its own (`IP_HDRINCL`): the source is then the one that the election
/// compares, also with several addresses on the interface, and a priority 0 can still leave when
/// the source address has just been removed. `raw(7)`, RFC 9568 §5.1.1.
final class AdvertisementSocket {
    /// The interface's number; a new interface of the same name needs a new socket.
    let interfaceIndex: Int32

    private let loop: EventLoop
    private let socket: Descriptor
    private let onDatagram: (Span<UInt8>) -> Void
    private var watch: EventLoop.Watch?
    private var buffer = [UInt8](repeating: 0, count: 2048)

    /// Opens the socket and joins 224.0.0.18 on the interface.
    ///
    /// - Parameters:
    ///   - interface: The interface's name.
    ///   - index: The interface's number.
    ///   - loop: The loop that it is watched on.
    ///   - onDatagram: Called with each IP datagram of protocol 112, header included.
    /// - Throws: `SystemError`: no permission, or no such interface.
    init(
        interface: String, index: Int32, loop: EventLoop,
        onDatagram: @escaping (Span<UInt8>) -> Void
    ) throws(SystemError) {
        interfaceIndex = index
        self.loop = loop
        self.onDatagram = onDatagram
        socket = try Socket.open(
            AF_INET, Int32(SOCK_RAW.rawValue), Self.protocolNumber, "VRRP on \(interface)")
        let number = socket.rawValue
        let ip = Int32(IPPROTO_IP)
        try Socket.setOption(
            number, SOL_SOCKET, SO_BINDTODEVICE, bytes: Array(interface.utf8) + [0], interface)
        try Socket.setOption(number, ip, IP_HDRINCL, 1, "IP_HDRINCL")
        try Socket.setOption(number, ip, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
        // A burst of 255 virtual routers must survive a stall; FORCE needs CAP_NET_ADMIN, which
        // moving addresses needs anyway.
        try Socket.setOption(number, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20, "SO_RCVBUFFORCE")
        try Socket.setOption(number, SOL_SOCKET, SO_PRIORITY, Self.controlPriority, "SO_PRIORITY")
        let membership = Self.membership(index: index)
        try Socket.setOption(number, ip, IP_MULTICAST_IF, bytes: membership, interface)
        try Socket.setOption(number, ip, IP_ADD_MEMBERSHIP, bytes: membership, interface)
        watch = try loop.watch(number, for: .readable) { [weak self] _ in self?.readDry() }
    }

    /// Reads what has arrived until nothing is left, up to what the receive buffer can hold.
    func readDry() {
        for _ in 0..<Self.datagramLimit {
            switch Socket.receive(into: &buffer, from: socket.rawValue) {
            case .moved(let count):
                // A copy, since what the datagram causes may lead back here.
                let datagram = Array(buffer[..<count])
                onDatagram(datagram.span)
            // The interface went down since the last call; the error is read, the socket lives.
            case .failed(.networkDown): continue
            case .wouldBlock, .failed: return
            }
        }
    }

    /// Sends one message to the group.
    ///
    /// - Parameters:
    ///   - message: A VRRP message, checksum included.
    ///   - source: The address that it comes from.
    /// - Returns: What the kernel made of it; a full queue is a failure too.
    func send(_ message: [UInt8], from source: IPv4Address) -> Transfer {
        Socket.send(
            Self.header(source: source) + message,
            to: SocketAddress(address: IPv4Address.vrrpGroup.rawValue, port: 0),
            on: socket.rawValue)
    }

    deinit {
        if let watch { loop.unwatch(watch) }
    }

    /// 20 bytes; the kernel fills in the total length, the identification and the checksum.
    private static func header(source: IPv4Address) -> [UInt8] {
        var header: [UInt8] = [0x45, internetworkControl, 0, 0, 0, 0, 0, 0, 255]
        header += [UInt8(protocolNumber), 0, 0]
        for address in [source, .vrrpGroup] {
            for shift in [24, 16, 8, 0] as [UInt32] {
                header.append(UInt8(truncatingIfNeeded: address.rawValue >> shift))
            }
        }
        return header
    }

    /// `struct ip_mreqn`: the group, no local address, the interface's number.
    private static func membership(index: Int32) -> [UInt8] {
        let group: [UInt8] = [224, 0, 0, 18, 0, 0, 0, 0]
        let number = unsafe withUnsafeBytes(of: index) { unsafe Array($0) }
        return group + number
    }

    private static let protocolNumber: Int32 = 112
    /// DSCP CS6 in the TOS byte, as routing protocols send.
    private static let internetworkControl: UInt8 = 0xC0
    private static let controlPriority: Int32 = 7  // TC_PRIO_CONTROL
    private static let datagramLimit = 4096
}

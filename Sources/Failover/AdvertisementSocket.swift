internal import Glibc
internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// The raw socket that the virtual routers of one interface and one family share.
///
/// Says itself where from: with an IP header of its own over IPv4 (`IP_HDRINCL`), as ancillary data
/// over IPv6 (`IPV6_PKTINFO`; with a header of our own the kernel makes a route for each packet). The
/// source is then the one that the election compares, also with several addresses on the interface,
/// and a priority 0 can still leave when the source address has just been removed. `raw(7)`,
/// `ipv6(7)`, RFC 9568 §5.1.
final class AdvertisementSocket {
    /// The interface's number; a new interface of the same name needs a new socket.
    let interfaceIndex: Int32
    /// The family of all that it sends and receives.
    let family: AddressFamily

    private let interface: String
    private let loop: EventLoop
    private let socket: Descriptor
    private let onDatagram: (_ payload: Span<UInt8>, IPHeader?) -> Void
    private var groups: Set<IPAddress> = []
    private var watch: EventLoop.Watch?
    private var incoming: [UInt8] = []
    /// The datagram that was sent last over IPv4, whose header mostly serves the next one too.
    private var outgoing: [UInt8] = []
    private var headerOfOutgoing: IPHeader?
    private var exchange: IPv6Exchange

    /// Opens the socket on the interface.
    ///
    /// - Parameters:
    ///   - interface: The interface's name.
    ///   - index: The interface's number.
    ///   - family: The family of what is sent and received.
    ///   - loop: The loop that it is watched on.
    ///   - onDatagram: Called with the payload of each datagram of protocol 112, and with its IP
    ///     header, `nil` for one that contradicts itself.
    /// - Throws: `SystemError`: no permission, or no such interface.
    init(
        interface: String, index: Int32, family: AddressFamily, loop: EventLoop,
        onDatagram: @escaping (_ payload: Span<UInt8>, IPHeader?) -> Void
    ) throws(SystemError) {
        interfaceIndex = index
        self.interface = interface
        self.family = family
        self.loop = loop
        self.onDatagram = onDatagram
        exchange = IPv6Exchange(interfaceIndex: index)
        let domain = family == .ipv4 ? AF_INET : AF_INET6
        socket = try Socket.open(
            domain, Int32(SOCK_RAW.rawValue), Int32(IPHeader.vrrpProtocolNumber),
            "VRRP on \(interface)")
        let number = socket.rawValue
        try Socket.setOption(
            number, SOL_SOCKET, SO_BINDTODEVICE, bytes: Array(interface.utf8) + [0], interface)
        // A burst of 255 virtual routers must survive a stall; FORCE needs CAP_NET_ADMIN, which
        // moving addresses needs anyway.
        try Socket.setOption(number, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20, "SO_RCVBUFFORCE")
        try Socket.setOption(number, SOL_SOCKET, SO_PRIORITY, Self.controlPriority, "SO_PRIORITY")
        switch family {
        case .ipv4: try prepareIPv4()
        case .ipv6: try prepareIPv6()
        }
        watch = try loop.watch(number, for: .readable) { [unowned self] _ in readDry() }
    }

    private func prepareIPv4() throws(SystemError) {
        let (number, ip) = (socket.rawValue, Int32(IPPROTO_IP))
        try Socket.setOption(number, ip, IP_HDRINCL, 1, "IP_HDRINCL")
        try Socket.setOption(number, ip, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
        // `struct ip_mreqn`: no group, no local address, the interface's number.
        let choice = [UInt8](repeating: 0, count: 8) + Self.bytes(of: interfaceIndex)
        try Socket.setOption(number, ip, IP_MULTICAST_IF, bytes: choice, interface)
    }

    private func prepareIPv6() throws(SystemError) {
        let (number, ipv6) = (socket.rawValue, Int32(IPPROTO_IPV6))
        try Socket.setOption(
            number, ipv6, IPV6_TCLASS, Int32(IPHeader.internetworkControl), "IPV6_TCLASS")
        try Socket.setOption(number, ipv6, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
        try Socket.setOption(number, ipv6, IPV6_MULTICAST_IF, interfaceIndex, interface)
        try Socket.tellArrivals(on: number)
        // A link with a virtual hardware address has no address as long as the router is Backup, and
        // the first advertisement comes before the addresses (RFC 9568 §6.4.2).
        try Socket.sendFromAnywhere(on: number)
    }

    /// Hears these groups from now on, and no others.
    ///
    /// - Throws: `SystemError`: no such interface, or more groups than the kernel allows.
    func hear(_ wanted: Set<IPAddress>) throws(SystemError) {
        for group in groups.subtracting(wanted) { try change(membership: group, isMember: false) }
        for group in wanted.subtracting(groups) { try change(membership: group, isMember: true) }
    }

    private func change(membership group: IPAddress, isMember: Bool) throws(SystemError) {
        let subject = "\(group) on \(interface)"
        switch family {
        case .ipv4:
            // `struct ip_mreqn`: the group, no local address, the interface's number.
            let value = group.octets + [0, 0, 0, 0] + Self.bytes(of: interfaceIndex)
            try Socket.setOption(
                socket.rawValue, Int32(IPPROTO_IP),
                isMember ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, bytes: value, subject)
        case .ipv6:
            // `struct ipv6_mreq`: the group, the interface's number.
            let value = group.octets + Self.bytes(of: interfaceIndex)
            try Socket.setOption(
                socket.rawValue, Int32(IPPROTO_IPV6),
                isMember ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, bytes: value, subject)
        }
        if isMember { groups.insert(group) } else { groups.remove(group) }
    }

    /// Reads what has arrived until nothing is left, up to what the receive buffer can hold.
    func readDry() {
        // What a datagram causes may lead back here: that call finds no buffer, and makes its own.
        var buffer: [UInt8] = []
        swap(&buffer, &incoming)
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: Self.longestDatagram) }
        defer { incoming = buffer }
        for _ in 0..<Self.datagramLimit {
            let transfer =
                switch family {
                case .ipv4: readIPv4(into: &buffer)
                case .ipv6: readIPv6(into: &buffer)
                }
            switch transfer {
            // The interface went down since the last call; the error is read, the socket lives.
            case .moved, .failed(.networkDown): continue
            case .wouldBlock, .failed: return
            }
        }
    }

    private func readIPv4(into buffer: inout [UInt8]) -> Transfer {
        let transfer = Socket.receive(into: &buffer, from: socket.rawValue)
        guard case .moved(let count) = transfer else { return transfer }
        let datagram = buffer.span.extracting(0..<count)
        if let header = try? IPv4Header(decoding: datagram) {
            onDatagram(datagram.extracting(header.payload), IPHeader(header))
        } else {
            onDatagram(datagram, nil)
        }
        return transfer
    }

    private func readIPv6(into buffer: inout [UInt8]) -> Transfer {
        let (transfer, arrival) = exchange.receive(into: &buffer, from: socket.rawValue)
        guard case .moved(let count) = transfer else { return transfer }
        onDatagram(buffer.span.extracting(0..<count), arrival.flatMap(IPHeader.init))
        return transfer
    }

    /// Sends one message.
    ///
    /// - Parameters:
    ///   - message: A VRRP message, checksum included.
    ///   - header: Where it comes from and goes to, and its TTL or Hop Limit.
    /// - Returns: What the kernel made of it; a full queue is a failure too.
    func send(_ message: [UInt8], header: IPHeader) -> Transfer {
        switch (header.source, header.destination) {
        case (.v4, .v4(let destination)):
            compose(message, header: header)
            return Socket.send(
                outgoing, to: SocketAddress(address: destination.rawValue, port: 0),
                on: socket.rawValue)
        case (.v6(let source), .v6(let destination)):
            return exchange.send(
                message, to: destination.rawValue, from: source.rawValue,
                hopLimit: header.hopLimit, on: socket.rawValue)
        default: return .failed(.invalidArgument)
        }
    }

    private func compose(_ message: [UInt8], header: IPHeader) {
        if headerOfOutgoing != header {
            outgoing = header.encodedIPv4
            headerOfOutgoing = header
        }
        outgoing.replaceSubrange(IPHeader.ipv4ByteCount..., with: message)
    }

    deinit {
        if let watch { loop.unwatch(watch) }
    }

    private static func bytes(of number: Int32) -> [UInt8] {
        unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
    }

    private static let controlPriority: Int32 = 7  // TC_PRIO_CONTROL
    private static let datagramLimit = 4096
    /// The longest message has 255 IPv6 addresses and a trailer.
    private static let longestDatagram = 4608
}

extension IPHeader {
    /// DSCP CS6, as routing protocols send.
    fileprivate static let internetworkControl: UInt8 = 0xC0
    fileprivate static let ipv4ByteCount = 20

    /// An IPv4 header; the kernel fills in the total length, the identification and the checksum.
    fileprivate var encodedIPv4: [UInt8] {
        [0x45, Self.internetworkControl, 0, 0, 0, 0, 0, 0]
            + [hopLimit, Self.vrrpProtocolNumber, 0, 0] + source.octets + destination.octets
    }

    /// Takes the fields out of what a socket tells; `nil` if it left something out.
    fileprivate init?(_ arrival: IPv6Arrival) {
        guard let destination = arrival.destination, let hopLimit = arrival.hopLimit else {
            return nil
        }
        self.init(
            source: .v6(IPv6Address(rawValue: arrival.source)),
            destination: .v6(IPv6Address(rawValue: destination)), hopLimit: hopLimit)
    }
}

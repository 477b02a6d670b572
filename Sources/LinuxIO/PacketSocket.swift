internal import CLinux
internal import Glibc

/// A socket that sends whole Ethernet frames, on any interface; it receives none.
///
/// `packet(7)`, AF_PACKET with SOCK_RAW.
public struct PacketSocket: ~Copyable {
    private let descriptor: Descriptor

    /// Opens the socket.
    ///
    /// - Throws: `SystemError`: no permission (CAP_NET_RAW).
    public init() throws(SystemError) {
        let family: Int32 = 17  // AF_PACKET
        let raw: Int32 = 3  // SOCK_RAW
        // Protocol 0: the kernel queues nothing to be received.
        descriptor = try Socket.open(family, raw, 0, "packet socket")
    }

    /// Sends one frame.
    ///
    /// - Parameters:
    ///   - frame: Destination, source and type (14 bytes), then the payload, without a checksum.
    ///   - interfaceIndex: The interface to send it on.
    /// - Returns: The frame's length, or why it was not sent: `ENXIO` for no such interface,
    ///   `ENETDOWN` for one that is down, `EINVAL` for a frame without a header.
    public borrowing func send(_ frame: Span<UInt8>, interfaceIndex: Int32) -> Transfer {
        let headerBytes = 14
        guard frame.count >= headerBytes else { return .failed(.invalidArgument) }
        var address = clinux_link_address()
        address.family = 17
        // In network order on both sides: the frame's type, bytes 12 and 13.
        address.protocol = (UInt16(frame[12]) << 8 | UInt16(frame[13])).bigEndian
        address.interface_index = interfaceIndex
        address.address_length = 6
        address.address.0 = frame[0]
        address.address.1 = frame[1]
        address.address.2 = frame[2]
        address.address.3 = frame[3]
        address.address.4 = frame[4]
        address.address.5 = frame[5]
        let length = UInt32(MemoryLayout<clinux_link_address>.size)
        return unsafe frame.withUnsafeBytes { bytes in
            unsafe Transfer(
                result: clinux_sendto(
                    descriptor.rawValue, bytes.baseAddress, bytes.count, 0, &address, length))
        }
    }
}

extension PacketSocket {
    /// Takes a number that one socket of a network namespace can have at a time.
    ///
    /// It goes with its holder, however that ends. What has it is a group of packet sockets that holds
    /// one member at most (PACKET_FANOUT with a greatest number of members, Linux 5.11).
    ///
    /// - Parameters:
    ///   - group: The number.
    ///   - etherType: The type of the frames that it would be given: one that nobody sends. What has
    ///     the number is found by it in ``SocketTable/packetSockets``.
    /// - Returns: The socket that has the number until it is closed.
    /// - Throws: `SystemError`: no permission (CAP_NET_RAW); `ENOSPC` when another socket of the type
    ///   has it, `EINVAL` when one of another type has.
    public static func claiming(group: UInt16, etherType: UInt16) throws(SystemError) -> Descriptor
    {
        let family: Int32 = 17  // AF_PACKET
        let cooked: Int32 = 2  // SOCK_DGRAM
        let subject = "packet socket"
        let socket = try Socket.open(family, cooked, 0, subject)
        // The least that the kernel grants: should somebody send such frames, none are kept.
        try Socket.setOption(socket.rawValue, SOL_SOCKET, SO_RCVBUF, 0, "SO_RCVBUF")
        var address = clinux_link_address()
        address.family = UInt16(family)
        address.protocol = etherType.bigEndian
        let length = UInt32(MemoryLayout<clinux_link_address>.size)
        try check("bind", subject, unsafe clinux_bind(socket.rawValue, &address, length))
        // struct fanout_args: number, kind (by hash) and flags, greatest number of members.
        let arguments =
            CaptureSocket.bytes(of: group) + CaptureSocket.bytes(of: UInt16(0))
            + CaptureSocket.bytes(of: UInt32(1))
        let (packetLevel, fanout): (Int32, Int32) = (263, 18)  // SOL_PACKET, PACKET_FANOUT
        try Socket.setOption(
            socket.rawValue, packetLevel, fanout, bytes: arguments, "PACKET_FANOUT")
        return socket
    }
}

internal import CLinux

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

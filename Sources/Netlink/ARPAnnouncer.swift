public import LinuxIO

/// Sends prepared frames that tell a link where an address lives, on any interface.
///
/// The frames come from the caller, gratuitous ARP (RFC 826) or an unsolicited neighbour
/// advertisement (RFC 4861 §7.2.6); one socket serves all interfaces. `packet(7)`.
public struct ARPAnnouncer: ~Copyable {
    private let socket: PacketSocket

    /// Opens the socket, in the network namespace of the calling thread.
    ///
    /// - Throws: `SystemError`: no permission (CAP_NET_RAW).
    public init() throws(SystemError) { socket = try PacketSocket() }

    /// Sends a frame at once.
    ///
    /// - Parameters:
    ///   - frame: A whole Ethernet frame from destination to payload; padding and checksum are the
    ///     driver's.
    ///   - interfaceIndex: The interface to send it on.
    /// - Returns: The bytes that were sent, or why not: `ENXIO` for no such interface, `ENETDOWN`
    ///   for one that is down, `EMSGSIZE` for a frame larger than its MTU, `EINVAL` for one without
    ///   a header.
    public borrowing func sendFrame(_ frame: Span<UInt8>, interfaceIndex: Int32) -> Transfer {
        socket.send(frame, interfaceIndex: interfaceIndex)
    }
}

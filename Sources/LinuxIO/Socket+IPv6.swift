internal import CLinux
internal import Glibc

extension Socket {
    /// Lets an IPv6 socket tell destination and Hop Limit of what it receives.
    ///
    /// - Parameter socket: A datagram or raw socket over IPv6.
    /// - Throws: `SystemError`.
    public static func tellArrivals(on socket: Int32) throws(SystemError) {
        try setOption(socket, ipv6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
        try setOption(socket, ipv6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
    }

    /// Lets a socket send from an address that the host does not have, or not yet.
    ///
    /// - Parameter socket: A datagram or raw socket over IPv6.
    /// - Throws: `SystemError`. `IPV6_FREEBIND`, Linux 4.15.
    public static func sendFromAnywhere(on socket: Int32) throws(SystemError) {
        try setOption(socket, ipv6, 78, 1, "IPV6_FREEBIND")
    }
}

/// What an IPv6 socket tells about a datagram besides its bytes: a raw one delivers no header.
///
/// Addresses are numbers, the first octet highest. `ipv6(7)`, `IPV6_RECVPKTINFO` and
/// `IPV6_RECVHOPLIMIT`, RFC 3542.
public struct IPv6Arrival: Hashable, Sendable {
    /// The sender's address.
    public var source: UInt128
    /// The address that it was sent to; `nil` unless the socket was told to say it.
    public var destination: UInt128?
    /// The Hop Limit that it arrived with; `nil` unless the socket was told to say it.
    public var hopLimit: UInt8?
}

/// Receives and sends datagrams over IPv6 together with what their headers say.
///
/// Keeps the kernel's structures from one call to the next: nothing is allocated by either.
public struct IPv6Exchange {
    /// What comes along with a datagram.
    private struct Envelope {
        /// `struct sockaddr_in6`: family, port, flow label, address, scope.
        var name = [UInt8](repeating: 0, count: 28)
        var control = [UInt8](repeating: 0, count: 128)
    }

    private var incoming = Envelope()
    private var outgoing = Envelope()
    /// What stands on the outgoing envelope.
    private var way: (destination: UInt128, source: UInt128, hopLimit: UInt8)?
    private let interfaceIndex: Int32

    /// Prepares for the datagrams of one link.
    ///
    /// - Parameter interfaceIndex: The link that link-local destinations are on.
    public init(interfaceIndex: Int32) { self.interfaceIndex = interfaceIndex }

    /// Takes one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - buffer: Where it goes; what does not fit is lost.
    ///   - socket: A datagram or raw socket over IPv6, after ``Socket/tellArrivals(on:)``.
    /// - Returns: How many bytes of the buffer were filled; and where they came from, if any did.
    public mutating func receive(
        into buffer: inout [UInt8], from socket: Int32
    ) -> (Transfer, IPv6Arrival?) {
        let room = incoming.control.count
        let (result, controlCount) = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe Self.call(bytes, &incoming, controlCount: room) {
                unsafe clinux_recvmsg(socket, $0, 0)
            }
        }
        guard result >= 0 else { return (Transfer(result: result), nil) }
        return (.moved(result), arrival(min(controlCount, room)))
    }

    /// Sends one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - datagram: The bytes after the header.
    ///   - destination: Where to, the first octet highest.
    ///   - source: Where from; need not be an address of this host.
    ///   - hopLimit: The Hop Limit that it leaves with.
    ///   - socket: A datagram or raw socket over IPv6, after ``Socket/sendFromAnywhere(on:)``.
    /// - Returns: How many bytes were taken: all, or it failed.
    public mutating func send(
        _ datagram: [UInt8], to destination: UInt128, from source: UInt128, hopLimit: UInt8,
        on socket: Int32
    ) -> Transfer {
        if way?.destination != destination || way?.source != source || way?.hopLimit != hopLimit {
            address(to: destination, from: source, hopLimit: hopLimit)
            way = (destination, source, hopLimit)
        }
        let result = unsafe datagram.withUnsafeBytes { bytes in
            // SAFETY: sendmsg(2) only reads what the vector points to.
            let bytes = unsafe UnsafeMutableRawBufferPointer(mutating: bytes)
            return unsafe Self.call(bytes, &outgoing, controlCount: Self.outgoingControlBytes) {
                unsafe clinux_sendmsg(socket, $0, 0)
            }.result
        }
        return Transfer(result: result)
    }

    private mutating func address(
        to destination: UInt128, from source: UInt128, hopLimit: UInt8
    ) {
        Self.put(UInt16(AF_INET6), into: &outgoing.name, at: 0)
        Self.put(destination.bigEndian, into: &outgoing.name, at: 8)
        Self.put(interfaceIndex, into: &outgoing.name, at: 24)
        // struct cmsghdr: length, level, type; struct in6_pktinfo: address, interface; padding.
        Self.put(Self.controlHeaderBytes + 20, into: &outgoing.control, at: 0)
        Self.put(Self.ipv6, into: &outgoing.control, at: 8)
        Self.put(Int32(IPV6_PKTINFO), into: &outgoing.control, at: 12)
        Self.put(source.bigEndian, into: &outgoing.control, at: 16)
        Self.put(interfaceIndex, into: &outgoing.control, at: 32)
        // Another one; an int.
        Self.put(Self.controlHeaderBytes + 4, into: &outgoing.control, at: 40)
        Self.put(Self.ipv6, into: &outgoing.control, at: 48)
        Self.put(Int32(IPV6_HOPLIMIT), into: &outgoing.control, at: 52)
        Self.put(Int32(hopLimit), into: &outgoing.control, at: 56)
    }

    /// Makes a call with a message of the given bytes.
    ///
    /// - Returns: Its result, and how long the control messages are after it.
    private static func call(
        _ bytes: UnsafeMutableRawBufferPointer, _ envelope: inout Envelope, controlCount: Int,
        _ body: (UnsafeMutableRawPointer) -> Int
    ) -> (result: Int, controlCount: Int) {
        unsafe envelope.name.withUnsafeMutableBytes { name in
            unsafe envelope.control.withUnsafeMutableBytes { control in
                var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                    var message = unsafe msghdr()
                    unsafe message.msg_name = name.baseAddress
                    unsafe message.msg_namelen = UInt32(name.count)
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = controlCount
                    let result = unsafe body(&message)
                    return unsafe (result, Int(message.msg_controllen))
                }
            }
        }
    }

    /// Reads control messages: each a length (8 bytes), level (4), type (4) and its value.
    private func arrival(_ controlCount: Int) -> IPv6Arrival {
        let control = incoming.control.span
        var arrival = IPv6Arrival(source: Self.address(in: incoming.name.span, at: 8))
        func word(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(control[offset + $1]) << (8 * $1) }
        }
        var offset = 0
        while offset + Self.controlHeaderBytes <= controlCount {
            let length = word(offset)
            guard length >= Self.controlHeaderBytes, offset + length <= controlCount else { break }
            let value = offset + Self.controlHeaderBytes
            let byteCount = length - Self.controlHeaderBytes
            switch (word(offset + 8), word(offset + 12)) {
            case (Int(Self.ipv6), Int(IPV6_PKTINFO)) where byteCount >= 16:
                arrival.destination = Self.address(in: control, at: value)
            case (Int(Self.ipv6), Int(IPV6_HOPLIMIT)) where byteCount >= 4:
                // An int, 0 to 255, in this machine's order: its first octet on what this runs on.
                arrival.hopLimit = control[value]
            default: break
            }
            offset += (length + 7) & ~7
        }
        return arrival
    }

    private static func address(in bytes: Span<UInt8>, at offset: Int) -> UInt128 {
        (0..<16).reduce(0) { $0 << 8 | UInt128(bytes[offset + $1]) }
    }

    /// Puts a number into the bytes, in this machine's order, which the kernel's structures have.
    private static func put(
        _ number: some FixedWidthInteger, into bytes: inout [UInt8], at offset: Int
    ) {
        for index in 0..<(number.bitWidth / 8) {
            bytes[offset + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
        }
    }

    private static let ipv6 = Socket.ipv6
    private static let controlHeaderBytes = 16
    /// Two control messages, each padded to 8 bytes.
    private static let outgoingControlBytes = 64
}

extension Socket {
    fileprivate static let ipv6 = Int32(IPPROTO_IPV6)
}

internal import CLinux
internal import Glibc

/// What an IPv6 socket tells about a datagram besides its bytes: a raw one delivers no header.
///
/// `ipv6(7)`, `IPV6_RECVPKTINFO` and `IPV6_RECVHOPLIMIT`, RFC 3542.
public struct IPv6Arrival: Hashable, Sendable {
    /// The sender's address, 16 octets in network order.
    public var source: [UInt8]
    /// The address that it was sent to; empty unless the socket was told to say it.
    public var destination: [UInt8] = []
    /// The Hop Limit that it arrived with; `nil` unless the socket was told to say it.
    public var hopLimit: UInt8?
}

extension Socket {
    /// Lets an IPv6 socket tell destination and Hop Limit of what it receives.
    ///
    /// - Parameter socket: A datagram or raw socket over IPv6.
    /// - Throws: `SystemError`.
    public static func tellArrivals(on socket: Int32) throws(SystemError) {
        try setOption(socket, ipv6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
        try setOption(socket, ipv6, IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
    }

    /// Takes one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - buffer: Where it goes; what does not fit is lost.
    ///   - socket: A datagram or raw socket over IPv6, after ``tellArrivals(on:)``.
    /// - Returns: How many bytes of the buffer were filled; and where they came from, if any did.
    public static func receiveIPv6(
        into buffer: inout [UInt8], from socket: Int32
    ) -> (Transfer, IPv6Arrival?) {
        var name = [UInt8](repeating: 0, count: socketAddressBytes)
        var control = [UInt8](repeating: 0, count: 128)
        var controlLength = 0
        let result = unsafe buffer.withUnsafeMutableBytes { buffer in
            unsafe name.withUnsafeMutableBytes { name in
                unsafe control.withUnsafeMutableBytes { control in
                    var vector = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
                    return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                        var message = unsafe msghdr()
                        unsafe message.msg_name = name.baseAddress
                        unsafe message.msg_namelen = UInt32(name.count)
                        unsafe message.msg_iov = vector
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        let result = unsafe clinux_recvmsg(socket, &message, 0)
                        controlLength = unsafe Int(message.msg_controllen)
                        return result
                    }
                }
            }
        }
        guard result >= 0 else { return (Transfer(result: result), nil) }
        var arrival = IPv6Arrival(source: Array(name[8..<24]))
        read(control[..<min(controlLength, control.count)], into: &arrival)
        return (.moved(result), arrival)
    }

    /// Lets a socket send from an address that the host does not have, or not yet.
    ///
    /// - Parameter socket: A datagram or raw socket over IPv6.
    /// - Throws: `SystemError`. `IPV6_FREEBIND`, Linux 4.15.
    public static func sendFromAnywhere(on socket: Int32) throws(SystemError) {
        try setOption(socket, ipv6, 78, 1, "IPV6_FREEBIND")
    }

    /// Sends one datagram, without waiting.
    ///
    /// - Parameters:
    ///   - datagram: The bytes.
    ///   - octets: Where to, 16 octets; anything else is refused.
    ///   - source: Where from, 16 octets: what the kernel looks for a way with, also where the header
    ///     comes along. An interface without an IPv6 address of its own has none otherwise.
    ///   - interfaceIndex: The link that a link-local destination is on.
    ///   - socket: A datagram or raw socket over IPv6, after ``sendFromAnywhere(on:)``.
    /// - Returns: How many bytes were taken: all, or it failed.
    public static func sendIPv6(
        _ datagram: [UInt8], to octets: [UInt8], from source: [UInt8], interfaceIndex: Int32,
        on socket: Int32
    ) -> Transfer {
        guard octets.count == 16, source.count == 16 else { return .failed(.invalidArgument) }
        // struct sockaddr_in6: family, port, flow label, address, scope.
        var name = [UInt8](repeating: 0, count: 8) + octets
        let family = UInt16(AF_INET6)
        unsafe withUnsafeBytes(of: family) { unsafe name.replaceSubrange(0..<2, with: $0) }
        unsafe withUnsafeBytes(of: interfaceIndex) { unsafe name.append(contentsOf: $0) }
        // struct cmsghdr: length, level, type; struct in6_pktinfo: address, interface; padding.
        var control: [UInt8] = []
        unsafe withUnsafeBytes(of: controlHeaderBytes + 20) { unsafe control += $0 }
        for word in [ipv6, Int32(IPV6_PKTINFO)] {
            unsafe withUnsafeBytes(of: word) { unsafe control += $0 }
        }
        control += source
        unsafe withUnsafeBytes(of: interfaceIndex) { unsafe control += $0 }
        control += [0, 0, 0, 0]
        var datagram = datagram
        let result = unsafe datagram.withUnsafeMutableBytes { bytes in
            unsafe name.withUnsafeMutableBytes { name in
                unsafe control.withUnsafeMutableBytes { control in
                    var vector = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                    return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                        var message = unsafe msghdr()
                        unsafe message.msg_name = name.baseAddress
                        unsafe message.msg_namelen = UInt32(name.count)
                        unsafe message.msg_iov = vector
                        unsafe message.msg_iovlen = 1
                        unsafe message.msg_control = control.baseAddress
                        unsafe message.msg_controllen = control.count
                        return unsafe clinux_sendmsg(socket, &message, 0)
                    }
                }
            }
        }
        return Transfer(result: result)
    }

    /// Reads control messages: each a length (8 bytes), level (4), type (4) and its value.
    private static func read(_ control: ArraySlice<UInt8>, into arrival: inout IPv6Arrival) {
        func word(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(control[offset + $1]) << (8 * $1) }
        }
        var offset = control.startIndex
        while offset + controlHeaderBytes <= control.endIndex {
            let length = word(offset)
            guard length >= controlHeaderBytes, offset + length <= control.endIndex else { return }
            let value = control[(offset + controlHeaderBytes)..<(offset + length)]
            switch (word(offset + 8), word(offset + 12)) {
            case (Int(ipv6), Int(IPV6_PKTINFO)) where value.count >= 16:
                arrival.destination = Array(value.prefix(16))
            case (Int(ipv6), Int(IPV6_HOPLIMIT)) where value.count >= 4:
                // An int, 0 to 255, in this machine's order: its first octet on what this runs on.
                arrival.hopLimit = value.first
            default: break
            }
            offset += (length + 7) & ~7
        }
    }

    private static let ipv6 = Int32(IPPROTO_IPV6)
    private static let socketAddressBytes = 28
    private static let controlHeaderBytes = 16
}

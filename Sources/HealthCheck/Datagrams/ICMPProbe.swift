#if Probes
import Glibc
public import NIOCore

/// Passes when the target's host answers an ICMP echo; the target's port plays no part.
///
/// Needs a group within `net.ipv4.ping_group_range`, CAP_NET_RAW, or sockets that were opened with
/// either; without them the outcome is ``ProbeOutcome/notRun(reason:)``.
public struct ICMPProbe: HealthProbe {
    /// How many bytes of payload are sent, 16 to 1400.
    public let payloadLength: Int
    /// What to send through; `nil`: each check opens a socket of its own.
    public var sockets: ICMPSockets?

    /// Makes a probe.
    ///
    /// - Parameter payloadLength: How many bytes of payload are sent; taken into 16 to 1400.
    public init(payloadLength: Int = 16) {
        self.payloadLength = min(max(payloadLength, 16), 1_400)
    }

    /// Sends an echo request, and waits for the reply.
    ///
    /// - Parameters:
    ///   - target: Whom to ask.
    ///   - timeout: How long the reply may take; the request is sent up to three times.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 792, RFC 4443 §4, icmp(7).
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let cookie = (0..<payloadLength).map { _ in UInt8.random(in: 0...255) }
        let isIPv6 = target.protocol == .inet6
        if let line = isIPv6 ? sockets?.ipv6 : sockets?.ipv4 {
            let exchange = ICMPExchange(isIPv6: isIPv6, isRaw: line.isRaw, cookie: cookie)
            return DatagramSession.run(
                exchange, to: target, through: line, timeout: timeout, on: eventLoop)
        }
        do {
            let socket = try ICMPSocket(connectedTo: target)
            let exchange = ICMPExchange(isIPv6: socket.isIPv6, isRaw: socket.isRaw, cookie: cookie)
            return DatagramSession.run(
                exchange, over: socket.descriptor, timeout: timeout, on: eventLoop)
        } catch {
            let isForbidden = error.isAboutOpening && (error.code == EACCES || error.code == EPERM)
            let outcome: ProbeOutcome =
                isForbidden
                ? .notRun(
                    reason: "ICMP is not permitted; widen net.ipv4.ping_group_range or give "
                        + "CAP_NET_RAW")
                : TCPProbe.outcome(errno: error.code)
            return eventLoop.makeSucceededFuture(outcome)
        }
    }
}

struct ICMPSocket {
    let descriptor: CInt
    let isRaw: Bool
    let isIPv6: Bool

    /// Opens a socket of datagrams, which needs no privilege where the group is allowed, else a
    /// raw one.
    init(isIPv6: Bool) throws(DatagramSocket.Failure) {
        self.isIPv6 = isIPv6
        (descriptor, isRaw) = try Self.open(isIPv6) { kind, number throws(DatagramSocket.Failure) in
            try DatagramSocket.open(isIPv6: isIPv6, kind: kind, protocol: number)
        }
    }

    /// Opens one that hears a target alone.
    init(connectedTo target: SocketAddress) throws(DatagramSocket.Failure) {
        isIPv6 = target.protocol == .inet6
        (descriptor, isRaw) = try Self.open(isIPv6) { kind, number throws(DatagramSocket.Failure) in
            try DatagramSocket.open(to: target, kind: kind, protocol: number)
        }
    }

    private static func open(
        _ isIPv6: Bool, by opening: (CInt, CInt) throws(DatagramSocket.Failure) -> CInt
    ) throws(DatagramSocket.Failure) -> (descriptor: CInt, isRaw: Bool) {
        let number = CInt(isIPv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)
        do throws(DatagramSocket.Failure) {
            return (try opening(CInt(SOCK_DGRAM.rawValue), number), false)
        } catch {
            guard error.isAboutOpening else { throw error }
            return (try opening(CInt(SOCK_RAW.rawValue), number), true)
        }
    }
}

struct ICMPExchange: DatagramExchange {
    let isIPv6: Bool
    let isRaw: Bool
    /// Random, and compared as a whole: replies to others' requests reach a raw socket too.
    let cookie: [UInt8]

    var silence: ProbeOutcome { .timedOut }

    /// Type, code, checksum, identifier, sequence, payload.
    ///
    /// The kernel sets the identifier of a socket of datagrams, and the checksum of IPv6.
    var request: [UInt8] {
        var bytes = [isIPv6 ? 128 : 8, 0, 0, 0] + cookie.prefix(2) + [0, 1] + cookie
        let sum = Self.checksum(bytes)
        bytes[2] = UInt8(truncatingIfNeeded: sum >> 8)
        bytes[3] = UInt8(truncatingIfNeeded: sum)
        return bytes
    }

    func judge(_ datagram: [UInt8]) -> ProbeOutcome? {
        Self.cookie(in: datagram, isRaw: isRaw, isIPv6: isIPv6) == cookie
            ? .answered(ProbeFacts(detail: "echo reply")) : nil
    }

    /// What an echo reply brings back; `nil`: it is none.
    static func cookie(in datagram: [UInt8], isRaw: Bool, isIPv6: Bool) -> [UInt8]? {
        var message = datagram[...]
        if isRaw, !isIPv6, let first = message.first {
            // A raw socket of IPv4 hands over the header; its length is in words of 4 bytes.
            message = message.dropFirst(Int(first & 0x0F) * 4)
        }
        guard message.first == (isIPv6 ? 129 : 0) else { return nil }
        return Array(message.dropFirst(8))
    }

    /// RFC 1071.
    static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum = 0
        for (index, byte) in bytes.enumerated() {
            sum += index.isMultiple(of: 2) ? Int(byte) << 8 : Int(byte)
        }
        while sum > 0xFFFF { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
#endif

import Glibc
import LinuxIO
import VRRPCore

/// Somebody on `eth1` of a node who sends what he likes.
final class Forger {
    private let socket: Descriptor
    private let source: IPAddress

    /// Opens a socket in the namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - source: The node's address, which the messages come from.
    ///   - protocolNumber: VRRP's, or another.
    /// - Throws: `SystemError`: no permission.
    init(source: IPv4Address, protocolNumber: UInt8 = IPHeader.vrrpProtocolNumber) throws {
        let opened = try Socket.open(
            AF_INET, Int32(SOCK_RAW.rawValue), Int32(protocolNumber), "forger")
        let number = opened.rawValue
        self.source = .v4(source)
        socket = opened
        try Socket.setOption(number, Int32(IPPROTO_IP), IP_MULTICAST_TTL, 255, "IP_MULTICAST_TTL")
        try Socket.setOption(
            number, SOL_SOCKET, SO_BINDTODEVICE, bytes: Array("eth1".utf8) + [0], "eth1")
    }

    /// Sends a payload to 224.0.0.18.
    func send(_ payload: [UInt8]) {
        _ = Socket.send(
            payload, to: SocketAddress(address: IPv4Address.vrrpGroup.rawValue, port: 0),
            on: socket.rawValue)
    }

    /// Sends an advertisement of VRID 51.
    func advertise(_ priority: UInt8, _ addresses: VirtualAddressList) {
        guard let vrid = VRID(51), let interval = Centiseconds(rawValue: 10) else { return }
        let message = Advertisement(
            vrid: vrid, priority: Priority(rawValue: priority), interval: .v3(interval),
            addresses: addresses)
        send(message.encoded(coverage: .message, source: source))
    }
}

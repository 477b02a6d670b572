internal import Glibc
internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// Hears messages that are sent inside an IPsec authentication header, which is not spoken here:
/// otherwise a peer with keepalived's `auth_type AH` would be lost without a word.
///
/// The kernel drops all other traffic of IPsec before it reaches this socket. `raw(7)`.
final class AuthenticationHeaderSocket {
    /// The interface's number.
    let interfaceIndex: Int32

    private let loop: EventLoop
    private let socket: Descriptor
    private let onMessage: (_ message: Span<UInt8>, IPHeader) -> Void
    private var watch: EventLoop.Watch?
    private var buffer = [UInt8](repeating: 0, count: 2048)

    /// Opens the socket on an interface.
    ///
    /// - Parameters:
    ///   - interface: The interface's name.
    ///   - index: The interface's number.
    ///   - loop: The loop that it is watched on.
    ///   - onMessage: Called with each VRRP message found behind such a header.
    /// - Throws: `SystemError`: no permission, or no such interface.
    init(
        interface: String, index: Int32, loop: EventLoop,
        onMessage: @escaping (_ message: Span<UInt8>, IPHeader) -> Void
    ) throws(SystemError) {
        interfaceIndex = index
        self.loop = loop
        self.onMessage = onMessage
        socket = try Socket.open(
            AF_INET, Int32(SOCK_RAW.rawValue), Int32(AuthenticationHeader.protocolNumber),
            "AH on \(interface)")
        let number = socket.rawValue
        try CaptureSocket.attach(Self.filter, to: number)
        try Socket.setOption(
            number, SOL_SOCKET, SO_BINDTODEVICE, bytes: Array(interface.utf8) + [0], interface)
        watch = try loop.watch(number, for: .readable) { [weak self] _ in self?.read() }
    }

    private func read() {
        for _ in 0..<Self.datagramsPerTurn {
            guard case .moved(let count) = Socket.receive(into: &buffer, from: socket.rawValue)
            else { return }
            let datagram = Array(buffer[..<count])
            guard let header = try? IPv4Header(decoding: datagram.span) else { continue }
            let payload = datagram.span.extracting(header.payload)
            guard let offset = AuthenticationHeader.messageOffset(in: payload) else { continue }
            onMessage(payload.extracting(offset..<payload.count), IPHeader(header))
        }
    }

    deinit {
        if let watch { loop.unwatch(watch) }
    }

    private static let datagramsPerTurn = 16
    /// Takes what has VRRP behind the header: the first byte after the IP header says so.
    private static let filter: [CaptureSocket.Instruction] = [
        .init(0xB1, 0),  // X = length of the IP header
        .init(0x50, 0),  // A = the byte at X
        .init(0x15, UInt32(IPHeader.vrrpProtocolNumber), whenTrue: 0, whenFalse: 1),
        .init(0x06, 0xFFFF),  // take it
        .init(0x06, 0),  // drop it
    ]
}

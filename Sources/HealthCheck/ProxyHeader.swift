#if Probes
import NIOCore

/// The header of the PROXY protocol that a check sends first, for servers that demand it.
///
/// proxy-protocol.txt 2.1, 2.2.
public enum ProxyHeader: Hashable, Sendable, Codable {
    /// The text form, with the addresses of the check's own connection.
    case v1
    /// The binary form with the command LOCAL: a connection of the proxy's own.
    case v2

    func bytes(from source: SocketAddress?, to destination: SocketAddress) -> [UInt8] {
        switch self {
        case .v1: Array(line(from: source, to: destination).utf8)
        case .v2:
            [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A] + [
                0x20, 0x00, 0x00, 0x00,
            ]
        }
    }

    private func line(from source: SocketAddress?, to destination: SocketAddress) -> String {
        guard let from = source?.ipAddress, let fromPort = source?.port,
            let to = destination.ipAddress, let toPort = destination.port
        else { return "PROXY UNKNOWN\r\n" }
        let family = destination.protocol == .inet6 ? "TCP6" : "TCP4"
        return "PROXY \(family) \(from) \(to) \(fromPort) \(toPort)\r\n"
    }
}
#endif

#if Program
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

extension SocketAddress {
    /// Where a check goes.
    ///
    /// - Throws: NIO's error where the name of a Unix socket is over 103 bytes.
    init(_ address: ServerAddress, port: UInt16) throws {
        switch address {
        case .internet(let address):
            try self.init(ipAddress: address.description, port: Int(port))
        case .path(let path): try self.init(unixDomainSocketPath: path)
        case .abstractName(let name): try self.init(unixDomainSocketPath: "\0" + name)
        // Nobody asks there: what has no address yet is left alone.
        case .name: try self.init(ipAddress: "0.0.0.0", port: Int(port))
        }
    }
}
#endif

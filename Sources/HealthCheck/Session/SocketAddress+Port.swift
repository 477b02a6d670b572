#if Probes
import NIOCore

extension SocketAddress {
    /// The same host at another port, where one is named; a Unix socket has none.
    func at(port: Int?) -> SocketAddress {
        guard let port, self.port != nil else { return self }
        var address = self
        address.port = port
        return address
    }
}
#endif

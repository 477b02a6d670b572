import Glibc

/// A listening socket on loopback that never accepts: the kernel answers connections by itself.
final class LoopbackPeer {
    let port: Int
    private let descriptor: CInt
    private var clients: [CInt] = []

    init(backlog: CInt = 16, port: Int = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        var address = loopback(port: port)
        guard bindSocket(descriptor, &address) == 0, listen(descriptor, backlog) == 0 else {
            throw SocketFailure(errno: errno)
        }
        self.port = localPort(of: descriptor)
    }

    /// Fills the queue of connections, so that the kernel drops what comes after.
    func fillBacklog() {
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            var address = loopback(port: port)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            clients.append(client)
        }
    }

    /// Accepts one connection and says how it ended: 0 for a clean end, else the errno of the read.
    func endOfNextConnection() -> CInt {
        let accepted = accept(descriptor, nil, nil)
        defer { close(accepted) }
        var byte: UInt8 = 0
        return read(accepted, &byte, 1) == 0 ? 0 : errno
    }

    deinit {
        close(descriptor)
        for client in clients { close(client) }
    }
}

struct SocketFailure: Error { let errno: CInt }

/// A port of loopback that nothing listens on.
func closedPort() throws -> Int {
    try LoopbackPeer().port
}

private func loopback(port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    return address
}

private func bindSocket(_ descriptor: CInt, _ address: inout sockaddr_in) -> CInt {
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

private func localPort(of descriptor: CInt) -> Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getsockname(descriptor, $0, &length)
        }
    }
    return Int(UInt16(bigEndian: address.sin_port))
}

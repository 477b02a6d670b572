import Glibc
import Synchronization

/// A listening socket on loopback that never accepts: the kernel answers connections by itself.
package final class LoopbackPeer: Sendable {
    package let port: Int
    private let descriptor: CInt
    private let clients = Mutex<[CInt]>([])

    package init(backlog: CInt = 16, port: Int = 0) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        let isBound = withAddress(loopback(port: port)) { bind(descriptor, $0, $1) } == 0
        guard isBound, listen(descriptor, backlog) == 0 else {
            throw SocketFailure(errno: errno)
        }
        self.port = localPort(of: descriptor)
    }

    /// Fills the queue of connections, so that the kernel drops what comes after.
    package func fillBacklog() {
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
            _ = withAddress(loopback(port: port)) { connect(client, $0, $1) }
            clients.withLock { $0.append(client) }
        }
    }

    /// Makes room in the queue again: who waits for it gets in with the next try, after 1 s.
    package func emptyBacklog() {
        clients.withLock { clients in
            for client in clients { close(client) }
            clients = []
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        while case let accepted = accept(descriptor, nil, nil), accepted >= 0 { close(accepted) }
    }

    /// Accepts one connection and says how it ended: 0 for a clean end, else the errno of the read.
    package func endOfNextConnection() -> CInt {
        let accepted = accept(descriptor, nil, nil)
        defer { close(accepted) }
        var byte: UInt8 = 0
        return read(accepted, &byte, 1) == 0 ? 0 : errno
    }

    deinit {
        close(descriptor)
        for client in clients.withLock({ $0 }) { close(client) }
    }
}

package struct SocketFailure: Error { let errno: CInt }

/// Whether something accepts connections on a port of loopback.
package func accepts(port: Int) -> Bool {
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    return withAddress(loopback(port: port)) { connect(client, $0, $1) } == 0
}

/// A port of loopback that nothing listens on, and that the kernel gives to no connection.
package func closedPort() throws -> Int {
    while true {
        let port = Int(nextPort.wrappingAdd(1, ordering: .relaxed).oldValue)
        do {
            return try LoopbackPeer(port: port).port
        } catch {
            guard port < 20_000 else { throw error }
        }
    }
}

private let nextPort = Atomic(UInt16(11_000 + getpid() % 8_000))

/// A `sockaddr_in` as bytes: Glibc and NIO each bring the type along, and no import says which.
private func loopback(port: Int) -> [UInt8] {
    [UInt8(AF_INET), 0, UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1]
        + [UInt8](repeating: 0, count: 8)
}

private func withAddress(
    _ address: [UInt8], _ call: (UnsafePointer<sockaddr>, socklen_t) -> CInt
) -> CInt {
    address.withUnsafeBytes {
        guard let base = $0.baseAddress else { return -1 }
        return call(base.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
}

private func localPort(of descriptor: CInt) -> Int {
    var address = [UInt8](repeating: 0, count: 16)
    var length = socklen_t(address.count)
    address.withUnsafeMutableBytes {
        guard let base = $0.baseAddress else { return }
        getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &length)
    }
    return Int(address[2]) << 8 | Int(address[3])
}

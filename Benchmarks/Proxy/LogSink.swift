import CLinux
import Glibc
import LinuxIO

/// Where a proxy's log goes by UDP.
///
/// Nobody reads it: what does not fit the socket is dropped.
final class LogSink {
    let port: UInt16
    private let socket: Descriptor

    init() throws {
        let result = clinux_socket(
            AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try check("socket", "log", result)
        socket = Descriptor(owning: Int32(result))
        var address = SocketAddress(address: 0x7f00_0001, port: 0).raw
        try check("bind", "127.0.0.1", clinux_bind(socket.rawValue, &address, 16))
        port = try Socket.localAddress(of: socket.rawValue).port
    }
}

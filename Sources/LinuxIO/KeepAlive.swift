internal import CLinux
internal import Glibc

/// Probes that find out whether the other end of an idle connection is still there (SO_KEEPALIVE).
///
/// `tcp(7)`.
public struct KeepAlive: Hashable, Sendable {
    /// Seconds of silence before the first probe, 1 to 32,767 (TCP_KEEPIDLE); 0: as the kernel has it.
    public var idle: Int32
    /// Seconds between probes, 1 to 32,767 (TCP_KEEPINTVL); 0: as the kernel has it.
    public var interval: Int32
    /// Probes without an answer that end the connection, 1 to 127 (TCP_KEEPCNT); 0: as the kernel has
    /// it.
    public var count: Int32

    /// Makes probes as the kernel has them, but for what is said here.
    public init(idle: Int32 = 0, interval: Int32 = 0, count: Int32 = 0) {
        self.idle = idle
        self.interval = interval
        self.count = count
    }

    /// Whether nothing is left to the kernel.
    var isWhole: Bool { idle > 0 && interval > 0 && count > 0 }

    /// The same with the kernel's own values where nothing is said.
    ///
    /// A new socket tells them; those of this network namespace are settings of the system.
    func completed() throws(SystemError) -> KeepAlive {
        let fresh = try Socket.open(AF_INET, Int32(SOCK_STREAM.rawValue), 0, "tcpka")
        func kernels(_ name: Int32, unless own: Int32) throws(SystemError) -> Int32 {
            guard own == 0 else { return own }
            var (value, length): (Int32, UInt32) = (0, 4)
            try check(
                "getsockopt", "tcpka",
                unsafe clinux_getsockopt(
                    fresh.rawValue, Int32(IPPROTO_TCP), name, &value, &length))
            return value
        }
        return KeepAlive(
            idle: try kernels(TCP_KEEPIDLE, unless: idle),
            interval: try kernels(TCP_KEEPINTVL, unless: interval),
            count: try kernels(TCP_KEEPCNT, unless: count))
    }
}

extension StreamSocket {
    /// Has idle connections probed.
    ///
    /// - Parameters:
    ///   - socket: A socket of TCP; those that a listening one accepts inherit it.
    ///   - probes: When and how often.
    /// - Returns: 0, or a negative error number.
    public static func probe(_ socket: Int32, by probes: KeepAlive) -> Int {
        var result = setOption(socket, level: 1, 9, to: 1)  // SOL_SOCKET, SO_KEEPALIVE
        // IPPROTO_TCP: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT
        if result == 0, probes.idle > 0 { result = setOption(socket, level: 6, 4, to: probes.idle) }
        if result == 0, probes.interval > 0 {
            result = setOption(socket, level: 6, 5, to: probes.interval)
        }
        if result == 0, probes.count > 0 {
            result = setOption(socket, level: 6, 6, to: probes.count)
        }
        return result
    }
}

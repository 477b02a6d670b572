internal import CLinux
internal import Glibc

/// The algorithms by which TCP finds out how fast it may send (TCP_CONGESTION).
///
/// `tcp(7)`; net.ipv4.tcp_available_congestion_control and its kin, of this network namespace.
public enum CongestionControl {
    /// The longest name that the kernel takes, in bytes.
    public static let longestName = 15

    /// What the kernel has by now; it may know more as modules that root alone has loaded.
    public static var available: [String] { names(in: "tcp_available_congestion_control") }

    /// What anybody may set.
    public static var allowed: [String] { names(in: "tcp_allowed_congestion_control") }

    /// What a socket has that nobody set one of.
    public static var standard: String? { names(in: "tcp_congestion_control").first }

    /// Tries whether this process can have an algorithm.
    ///
    /// - Parameter name: The algorithm.
    /// - Throws: `SystemError` that names it: `ENOENT` where the kernel has none of that name, `EPERM`
    ///   where root alone may set it.
    public static func tryOut(_ name: String) throws(SystemError) {
        let socket = try Socket.open(AF_INET, Int32(SOCK_STREAM.rawValue), 0, name)
        try check(
            "setsockopt", "cc \(name)", StreamSocket.setCongestionControl(socket.rawValue, name))
    }

    /// What a new socket had when this was first asked: not to read a file for each of many sockets.
    private static let firstStandard = standard

    /// Gives a socket back what it has without `cc`; where that is forbidden, it stays as it is.
    static func reset(_ socket: Int32) {
        guard let present = StreamSocket.congestionControl(of: socket), present != firstStandard,
            let standard, present != standard
        else { return }
        _ = StreamSocket.setCongestionControl(socket, standard)
    }

    private static func names(in file: String) -> [String] {
        let text = SmallFile.read("/proc/sys/net/ipv4/\(file)") ?? []
        return String(decoding: text, as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).map(String.init)
    }
}

extension StreamSocket {
    /// The algorithm by which a socket of TCP sends; `nil`: it is none.
    ///
    /// - Parameter socket: The socket.
    /// - Returns: The algorithm's name.
    public static func congestionControl(of socket: Int32) -> String? {
        var name = InlineArray<16, UInt8>(repeating: 0)
        var length: UInt32 = 16
        guard unsafe clinux_getsockopt(socket, 6, 13, &name, &length) == 0 else { return nil }
        var bytes: [UInt8] = []
        for index in 0..<min(Int(length), 16) where name[index] != 0 { bytes.append(name[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Has a socket send by an algorithm.
    ///
    /// - Parameters:
    ///   - socket: A socket of TCP; those that a listening one accepts inherit it.
    ///   - name: The algorithm, of 15 bytes at most.
    /// - Returns: 0, or a negative error number: `ENOENT`, `EPERM`.
    public static func setCongestionControl(_ socket: Int32, _ name: String) -> Int {
        var name = name
        return name.withUTF8 { bytes in
            // IPPROTO_TCP, TCP_CONGESTION
            unsafe clinux_setsockopt(socket, 6, 13, bytes.baseAddress, UInt32(bytes.count))
        }
    }
}

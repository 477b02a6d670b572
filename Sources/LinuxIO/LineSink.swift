internal import CLinux
internal import Glibc

/// Where lines go, one call each; what can't go at once is lost.
public final class LineSink: Sendable {
    /// What a sink leads to.
    public enum Destination: Hashable, Sendable {
        /// A syslog daemon, by UDP.
        case datagrams(IPEndpoint)
        /// A syslog daemon of this host, by the path of its socket.
        case socket(path: String)
        /// A descriptor that the process was started with: 1 or 2.
        case descriptor(Int32)
    }

    private let descriptor: Descriptor
    private let address: sockaddr_un?
    private let isStream: Bool

    /// Opens a sink; nothing is sent, and nobody has to listen yet.
    ///
    /// - Parameter destination: Where lines are to go.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init(_ destination: Destination) throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        switch destination {
        case .datagrams(let endpoint):
            isStream = false
            address = nil
            let raw = RawStreamAddress(endpoint)
            descriptor = try Socket.open(raw.family, type, 0, "log to \(endpoint)")
            // Where nobody listens, a later send fails and the next one tries again.
            _ = StreamSocket.connect(descriptor.rawValue, to: raw)
        case .socket(let path):
            isStream = false
            var address = sockaddr_un()
            address.sun_family = UInt16(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: path.utf8.prefix(107))
            }
            self.address = address
            descriptor = try Socket.open(AF_UNIX, type, 0, "log to \(path)")
        case .descriptor(let number):
            isStream = true
            address = nil
            descriptor = try LineSink.reopened(number)
        }
    }

    /// Sends a line, without a line break at its end.
    ///
    /// - Parameter line: The line.
    /// - Returns: Whether it was taken.
    public func send(_ line: String) -> Bool {
        let number = descriptor.rawValue
        let noSignal: Int32 = 0x4040  // MSG_NOSIGNAL, MSG_DONTWAIT
        var bytes = Array(line.utf8)
        if isStream {
            bytes.append(0x0a)
            return unsafe bytes.withUnsafeBytes {
                unsafe write(number, $0.baseAddress, $0.count) == $0.count
            }
        }
        return unsafe bytes.withUnsafeBytes { bytes in
            guard var address else {
                return unsafe Glibc.send(number, bytes.baseAddress, bytes.count, noSignal) >= 0
            }
            return unsafe clinux_sendto(
                number, bytes.baseAddress, bytes.count, noSignal, &address, 110) >= 0
        }
    }

    /// A second opening of the same file, one that does not block.
    ///
    /// The flag on the first would be shared with every other program that has it. Sockets can't be
    /// opened again.
    private static func reopened(_ number: Int32) throws(SystemError) -> Descriptor {
        let flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
        let own = unsafe open("/proc/self/fd/\(number)", flags)
        if own >= 0 { return Descriptor(owning: own) }
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else {
            throw SystemError(call: "fcntl", errno: Errno(rawValue: errno), subject: "log")
        }
        return Descriptor(owning: copy)
    }
}

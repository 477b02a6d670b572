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
    /// Where datagrams go, to connect anew.
    private let endpoint: RawStreamAddress?
    private let kind: Kind

    private enum Kind {
        case datagrams
        /// An opening of our own, which does not block.
        case own
        /// One that others share, and with it whether it blocks.
        case shared
    }

    /// Opens a sink; nothing is sent, and nobody has to listen yet.
    ///
    /// - Parameter destination: Where lines are to go.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init(_ destination: Destination) throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        switch destination {
        case .datagrams(let endpoint):
            kind = .datagrams
            address = nil
            let raw = RawStreamAddress(endpoint)
            self.endpoint = raw
            descriptor = try Socket.open(raw.family, type, 0, "log to \(endpoint)")
            // Where there is no way yet, each line looks for one.
            _ = StreamSocket.connect(descriptor.rawValue, to: raw)
        case .socket(let path):
            kind = .datagrams
            endpoint = nil
            var address = sockaddr_un()
            address.sun_family = UInt16(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) {
                unsafe $0.copyBytes(from: path.utf8.prefix(107))
            }
            self.address = address
            descriptor = try Socket.open(AF_UNIX, type, 0, "log to \(path)")
        case .descriptor(let number):
            (address, endpoint) = (nil, nil)
            var isOwn = false
            descriptor = try LineSink.reopened(number, isOwn: &isOwn)
            kind = isOwn ? .own : .shared
        }
    }

    /// Sends a line, without a line break at its end.
    ///
    /// Where there was no way to a daemon, or its source address went, a way is looked for once.
    ///
    /// - Parameter line: The line.
    /// - Returns: Whether it was taken.
    public func send(_ line: String) -> Bool {
        var buffer = LineBuffer()
        buffer.append(line)
        return send(&buffer)
    }

    /// Sends a line, likewise.
    ///
    /// - Parameter line: The line; it gets a line break where it goes to a descriptor.
    /// - Returns: Whether it was taken.
    public func send(_ line: inout LineBuffer) -> Bool {
        let number = descriptor.rawValue
        let noSignal = LineSink.noSignal
        switch kind {
        case .datagrams: break
        case .own, .shared:
            line.append(byte: 0x0a)
            return kind == .own
                ? LineSink.write(line.bytes[...], to: number)
                : LineSink.offer(line.bytes, to: number)
        }
        return unsafe line.bytes.withUnsafeBytes { bytes in
            guard var address else {
                if unsafe Glibc.send(number, bytes.baseAddress, bytes.count, noSignal) >= 0 {
                    return true
                }
                guard connectsAnew(after: errno) else { return false }
                return unsafe Glibc.send(number, bytes.baseAddress, bytes.count, noSignal) >= 0
            }
            return unsafe clinux_sendto(
                number, bytes.baseAddress, bytes.count, noSignal, &address, 110) >= 0
        }
    }

    /// Connects anew where an error says that the way is gone, or never was there.
    private func connectsAnew(after error: Int32) -> Bool {
        let lost = [EDESTADDRREQ, EINVAL, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL]
        guard let endpoint, lost.contains(error) else { return false }
        // Takes the source address away that the socket was given.
        _ = StreamSocket.disconnect(descriptor.rawValue)
        return StreamSocket.connect(descriptor.rawValue, to: endpoint) == 0
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to number: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes {
            unsafe Glibc.write(number, $0.baseAddress, $0.count) == $0.count
        }
    }

    /// Writes to what may block, without ever waiting.
    ///
    /// A pipe that is ready takes `PIPE_BUF` bytes, and might block at more: pipe(7).
    private static func offer(_ bytes: [UInt8], to number: Int32) -> Bool {
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(number, $0.baseAddress, $0.count, noSignal)
        }
        if sent >= 0 || errno != ENOTSOCK { return sent == bytes.count }
        var rest = bytes[...]
        while !rest.isEmpty {
            var waited = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&waited, 1, 0) == 1, waited.revents & Int16(POLLOUT) != 0,
                write(rest.prefix(Int(PIPE_BUF)), to: number)
            else { return false }
            rest = rest.dropFirst(Int(PIPE_BUF))
        }
        return true
    }

    private static let noSignal: Int32 = 0x4040  // MSG_NOSIGNAL, MSG_DONTWAIT

    /// A second opening of the same file, one that does not block, or a copy of the first.
    ///
    /// The flag on the first would be shared with every other program that has it. Sockets can't be
    /// opened again, nor another user's pipe; a file has a place in it that all who write share, and never
    /// blocks.
    private static func reopened(
        _ number: Int32, isOwn: inout Bool
    ) throws(SystemError) -> Descriptor {
        var status = stat()
        let isFile = unsafe fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        let flags = O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY
        let own = isFile ? -1 : unsafe open("/proc/self/fd/\(number)", flags)
        isOwn = isFile || own >= 0
        if own >= 0 { return Descriptor(owning: own) }
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else {
            throw SystemError(call: "fcntl", errno: Errno(rawValue: errno), subject: "log")
        }
        return Descriptor(owning: copy)
    }
}

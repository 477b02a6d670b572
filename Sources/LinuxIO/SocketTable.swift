internal import CLinux
internal import Glibc

/// The sockets of this network namespace that wait for others, and whose they are.
///
/// `/proc/net`, `proc(5)`. Nobody needs a privilege to see the sockets; to see whose they are, the
/// right to look at the other process.
public enum SocketTable {
    /// A socket that has a port.
    public struct Entry: Hashable, Sendable {
        /// The address in network order, 4 or 16 bytes; zeros: any.
        public let octets: [UInt8]
        /// The port.
        public let port: UInt16
        /// The kernel's number of the socket.
        public let inode: UInt64

        /// Whether it has every address of its version.
        public var isEverything: Bool { octets.allSatisfy { $0 == 0 } }
    }

    /// A Unix socket that has a name.
    public struct NamedEntry: Hashable, Sendable {
        /// The path, or `@` and an abstract name, in which `@` also stands for a zero.
        public let name: String
        /// Whether it waits for connections.
        public let isListening: Bool
        /// The kernel's number of the socket.
        public let inode: UInt64
    }

    /// The sockets of TCP that listen, or those of UDP that hear everybody, of both versions.
    ///
    /// - Parameter isDatagram: Whether those of UDP.
    /// - Returns: The sockets.
    public static func waiting(isDatagram: Bool) -> [Entry] {
        let names = isDatagram ? ["udp", "udp6"] : ["tcp", "tcp6"]
        return names.flatMap {
            entries(in: text("/proc/thread-self/net/\($0)"), state: isDatagram ? "07" : "0A")
        }
    }

    /// The Unix sockets that have names.
    public static var named: [NamedEntry] { namedEntries(in: text("/proc/thread-self/net/unix")) }

    /// A packet socket.
    public struct PacketEntry: Hashable, Sendable {
        /// The type of frames that it is given; 0: none, 3: all.
        public let etherType: UInt16
        /// The kernel's number of the socket.
        public let inode: UInt64
    }

    /// The packet sockets.
    public static var packetSockets: [PacketEntry] {
        packetEntries(in: text("/proc/thread-self/net/packet"))
    }

    /// Which processes have sockets open.
    ///
    /// - Parameter inodes: The kernel's numbers of the sockets.
    /// - Returns: The processes, in the order of their numbers, as far as this process may look.
    public static func holders(of inodes: Set<UInt64>) -> [Int32] {
        guard !inodes.isEmpty else { return [] }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        return ProcessTable.processIDs.sorted().filter { process in
            let folder = "/proc/\(process)/fd"
            return ProcessTable.names(in: folder).contains { name in
                ProcessTable.target(ofLink: "\(folder)/\(name)").map(wanted.contains) ?? false
            }
        }
    }

    /// Reads what the kernel lists of TCP or UDP: the sockets in one state, by its number.
    static func entries(in text: String, state: String) -> [Entry] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == state, let inode = UInt64(fields[9]) else {
                return nil
            }
            let place = fields[1].split(separator: ":")
            guard place.count == 2, let port = UInt16(place[1], radix: 16) else { return nil }
            var octets: [UInt8] = []
            var rest = place[0]
            // Words of 32 bits in network order, printed as numbers of this machine.
            while let word = UInt32(rest.prefix(8), radix: 16) {
                octets += (0..<4).map { UInt8(truncatingIfNeeded: word.littleEndian >> (8 * $0)) }
                rest = rest.dropFirst(8)
            }
            return Entry(octets: octets, port: port, inode: inode)
        }
    }

    /// Reads what the kernel lists of Unix sockets.
    static func namedEntries(in text: String) -> [NamedEntry] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 7)
            guard fields.count == 8, let inode = UInt64(fields[6]),
                let flags = UInt32(fields[3], radix: 16)
            else { return nil }
            let acceptsConnections: UInt32 = 0x1_0000
            return NamedEntry(
                name: String(fields[7]), isListening: flags & acceptsConnections != 0, inode: inode)
        }
    }

    /// Reads what the kernel lists of packet sockets.
    static func packetEntries(in text: String) -> [PacketEntry] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count == 9, let type = UInt16(fields[3], radix: 16),
                let inode = UInt64(fields[8])
            else { return nil }
            return PacketEntry(etherType: type, inode: inode)
        }
    }

    private static func text(_ path: String) -> String {
        String(decoding: SmallFile.readWhole(path) ?? [], as: UTF8.self)
    }
}

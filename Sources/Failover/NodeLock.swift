internal import LinuxIO

/// The right to hold virtual addresses in this network namespace, for one program at a time.
///
/// Whoever has it may take leftovers off the interfaces: they can't be another program's. Only who may
/// speak for any address anyway (CAP_NET_RAW) can have it. A file would be shared between namespaces, or
/// hidden from who has the network in common but not `/run`, as containers do; and the name of a Unix
/// socket may be taken by anybody.
struct NodeLock: ~Copyable {
    /// What tells it from others' sockets, in `/proc/net/packet` as well: IEEE 802's first local
    /// experimental type, which nobody sends here.
    private static let etherType: UInt16 = 0x88B5
    /// `LB`.
    private static let group: UInt16 = 0x4C42
    private let socket: Descriptor

    /// Takes the lock.
    ///
    /// - Throws: `.alreadyRunning` when another program has it, or `.system`: no permission
    ///   (CAP_NET_RAW).
    init() throws(FailoverError) {
        do throws(SystemError) {
            socket = try PacketSocket.claiming(group: Self.group, etherType: Self.etherType)
        } catch {
            throw error.errno == .noSpace ? .alreadyRunning : .system(.system(error))
        }
    }

    /// The kernel's number of the socket that has the lock; `nil`: no program has it.
    static var holder: UInt64? {
        SocketTable.packetSockets.first { $0.etherType == etherType }?.inode
    }
}

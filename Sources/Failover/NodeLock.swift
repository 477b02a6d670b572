internal import LinuxIO

/// The right to hold virtual addresses in this network namespace, for one program at a time.
///
/// Whoever has it may take leftovers off the interfaces: they can't be another program's. A name in
/// the file system would be shared between namespaces and outlive its holder.
struct NodeLock: ~Copyable {
    private static let name = "lbctl/failover"
    private let socket: Descriptor

    /// Takes the lock.
    ///
    /// - Throws: `.alreadyRunning` when another program has it.
    init() throws(FailoverError) {
        do throws(SystemError) {
            socket = try UnixSocket.claiming(name: Self.name)
        } catch {
            throw error.errno == .addressInUse ? .alreadyRunning : .system(.system(error))
        }
    }

    /// The kernel's number of the socket that has the lock; `nil`: no program has it.
    static var holder: UInt64? { SocketTable.named.first { $0.name == "@" + name }?.inode }
}

internal import CLinux

/// Network namespaces: a stack of interfaces, addresses and sockets of its own.
///
/// `network_namespaces(7)`.
public enum NetworkNamespace {
    /// Moves the calling thread, and what it starts from now on, to a new and empty namespace.
    ///
    /// Other threads stay where they are, so a thread of Swift's concurrency must never call it.
    ///
    /// - Throws: `SystemError`: no permission (CAP_SYS_ADMIN). `unshare(2)`, CLONE_NEWNET.
    public static func enterNew() throws(SystemError) {
        let newNetwork: Int32 = 0x4000_0000
        try check("unshare", "network namespace", clinux_unshare(newNetwork))
    }
}

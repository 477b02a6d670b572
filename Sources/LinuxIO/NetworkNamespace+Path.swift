internal import CLinux
internal import Glibc

extension NetworkNamespace {
    /// Moves the calling thread, and what it starts from now on, to an existing namespace.
    ///
    /// Other threads stay where they are, so a thread of Swift's concurrency must never call it.
    ///
    /// - Parameter path: `/run/netns/NAME` or `/proc/PID/ns/net`.
    /// - Throws: `SystemError` that names the path: not there, or no permission. `setns(2)`.
    public static func enter(path: String) throws(SystemError) {
        let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: path)
        }
        let namespace = Descriptor(owning: number)
        let newNetwork: Int32 = 0x4000_0000
        try check("setns", path, clinux_setns(namespace.rawValue, newNetwork))
    }
}

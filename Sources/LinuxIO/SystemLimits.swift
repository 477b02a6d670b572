internal import CLinux
internal import Glibc

/// What the system gives this process.
public enum SystemLimits {
    /// The number of this process; `getpid(2)`.
    public static var processID: Int32 { getpid() }

    /// Processors that this process may run on, at least 1; `sched_getaffinity(2)`.
    public static var usableProcessors: Int {
        // 8,192 bits: the most processors that a kernel can be built for on x86_64.
        var mask = [UInt64](repeating: 0, count: 128)
        let byteCount = unsafe clinux_sched_getaffinity(0, mask.count * 8, &mask)
        guard byteCount > 0 else { return 1 }
        return max(1, mask.reduce(0) { $0 + $1.nonzeroBitCount })
    }
}

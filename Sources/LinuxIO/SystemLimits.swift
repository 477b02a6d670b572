internal import Glibc

/// What the system gives this process.
public enum SystemLimits {
    /// Processors that this process may run on, at least 1; `sched_getaffinity(2)`.
    public static var usableProcessors: Int {
        var set = cpu_set_t()
        let result = unsafe sched_getaffinity(0, MemoryLayout<cpu_set_t>.size, &set)
        guard result == 0 else { return 1 }
        let count = unsafe withUnsafeBytes(of: &set) { bytes in
            unsafe bytes.reduce(0) { $0 + $1.nonzeroBitCount }
        }
        return max(1, count)
    }
}

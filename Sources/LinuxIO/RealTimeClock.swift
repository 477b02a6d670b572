internal import Glibc

/// The clock that people set.
public enum RealTimeClock {
    /// Microseconds since 1970; `clock_gettime(2)`, CLOCK_REALTIME.
    public static var microseconds: Int64 {
        var time = timespec()
        // SAFETY: the kernel writes one timespec; the clock exists on every Linux, so no failure.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

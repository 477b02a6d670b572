/// A time-out in milliseconds, 0 for none; at most 24 days, so that the low 32 bits of the clock
/// suffice to measure it.
func milliseconds(_ duration: Duration?) -> UInt64 {
    guard let duration, duration > .zero else { return 0 }
    let (seconds, attoseconds) = duration.components
    guard seconds < 24 * 86_400 else { return 24 * 86_400_000 }
    return max(1, UInt64(seconds) * 1000 + UInt64(attoseconds) / 1_000_000_000_000_000)
}

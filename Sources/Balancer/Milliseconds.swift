/// A time-out in milliseconds, 0 for none; at most 24 days, so that the low 32 bits of the clock
/// suffice to measure it.
func milliseconds(_ duration: Duration?) -> UInt64 {
    guard let duration, duration > .zero else { return 0 }
    let (seconds, attoseconds) = duration.components
    guard seconds < 24 * 86_400 else { return 24 * 86_400_000 }
    return max(1, UInt64(seconds) * 1000 + UInt64(attoseconds) / 1_000_000_000_000_000)
}

extension UInt64 {
    /// The instant that the low 32 bits of one up to now stand for: all in milliseconds.
    ///
    /// Up to a quarter of an hour ahead counts as such; what lies further back than the rest of 49 days
    /// as later than it was, but never as later than now.
    func instant(of lowBits: UInt32) -> UInt64 {
        let age = UInt32(truncatingIfNeeded: self) &- lowBits
        let ahead = 0 &- age
        return ahead < 1 << 20 ? self + UInt64(ahead) : self - Swift.min(self, UInt64(age))
    }
}

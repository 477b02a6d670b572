internal import CLinux

/// A file descriptor with one owner, closed when the owner lets go of it.
public struct Descriptor: ~Copyable, Sendable {
    /// The number, 0 or above.
    public let rawValue: Int32

    /// Takes ownership of an open descriptor.
    @inlinable
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    /// Gives the number away without closing it.
    ///
    /// - Returns: The number; whoever takes it closes it.
    public consuming func release() -> Int32 {
        let number = rawValue
        discard self
        return number
    }

    deinit {
        // close(2) fails with EIO, ENOSPC or EDQUOT on files of network file systems only, and
        // EINTR leaves the descriptor closed on Linux: nothing here could act on any of them.
        _ = clinux_close(rawValue)
    }
}

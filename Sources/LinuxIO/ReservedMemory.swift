internal import Glibc

/// A range of zeroed memory that costs nothing until it is touched, page by page.
///
/// `mmap(2)`, MAP_NORESERVE.
@safe public struct ReservedMemory: ~Copyable, @unchecked Sendable {
    // SAFETY: the range has one owner, and belongs to whoever holds this value.
    /// The first byte, aligned to a page.
    public let base: UnsafeMutableRawPointer
    /// The size in bytes.
    public let byteCount: Int

    /// Reserves a range.
    ///
    /// - Parameter byteCount: The size in bytes, above 0.
    /// - Throws: `SystemError` when the address space or a limit on it does not hold the range.
    public init(byteCount: Int) throws(SystemError) {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        let range = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
        guard let range = unsafe range, unsafe range != MAP_FAILED else {
            throw SystemError(
                call: "mmap", errno: Errno(rawValue: errno), subject: "\(byteCount) bytes")
        }
        unsafe base = range
        self.byteCount = byteCount
    }

    deinit {
        // munmap(2) fails on ranges that were not mapped only.
        _ = unsafe munmap(base, byteCount)
    }
}

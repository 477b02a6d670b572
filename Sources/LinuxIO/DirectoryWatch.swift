internal import CLinux
internal import Glibc

/// Becomes readable when something in a directory was written, made, renamed or removed.
///
/// `inotify(7)`. A directory, since a file that is replaced by another of its name would take a watch
/// of its own along.
public struct DirectoryWatch: ~Copyable {
    /// Readable once something has changed.
    public let descriptor: Descriptor

    /// Begins to watch.
    ///
    /// - Parameter path: The directory.
    /// - Throws: `SystemError`: no such directory, or the user's limit of watches.
    public init(path: String) throws(SystemError) {
        let number = Int32(
            try check("inotify_init", path, clinux_inotify_init(O_NONBLOCK | O_CLOEXEC)))
        let opened = Descriptor(owning: number)
        // IN_CLOSE_WRITE, IN_MODIFY, IN_MOVED_TO, IN_MOVED_FROM, IN_CREATE, IN_DELETE; IN_ONLYDIR.
        let events: UInt32 = 0x8 | 0x2 | 0x80 | 0x40 | 0x100 | 0x200 | 0x0100_0000
        let result = unsafe path.withCString {
            unsafe clinux_inotify_add_watch(number, $0, events)
        }
        try check("inotify_add_watch", path, result)
        descriptor = opened
    }

    /// Takes what has happened so far, so that the descriptor is no longer readable.
    public borrowing func clear() {
        let byteLimit = 4096
        var isEmpty = false
        while !isEmpty {
            unsafe withUnsafeTemporaryAllocation(byteCount: byteLimit, alignment: 8) { buffer in
                let result = unsafe clinux_read(
                    descriptor.rawValue, buffer.baseAddress, buffer.count)
                isEmpty = result <= 0
            }
        }
    }
}

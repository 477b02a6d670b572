internal import CLinux
internal import Glibc

/// Becomes readable when something in a directory was written, made, renamed or removed.
///
/// `inotify(7)`. A directory, since a file that is replaced by another of its name would take a watch
/// of its own along.
public struct DirectoryWatch: ~Copyable {
    /// Readable once something has changed.
    public let descriptor: Descriptor
    /// Whether the directory still is what was opened: not removed, renamed, or on what was unmounted.
    public private(set) var isThere = true

    /// Begins to watch.
    ///
    /// - Parameter path: The directory.
    /// - Throws: `SystemError`: no such directory, or the user's limit of watches.
    public init(path: String) throws(SystemError) {
        let number = Int32(
            try check("inotify_init", path, clinux_inotify_init(O_NONBLOCK | O_CLOEXEC)))
        let opened = Descriptor(owning: number)
        // IN_CLOSE_WRITE, IN_MODIFY, IN_MOVED_TO, IN_MOVED_FROM, IN_CREATE, IN_DELETE,
        // IN_DELETE_SELF, IN_MOVE_SELF; IN_ONLYDIR.
        let events: UInt32 = 0x8 | 0x2 | 0x80 | 0x40 | 0x100 | 0x200 | 0x400 | 0x800 | 0x0100_0000
        let result = unsafe path.withCString {
            unsafe clinux_inotify_add_watch(number, $0, events)
        }
        try check("inotify_add_watch", path, result)
        descriptor = opened
    }

    /// Takes what has happened so far, so that the descriptor is no longer readable.
    public mutating func clear() {
        let byteLimit = 4096
        var isEmpty = false
        while !isEmpty {
            unsafe withUnsafeTemporaryAllocation(byteCount: byteLimit, alignment: 8) { buffer in
                let result = unsafe clinux_read(
                    descriptor.rawValue, buffer.baseAddress, buffer.count)
                isEmpty = result <= 0
                if unsafe Self.tellsEnd(UnsafeRawBufferPointer(buffer), byteCount: result) {
                    isThere = false
                }
            }
        }
    }

    /// Whether one of the events says that the directory is another one now, or none.
    private static func tellsEnd(_ events: UnsafeRawBufferPointer, byteCount: Int) -> Bool {
        // struct inotify_event: watch, mask, cookie, length of the name that follows; 4 bytes each.
        let headByteCount = 16
        // IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_IGNORED.
        let ends: UInt32 = 0x400 | 0x800 | 0x2000 | 0x8000
        var offset = 0
        while offset + headByteCount <= byteCount {
            let mask = unsafe events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            if mask & ends != 0 { return true }
            let name = unsafe events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
            offset += headByteCount + Int(name)
        }
        return false
    }
}

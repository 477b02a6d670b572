internal import CLinux
internal import Glibc

/// Becomes readable when something in a directory was written, made, renamed or removed.
///
/// `inotify(7)`. A directory, since a file that is replaced by another of its name would take a watch
/// of its own along.
public struct DirectoryWatch: ~Copyable, Sendable {
    /// What happened in the directory.
    public enum Change: Hashable, Sendable {
        /// A file of this name was written to or cut off, and more may follow.
        case written(name: String)
        /// Who had a file of this name open for writing has closed it.
        case finished(name: String)
        /// A file of this name came or went as a whole: made, linked, renamed or removed.
        case placed(name: String)
        /// More happened than the kernel kept.
        case lost
    }

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
    ///
    /// - Returns: The changes, in their order.
    public mutating func takeChanges() -> [Change] {
        let byteLimit = 4096
        var changes: [Change] = []
        var isEmpty = false
        while !isEmpty {
            unsafe withUnsafeTemporaryAllocation(byteCount: byteLimit, alignment: 8) { buffer in
                let result = unsafe clinux_read(
                    descriptor.rawValue, buffer.baseAddress, buffer.count)
                isEmpty = result <= 0
                guard result > 0 else { return }
                unsafe take(UnsafeRawBufferPointer(rebasing: buffer[..<result]), into: &changes)
            }
        }
        return changes
    }

    /// `struct inotify_event`: watch, mask, cookie, length of the name that follows; 4 bytes each.
    @unsafe
    private mutating func take(_ events: UnsafeRawBufferPointer, into changes: inout [Change]) {
        let headByteCount = 16
        var offset = 0
        while offset + headByteCount <= events.count {
            let mask = unsafe events.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = unsafe Int(
                events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            offset += headByteCount
            let name = unsafe String(
                decoding: events[offset..<offset + length].prefix { $0 != 0 }, as: UTF8.self)
            offset += length
            // IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT, IN_IGNORED.
            if mask & (0x400 | 0x800 | 0x2000 | 0x8000) != 0 { isThere = false }
            // IN_Q_OVERFLOW.
            if mask & 0x4000 != 0 { changes.append(.lost) }
            // IN_MODIFY, IN_CLOSE_WRITE; IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE.
            if mask & 0x2 != 0 { changes.append(.written(name: name)) }
            if mask & 0x8 != 0 { changes.append(.finished(name: name)) }
            if mask & 0x3C0 != 0 { changes.append(.placed(name: name)) }
        }
    }
}

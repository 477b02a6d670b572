internal import CLinux
internal import Glibc

/// Files of a few bytes: a number that somebody wrote, or what the kernel says in `/proc`.
public enum SmallFile {
    /// Reads a file's beginning; waits for its file system alone.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: Bytes to read at most.
    /// - Returns: The bytes; `nil` when it can't be opened or read.
    public static func read(_ path: String, limit: Int = 4096) -> [UInt8]? {
        let number = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let result = unsafe clinux_read(file.rawValue, buffer.baseAddress, buffer.count)
            failed = result < 0
            count = max(0, result)
        }
        return failed ? nil : bytes
    }

    /// Reads a file to its end, one of the kernel's that tells a part with each call among them.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: Bytes to read at most.
    /// - Returns: The bytes; `nil` when it can't be opened or read.
    public static func readWhole(_ path: String, limit: Int = 1 << 26) -> [UInt8]? {
        let number = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let file = Descriptor(owning: number)
        var bytes: [UInt8] = []
        var result = 1
        while result > 0, bytes.count < limit {
            bytes += unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                result = unsafe clinux_read(file.rawValue, buffer.baseAddress, buffer.count)
                count = max(0, result)
            }
        }
        return result < 0 ? nil : bytes
    }

    /// Whether a path is a symbolic link, wherever it leads.
    ///
    /// - Parameter path: The path.
    /// - Returns: False where nothing is.
    public static func isLink(_ path: String) -> Bool {
        var information = stat()
        return unsafe lstat(path, &information) == 0
            && information.st_mode & S_IFMT == S_IFLNK
    }

    /// Where a path leads, without symbolic links.
    ///
    /// `realpath(3)`.
    ///
    /// - Parameter path: The path.
    /// - Returns: The same place; `nil` where nothing is.
    public static func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Writes a file in one piece.
    ///
    /// - Parameters:
    ///   - text: What it holds afterwards.
    ///   - path: The file; made with mode 0644 if it is not there.
    /// - Throws: `SystemError`: no such directory, or no permission.
    public static func write(_ text: String, to path: String) throws(SystemError) {
        let number = unsafe Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: path)
        }
        let file = Descriptor(owning: number)
        let bytes = Array(text.utf8)
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe clinux_write(file.rawValue, buffer.baseAddress, buffer.count)
        }
        try check("write", path, result)
    }

    /// Puts a new file in the place of another, whole, or of nothing.
    ///
    /// Whoever reads sees the one or the other. A symbolic link at that place is replaced, not
    /// followed, so that a folder that everybody may write to does no harm.
    ///
    /// - Parameters:
    ///   - path: Its place; its owner alone may read it.
    ///   - bytes: What the file holds.
    /// - Throws: `SystemError`: no such directory, or no permission; nothing has changed then.
    public static func replace(_ path: String, with bytes: [UInt8]) throws(SystemError) {
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        let draft = "\(path).\(suffix)"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe Glibc.open(draft, flags, 0o600)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: path)
        }
        let file = Descriptor(owning: number)
        do throws(SystemError) {
            var rest = bytes[...]
            while !rest.isEmpty {
                let result = unsafe rest.withUnsafeBytes { buffer in
                    unsafe clinux_write(file.rawValue, buffer.baseAddress, buffer.count)
                }
                rest = rest.dropFirst(try check("write", path, result))
            }
            guard unsafe rename(draft, path) == 0 else {
                throw SystemError(call: "rename", errno: Errno(rawValue: errno), subject: path)
            }
        } catch {
            _ = unsafe unlink(draft)
            throw error
        }
    }
}

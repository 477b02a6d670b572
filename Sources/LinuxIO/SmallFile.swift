internal import CLinux
internal import Glibc

/// Files of a few bytes: a number that somebody wrote, or what the kernel says in `/proc`.
public enum SmallFile {
    /// Reads a file's beginning; never waits.
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
}

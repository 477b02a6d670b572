internal import CLinux
internal import Glibc

/// A named pipe that lines are written to for whoever reads them.
///
/// `fifo(7)`. Never blocks: without a reader, lines stay in the pipe until it is full.
public struct NamedPipe: ~Copyable {
    /// Where it stands.
    public let path: String
    /// Whether it was not there before.
    public let isOwn: Bool
    private let descriptor: Descriptor

    /// Opens a pipe, and makes it first if nothing is there, for its owner alone.
    ///
    /// - Parameter path: Where it stands.
    /// - Throws: `SystemError`; `.fileExists` for what is no pipe.
    public init(path: String) throws(SystemError) {
        let made = unsafe mkfifo(path, 0o600)
        let code = errno
        guard made == 0 || code == EEXIST else {
            throw SystemError(call: "mkfifo", errno: Errno(rawValue: code), subject: path)
        }
        // Open for both, so that the pipe outlives its readers and needs none to be opened.
        let number = unsafe Glibc.open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: path)
        }
        let opened = Descriptor(owning: number)
        var status = stat()
        guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else {
            throw SystemError(call: "mkfifo", errno: .fileExists, subject: path)
        }
        descriptor = opened
        self.path = path
        isOwn = made == 0
    }

    /// Writes bytes all at once, or none of them.
    ///
    /// - Parameter bytes: At most 4096 (PIPE_BUF); the kernel does not split those.
    /// - Returns: What the kernel made of it; `.wouldBlock` while the pipe is full.
    public borrowing func write(_ bytes: [UInt8]) -> Transfer {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe clinux_write(descriptor.rawValue, buffer.baseAddress, buffer.count)
        }
        if result == -Int(EAGAIN) { return .wouldBlock }
        return result < 0 ? .failed(Errno(result: result)) : .moved(result)
    }

    /// Takes its name away, if it was made here.
    public borrowing func removeIfOwn() {
        guard isOwn else { return }
        _ = unsafe unlink(path)
    }
}

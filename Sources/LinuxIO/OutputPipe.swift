internal import CLinux
internal import Glibc

/// A pipe that takes what another process prints.
///
/// The end to read from never blocks; the other one does, since a program that finds its standard
/// output non-blocking loses what it prints. `pipe(7)`.
public struct OutputPipe: ~Copyable, Sendable {
    /// The end that this process reads from, non-blocking.
    public let readEnd: Descriptor
    /// The end to give to the other process, as its standard output for example.
    public let writeEnd: Descriptor

    /// Makes a pipe; both ends are close-on-exec.
    ///
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init() throws(SystemError) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutablePointer(to: &ends) { pair in
            // SAFETY: the kernel writes two ints; the tuple holds exactly two.
            unsafe pair.withMemoryRebound(to: Int32.self, capacity: 2) {
                unsafe clinux_pipe($0, O_CLOEXEC)
            }
        }
        try check("pipe2", nil, result)
        _ = clinux_fcntl(ends.0, F_SETFL, Int(O_NONBLOCK))
        readEnd = Descriptor(owning: ends.0)
        writeEnd = Descriptor(owning: ends.1)
    }

    /// Takes what is in the pipe now, without waiting.
    ///
    /// - Returns: The bytes, 4096 at most; empty when there are none.
    public borrowing func take() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            let result = unsafe clinux_read(readEnd.rawValue, buffer.baseAddress, buffer.count)
            count = max(0, result)
        }
    }
}

extension Descriptor {
    /// Opens the device that is always empty and swallows everything.
    ///
    /// - Returns: `/dev/null` for reading and writing, close-on-exec. `null(4)`.
    /// - Throws: `SystemError`, of a full descriptor table for example.
    public static func nullDevice() throws(SystemError) -> Descriptor {
        let number = unsafe Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else {
            throw SystemError(call: "open", errno: Errno(rawValue: errno), subject: "/dev/null")
        }
        return Descriptor(owning: number)
    }
}

public import CLinux
internal import Glibc

/// A pipe inside the kernel, with the count of the bytes that it holds.
///
/// The count belongs to the pipe, so that it cannot drift: bytes enter by ``fill(from:upTo:)`` or
/// ``write(_:count:)`` and leave by ``drain(to:)``. It may exceed the nominal capacity, since
/// segments of a socket move by reference. `pipe(7)`, `splice(2)`.
public struct KernelPipe: ~Copyable {
    /// The end that bytes leave from.
    public let readEnd: Int32
    /// The end that bytes enter at.
    public let writeEnd: Int32
    /// Nominal capacity in bytes, as the kernel granted it.
    public let capacity: Int
    @usableFromInline var heldByteCount = 0
    /// Bytes that entered and have not left.
    @inlinable public var pendingByteCount: Int { heldByteCount }

    /// Makes a pipe and asks for `capacity` bytes.
    ///
    /// The kernel may grant less to a user other than root (`fs.pipe-user-pages-soft`): compare
    /// ``capacity``.
    ///
    /// - Parameter capacity: Bytes, a power of two times the page size.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init(capacity: Int) throws(SystemError) {
        var ends: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutablePointer(to: &ends) { pair in
            // SAFETY: the kernel writes two ints; the tuple holds exactly two.
            unsafe pair.withMemoryRebound(to: Int32.self, capacity: 2) {
                unsafe clinux_pipe($0, O_NONBLOCK | O_CLOEXEC)
            }
        }
        try check("pipe2", nil, result)
        (readEnd, writeEnd) = ends
        _ = clinux_fcntl(readEnd, KernelPipe.setSize, capacity)
        self.capacity = max(0, clinux_fcntl(readEnd, KernelPipe.getSize, 0))
    }

    /// Moves bytes from a socket into the pipe without copying them.
    ///
    /// Fill only an empty pipe: then "would block" means that the socket is empty, not that the
    /// pipe is full.
    ///
    /// - Parameters:
    ///   - socket: Where bytes come from.
    ///   - byteCount: The most to move.
    /// - Returns: The bytes moved; 0 at the end of the stream.
    @inlinable
    public mutating func fill(from socket: Int32, upTo byteCount: Int) -> Transfer {
        let result = clinux_splice(socket, writeEnd, byteCount, moveWithoutBlocking)
        if result > 0 { heldByteCount += result }
        return Transfer(result: result)
    }

    /// Moves bytes from the pipe into a socket without copying them.
    ///
    /// - Parameter socket: Where they go. A socket that is shut raises `SIGPIPE`: block it.
    /// - Returns: The bytes moved.
    @inlinable
    public mutating func drain(to socket: Int32) -> Transfer {
        let result = clinux_splice(readEnd, socket, pendingByteCount, moveWithoutBlocking)
        if result > 0 { heldByteCount -= result }
        return Transfer(result: result)
    }

    /// Copies bytes into the pipe.
    ///
    /// - Parameters:
    ///   - bytes: Where they are.
    ///   - count: How many.
    /// - Returns: The bytes taken.
    @unsafe @inlinable
    public mutating func write(_ bytes: UnsafeRawPointer, count: Int) -> Transfer {
        let result = unsafe clinux_write(writeEnd, bytes, count)
        if result > 0 { heldByteCount += result }
        return Transfer(result: result)
    }

    deinit {
        _ = clinux_close(readEnd)
        _ = clinux_close(writeEnd)
    }

    private static let setSize: Int32 = 1031  // F_SETPIPE_SZ of fcntl(2)
    private static let getSize: Int32 = 1032  // F_GETPIPE_SZ
}

/// SPLICE_F_MOVE and SPLICE_F_NONBLOCK of `splice(2)`, not SPLICE_F_MORE: it holds the last bytes
/// of a burst back for up to 200 ms.
@inlinable var moveWithoutBlocking: UInt32 { 3 }

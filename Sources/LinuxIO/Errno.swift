internal import Glibc

/// An error number of the kernel.
///
/// `errno(3)`.
public struct Errno: RawRepresentable, Error, Hashable, Sendable {
    /// The number, above 0.
    public let rawValue: Int32

    /// Wraps an error number, above 0.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Takes the error out of the negative result of a system call.
    @inlinable
    public init(result: Int) { rawValue = Int32(truncatingIfNeeded: -result) }
}

extension Errno: CustomStringConvertible {
    /// The system's own words and the number, for example `Permission denied (errno 13)`.
    public var description: String {
        // SAFETY: strerror_r (GNU form through strerrordesc_np) returns a constant string or nil.
        guard let text = unsafe strerror(rawValue) else { return "errno \(rawValue)" }
        return unsafe "\(String(cString: text)) (errno \(rawValue))"
    }
}

extension Errno {
    /// Nothing to do now, try when the descriptor is ready (`EAGAIN`).
    public static let wouldBlock = Errno(rawValue: EAGAIN)
    /// The operation was begun and goes on (`EINPROGRESS`).
    public static let inProgress = Errno(rawValue: EINPROGRESS)
    /// The caller may not do this (`EPERM`).
    public static let notPermitted = Errno(rawValue: EPERM)
    /// Access was refused (`EACCES`).
    public static let accessDenied = Errno(rawValue: EACCES)
    /// Nothing of that name exists (`ENOENT`).
    public static let noSuchFile = Errno(rawValue: ENOENT)
    /// No such process (`ESRCH`).
    public static let noSuchProcess = Errno(rawValue: ESRCH)
    /// It exists already (`EEXIST`).
    public static let fileExists = Errno(rawValue: EEXIST)
    /// The peer reset the connection (`ECONNRESET`).
    public static let connectionReset = Errno(rawValue: ECONNRESET)
    /// The peer refused the connection (`ECONNREFUSED`).
    public static let connectionRefused = Errno(rawValue: ECONNREFUSED)
    /// The peer did not answer in time (`ETIMEDOUT`).
    public static let timedOut = Errno(rawValue: ETIMEDOUT)
    /// The other end is closed (`EPIPE`).
    public static let brokenPipe = Errno(rawValue: EPIPE)
    /// The address is in use (`EADDRINUSE`).
    public static let addressInUse = Errno(rawValue: EADDRINUSE)
    /// The address does not exist here, or no port is free (`EADDRNOTAVAIL`).
    public static let addressNotAvailable = Errno(rawValue: EADDRNOTAVAIL)
    /// The process has no descriptor left (`EMFILE`).
    public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
    /// The system has no descriptor left (`ENFILE`).
    public static let tooManyOpenFilesInSystem = Errno(rawValue: ENFILE)
    /// No such device (`ENODEV`).
    public static let noSuchDevice = Errno(rawValue: ENODEV)
    /// The interface is down (`ENETDOWN`).
    public static let networkDown = Errno(rawValue: ENETDOWN)
    /// An argument was wrong (`EINVAL`).
    public static let invalidArgument = Errno(rawValue: EINVAL)
    /// This kernel does not have the call (`ENOSYS`).
    public static let notImplemented = Errno(rawValue: ENOSYS)
    /// Not supported here (`EOPNOTSUPP`).
    public static let notSupported = Errno(rawValue: EOPNOTSUPP)
    /// Out of memory (`ENOMEM`).
    public static let outOfMemory = Errno(rawValue: ENOMEM)
    /// Out of memory or buffers (`ENOBUFS`).
    public static let noBufferSpace = Errno(rawValue: ENOBUFS)
    /// No way leads to the host (`EHOSTUNREACH`).
    public static let hostUnreachable = Errno(rawValue: EHOSTUNREACH)
    /// No way leads to the network (`ENETUNREACH`).
    public static let networkUnreachable = Errno(rawValue: ENETUNREACH)
    /// The host does not answer (`EHOSTDOWN`).
    public static let hostDown = Errno(rawValue: EHOSTDOWN)

    /// Whether descriptors or memory ran out, so that the same call may succeed later.
    public var isShortage: Bool {
        switch self {
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .outOfMemory: true
        default: false
        }
    }
}

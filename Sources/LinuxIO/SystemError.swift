/// A system call that failed, and what it was asked to work on.
///
/// Prints as `bind 172.17.0.5:80: Address already in use (errno 98)`.
public struct SystemError: Error, Hashable, Sendable {
    /// The name of the call, `bind` for example.
    public let call: String
    /// Why it failed.
    public let errno: Errno
    /// What it was to work on: an address, an interface, a path.
    public let subject: String?

    /// Makes an error of `call` on `subject`.
    public init(call: String, errno: Errno, subject: String? = nil) {
        self.call = call
        self.errno = errno
        self.subject = subject
    }
}

extension SystemError: CustomStringConvertible {
    /// The call, its subject and the reason.
    public var description: String {
        guard let subject else { return "\(call): \(errno)" }
        return "\(call) \(subject): \(errno)"
    }
}

/// Returns the result of a system call, or throws its error.
///
/// - Parameters:
///   - call: The name of the call, for the error.
///   - subject: What it works on, for the error.
///   - result: The kernel's result, a negative error number on failure.
/// - Returns: The result, 0 or above.
/// - Throws: `SystemError` when the result is negative.
@discardableResult
public func check(
    _ call: String, _ subject: @autoclosure () -> String? = nil, _ result: Int
)
    throws(SystemError) -> Int
{
    guard result < 0 else { return result }
    throw SystemError(call: call, errno: Errno(result: result), subject: subject())
}

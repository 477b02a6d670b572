internal import CNetlink
public import LinuxIO

/// A request to the kernel about its network that failed.
///
/// Prints as `add 10.0.0.5/24 on interface 7: No such device (errno 19): ipv4: Device not found`.
public struct NetlinkError: Error, Hashable, Sendable {
    /// Why a request failed.
    public enum Reason: Hashable, Sendable {
        /// The kernel refused, with its own words where it gives any.
        case refused(Errno, explanation: String?)
        /// The kernel did not answer within the time that the socket waits.
        case unanswered
        /// The kernel dropped messages, because the socket's buffer was full.
        case overrun
        /// What was listed kept changing while it was listed.
        case inconsistent
        /// libnl failed by itself: its error number, above 0 (`netlink/errno.h`).
        case library(Int32)
    }

    /// What was to be done, `add` for example.
    public let operation: String
    /// What it was to be done to: an address, an interface.
    public let subject: String?
    /// Why it failed.
    public let reason: Reason

    /// Makes an error of `operation` on `subject`.
    public init(_ operation: String, _ subject: String? = nil, _ reason: Reason) {
        self.operation = operation
        self.subject = subject
        self.reason = reason
    }

    init(_ error: SystemError) {
        self.init(error.call, error.subject, .refused(error.errno, explanation: nil))
    }
}

extension NetlinkError: CustomStringConvertible {
    /// The operation, its subject and the reason.
    public var description: String {
        let prefix = subject.map { "\(operation) \($0)" } ?? operation
        return "\(prefix): \(reason)"
    }
}

extension NetlinkError.Reason: CustomStringConvertible {
    /// The kernel's words, or libnl's.
    public var description: String {
        switch self {
        case .refused(let errno, nil): return "\(errno)"
        case .refused(let errno, let explanation?): return "\(errno): \(explanation)"
        case .unanswered: return "the kernel did not answer in time"
        case .overrun: return "the kernel dropped messages, the socket's buffer was full"
        case .inconsistent: return "it changed each time while it was listed"
        case .library(let code):
            // SAFETY: nl_geterror returns a constant string for every number.
            guard let text = unsafe nl_geterror(code) else { return "libnl error \(code)" }
            return unsafe "\(String(cString: text)) (libnl error \(code))"
        }
    }
}

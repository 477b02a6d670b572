public import LinuxIO

/// Why packets to addresses are not dropped, or still are.
public enum AddressFilterError: Error, Hashable, Sendable {
    /// `nft` could not be started: not installed, for example.
    case notStarted(SystemError)
    /// `nft` refused, in its own words; nothing was changed.
    case refused(String)
    /// `nft` did not end in time, and was killed; whether something was changed is not known.
    case timedOut
}

extension AddressFilterError: CustomStringConvertible {
    /// What failed, and why.
    public var description: String {
        switch self {
        case .notStarted(let error): "nft can't be started: \(error)"
        case .refused(let words): "nft refused the table: \(words)"
        case .timedOut: "nft did not end in time"
        }
    }
}

public import LinuxIO
public import Netlink

/// The system refused something, by a call or through netlink.
public enum HostError: Error, Hashable, Sendable {
    /// A system call failed.
    case system(SystemError)
    /// A request about links or addresses failed.
    case netlink(NetlinkError)

    /// Whether it is for want of a privilege (CAP_NET_ADMIN, CAP_NET_RAW).
    public var isPermission: Bool {
        let errno: Errno? =
            switch self {
            case .system(let error): error.errno
            case .netlink(let error):
                if case .refused(let errno, _) = error.reason { errno } else { nil }
            }
        return errno == .notPermitted || errno == .accessDenied
    }
}

extension HostError: CustomStringConvertible {
    /// What was to be done, to what, and why it failed.
    public var description: String {
        switch self {
        case .system(let error): error.description
        case .netlink(let error): error.description
        }
    }
}

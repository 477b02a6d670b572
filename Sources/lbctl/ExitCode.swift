#if Program
internal import Control
internal import Failover
internal import LinuxIO

/// Why the program ended without doing what it was asked, and the status that says so.
struct Failure: Error {
    /// The exit statuses of every command.
    enum Status: Int32 {
        case notSo = 1
        case badInput = 2
        case notPermitted = 3
        case notRunning = 4
        case systemRefused = 5
        case internalError = 70
    }

    let status: Status
    let message: String

    init(_ status: Status, _ message: String) {
        self.status = status
        self.message = message
    }

    /// What the system refused, told apart from what the caller may not do.
    init(_ error: SystemError, hint: String = "") {
        let denied = error.errno == .notPermitted || error.errno == .accessDenied
        status = denied ? .notPermitted : .systemRefused
        message = error.description + (hint.isEmpty ? "" : "; " + hint)
    }

    /// What any error says.
    static func message(of error: any Error) -> String {
        (error as? Failure)?.message ?? "\(error)"
    }
}

extension Failure {
    /// Why the election cannot begin.
    init(_ error: FailoverError) {
        switch error {
        case .system(let cause):
            guard cause.isPermission else {
                self.init(.systemRefused, error.description)
                return
            }
            self.init(
                .notPermitted,
                error.description + "; virtual routers want root, or CAP_NET_ADMIN and CAP_NET_RAW")
        case .alreadyRunning:
            self.init(.systemRefused, error.description)
        case .duplicateName, .duplicateVRID, .addressCount, .unknownScript, .unknownTracker,
            .prefixLength, .mixedFamilies, .authenticationUnavailable, .emptyCommand, .interval,
            .emptyGroup, .unknownMember, .sharedMember, .announcementCount:
            self.init(.badInput, error.description)
        }
    }
}

extension ControlFailure {
    init(_ failure: Failure) {
        self.init(message: failure.message, exitCode: Int(failure.status.rawValue))
    }
}
#endif

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
}

/// A file that somebody writes a number to (`track_file`).
public struct TrackedFileSettings: Hashable, Sendable {
    /// The name that ``TrackedName`` refers to.
    public var name: String
    /// The file, an absolute path.
    public var path: String
    /// What the file holds at the start if it is not there; `nil`: it is not made.
    public var initialNumber: Int?
    /// Whether ``initialNumber`` is also written to a file that is there.
    public var overwrites = false

    /// Makes a file that is not written to.
    ///
    /// - Parameters:
    ///   - name: The name that ``TrackedName`` refers to.
    ///   - path: The file, an absolute path.
    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

/// A program of which some number must run (`vrrp_track_process`).
public struct TrackedProcessSettings: Hashable, Sendable {
    /// The name that ``TrackedName`` refers to.
    public var name: String
    /// The program and, if they matter, its arguments; at least one.
    public var command: [String]
    /// How arguments are compared.
    public enum ArgumentMatch: Hashable, Sendable {
        /// All are the same; a program without arguments has any.
        case all
        /// The first ones are the same.
        case initial
        /// The first ones are the same, the last of them as far as it is written.
        case partial
    }
    /// How the arguments of a process are compared with the command's.
    public var argumentMatch = ArgumentMatch.all
    /// Whether the program must have been started by the very path.
    public var matchesWholePath = false
    /// How many must run at least.
    public var quorum = 1
    /// How many may run at most; `nil`: any number.
    public var quorumLimit: Int?
    /// How long enough must run before they count (`fork_delay`).
    public var gainDelay = Duration.zero
    /// How long enough may be missing before that counts (`terminate_delay`).
    public var lossDelay = Duration.zero

    /// Makes a program of which one must run.
    ///
    /// - Parameters:
    ///   - name: The name that ``TrackedName`` refers to.
    ///   - command: The program and, if they matter, its arguments.
    public init(name: String, command: [String]) {
        self.name = name
        self.command = command
    }
}

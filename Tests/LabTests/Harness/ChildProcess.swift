import Glibc

/// A program that a test started, with its output in a file; never left behind.
///
/// The output goes to a file instead of a pipe: a daemon that keeps a descriptor open can't hold
/// up who reads.
final class ChildProcess {
    /// How a program ended.
    enum Exit: Equatable {
        case status(Int32)
        case signal(Int32)
    }

    let pid: pid_t
    private let command: String
    private var exit: Exit?

    /// Starts `command`, looked up in PATH, with both outputs appended to the file at `outputPath`.
    init(_ command: [String], outputPath: String) throws(LabError) {
        self.command = command.joined(separator: " ")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, 1, outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // What the test process has open is none of the program's business.
        for descriptor: Int32 in 3..<256 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // Signals that the test runner blocks would stay blocked in the program.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, environ)
        guard result == 0 else {
            throw LabError("\(self.command): \(String(cString: strerror(result)))")
        }
        self.pid = pid
    }

    deinit {
        guard poll() == nil else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// How the program ended, or `nil` while it runs.
    func poll() -> Exit? {
        if exit == nil {
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid {
                let signal = status & 0x7f
                exit = signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
            }
        }
        return exit
    }

    /// Waits for the end of the program; it counts as a failure when it takes longer than `limit`.
    func wait(within limit: Duration) throws(LabError) -> Exit {
        try eventually(within: limit, every: .milliseconds(2), "\(command) ends") { poll() }
    }
}

internal import CLinux
internal import Glibc

/// A process that this one started, and a descriptor that becomes readable when it ends.
///
/// `posix_spawn(3)`, `pidfd_open(2)`. The process gets the descriptors that it is given and no
/// other, no blocked signal, default handlers, and a process group of its own.
///
/// Where this process ignores SIGCHLD, which it may have inherited, the kernel forgets how others
/// ended: starting one gives the signal its default action back, which is to do nothing too.
public struct ChildProcess: ~Copyable, Sendable {
    /// How a process ended.
    public enum Ending: Hashable, Sendable {
        /// It returned a status, 0 to 255.
        case exited(status: Int32)
        /// A signal ended it.
        case signalled(Int32)
    }

    /// The process's number; its group has the same.
    public let processID: Int32
    /// Readable once the process has ended.
    public let pidfd: Descriptor

    /// Starts a program; the calling thread waits until it has been found and read.
    ///
    /// - Parameters:
    ///   - path: The program; searched in `PATH` when it holds no slash.
    ///   - arguments: Its arguments, the first by custom its name.
    ///   - environment: `NAME=VALUE` each; `nil`: this process's own.
    ///   - descriptors: Which descriptors it gets, by the number that each has there. 0, 1 and 2
    ///     are this process's own unless named here; everything else is closed.
    /// - Throws: `SystemError` that names the program: not found, or not executable.
    public init(
        path: String, arguments: [String], environment: [String]? = nil,
        descriptors: [(number: Int32, source: Int32)] = []
    ) throws(SystemError) {
        keepEndings()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        let copies = try unsafe Self.arrange(descriptors, in: &actions, for: path)
        defer { copies.forEach { _ = clinux_close($0) } }

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var child: pid_t = 0
        let code = unsafe withCStrings(arguments) { argv in
            guard let environment else {
                return unsafe posix_spawnp(&child, path, &actions, &attributes, argv, environ)
            }
            return unsafe withCStrings(environment) { envp in
                unsafe posix_spawnp(&child, path, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else {
            throw SystemError(call: "exec", errno: Errno(rawValue: code), subject: path)
        }
        // The process is ours and not yet reaped, so its number cannot have been reused.
        let result = clinux_pidfd_open(child)
        if result < 0 {
            _ = kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        let number = Int32(try check("pidfd_open", path, result))
        processID = child
        pidfd = Descriptor(owning: number)
    }

    /// How the process ended, or `nil` while it runs.
    ///
    /// Ask until it answers, once: the kernel forgets the process with the answer. Where another
    /// part of this program took the answer (`wait(2)` for any process), it counts as status 255:
    /// whoever asks again when ``pidfd`` is readable would otherwise ask for ever.
    public borrowing func reap() -> Ending? {
        var status: Int32 = 0
        switch unsafe waitpid(processID, &status, WNOHANG) {
        case processID: break
        case -1 where errno == ECHILD: return .exited(status: 255)
        default: return nil
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited(status: status >> 8 & 0xff) : .signalled(signal)
    }

    /// Ends the process at once and waits until it is gone, for callers that cannot watch it.
    public borrowing func end() {
        _ = kill(processID, SIGKILL)
        var status: Int32 = 0
        while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
    }

    /// Sends a signal to the process and all that it started in its group.
    ///
    /// - Parameter number: `SIGTERM` for example.
    public borrowing func signalGroup(_ number: Int32) { _ = kill(-processID, number) }

    /// Sends a signal to the process alone.
    ///
    /// - Parameter number: `SIGTERM` for example.
    public borrowing func signal(_ number: Int32) { _ = kill(processID, number) }

    /// Gives each descriptor its number, and closes all others.
    ///
    /// - Returns: Copies that are to be closed once the process runs.
    private static func arrange(
        _ descriptors: [(number: Int32, source: Int32)],
        in actions: inout posix_spawn_file_actions_t, for path: String
    ) throws(SystemError) -> [Int32] {
        let firstClosed = max(3, (descriptors.map { $0.number + 1 }.max() ?? 3))
        let given = Set(descriptors.map(\.number))
        let duplicateCloseOnExec: Int32 = 1030  // F_DUPFD_CLOEXEC of fcntl(2)
        var copies: [Int32] = []
        for (number, source) in descriptors {
            var source = source
            // A number that is given away may be the source of a later one: take that from a copy.
            if source != number, given.contains(source) {
                let copy = clinux_fcntl(source, duplicateCloseOnExec, Int(firstClosed))
                guard copy >= 0 else {
                    copies.forEach { _ = clinux_close($0) }
                    throw SystemError(call: "dup", errno: Errno(result: copy), subject: path)
                }
                source = Int32(copy)
                copies.append(source)
            }
            unsafe posix_spawn_file_actions_adddup2(&actions, source, number)
        }
        for number in 3..<firstClosed where !given.contains(number) {
            unsafe posix_spawn_file_actions_addclose(&actions, number)
        }
        unsafe clinux_spawn_close_from(&actions, firstClosed)
        return copies
    }
}

/// Makes the kernel keep how a process ended until it is asked.
private func keepEndings() {
    var action = sigaction()
    guard unsafe sigaction(SIGCHLD, nil, &action) == 0 else { return }
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    let ignore = 1  // SIG_IGN
    guard handler == ignore || action.sa_flags & SA_NOCLDWAIT != 0 else { return }
    if handler == ignore { unsafe action.__sigaction_handler.sa_handler = SIG_DFL }
    action.sa_flags &= ~SA_NOCLDWAIT
    _ = unsafe sigaction(SIGCHLD, &action, nil)
}

@unsafe
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { buffer in
        // SAFETY: the array ends with nil, so it is never empty and has an address.
        guard let base = buffer.baseAddress else { preconditionFailure("no terminator") }
        return unsafe body(base)
    }
}

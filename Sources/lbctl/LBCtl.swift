#if Program
internal import ArgumentParser
@preconcurrency internal import Glibc
internal import LinuxIO

/// The command line: one verb, and the exit status that every verb shares.
@main
struct LBCtl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lbctl",
        abstract:
            "Two hosts share an address and balance TCP connections to the servers behind it.",
        discussion: """
            Exit status: 0 ok, 1 the thing asked about is not so, 2 bad usage or configuration, \
            3 no permission, 4 no running program to talk to, 5 the system refused, 70 internal.
            """,
        version: Version.current,
        subcommands: [
            RunCommand.self, CheckCommand.self, ConvertCommand.self, DoctorCommand.self,
            StatusCommand.self, TopCommand.self, ServerCommand.self, SessionCommand.self,
            TableCommand.self, VRRPCommand.self, ReloadCommand.self, MonitorCommand.self,
            DecodeCommand.self,
            ManualCommand.self, BalancerCommand.self, GuardCommand.self, MailCommand.self,
        ])

    static func main() {
        do {
            try carryOut()
            try finishOutput()
        } catch let failure as Failure {
            complain(failure.message)
            Glibc.exit(failure.status.rawValue)
        } catch {
            let status = exitCode(for: error)
            // The parser's own 64 (EX_USAGE) is 2 here, as every other bad input.
            guard status != .validationFailure else {
                complain(fullMessage(for: error), prefixed: false)
                Glibc.exit(Failure.Status.badInput.rawValue)
            }
            exit(withError: error)
        }
    }

    /// Does what the arguments say; help and the version are printed as all else is, and have to fit too.
    private static func carryOut() throws {
        do {
            try checkWords(CommandLine.arguments.dropFirst())
            var command = try parseAsRoot()
            try command.run()
        } catch let error where exitCode(for: error).isSuccess {
            let text = fullMessage(for: error)
            if !text.isEmpty { print(text) }
        }
    }

    /// Has what was printed reach its file as a whole, or says that it did not.
    ///
    /// - Throws: `Failure`; without words where the reader has gone, who wants to hear no more.
    private static func finishOutput() throws(Failure) {
        let isFlushed = fflush(stdout) == 0
        let number = errno
        guard !isFlushed || ferror(stdout) != 0 else { return }
        var output = pollfd(fd: 1, events: 0, revents: 0)
        if poll(&output, 1, 0) == 1, output.revents & Int16(POLLERR | POLLHUP) != 0 {
            throw Failure(.systemRefused, "")
        }
        // What failed before the end has left no number.
        guard !isFlushed else {
            throw Failure(.systemRefused, "standard output: not all could be written")
        }
        throw Failure(
            SystemError(
                call: "write", errno: Errno(rawValue: number), subject: "standard output"))
    }

    private static func complain(_ message: String, prefixed: Bool = true) {
        guard !message.isEmpty else { return }
        StandardError.write(prefixed ? "lbctl: \(message)\n" : "\(message)\n")
    }
}
#else
/// Stands where the program would: its parts are there, its dependencies are not.
@main
enum LBCtl {
    static func main() { print("lbctl was built without the trait Program") }
}
#endif

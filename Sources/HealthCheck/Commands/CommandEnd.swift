#if Probes
import Subprocess
import SystemPackage

/// How one run of a command ended.
enum CommandEnd: Hashable, Sendable {
    case exited(status: Int)
    case signalled(number: Int)
    /// It is no program, or may not be run.
    case notStarted(reason: String)
    /// This host has no room for one more process or descriptor, which says nothing about who would
    /// have been asked.
    case noRoom(reason: String)

    /// Starts a command and waits for its end; its output is not read.
    typealias Start =
        @Sendable (_ path: String, _ arguments: [String], _ environment: [String: String]) async ->
        CommandEnd

    /// Starts a command in a process group of its own, which is killed as a whole when the task is
    /// cancelled.
    ///
    /// What gave itself another group, and what goes on after the command has ended, is left alone.
    static let start: Start = { path, arguments, environment in
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            variables[Environment.Key(stringLiteral: name)] = value
        }
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(
                signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
        ]
        do {
            let result = try await Subprocess.run(
                .path(FilePath(path)), arguments: Arguments(arguments),
                environment: .custom(variables), platformOptions: options,
                output: .discarded, error: .discarded)
            switch result.terminationStatus {
            case .exited(let status): return .exited(status: Int(status))
            case .signaled(let number): return .signalled(number: Int(number))
            }
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return .notStarted(reason: "no such program, or it may not be run")
        } catch {
            let number = (error as? SubprocessError)?.underlyingError ?? error as? Errno
            return CommandEnd(startFailedWith: number?.rawValue, "\(error)")
        }
    }

    /// What an error at the start says: the system's number for it, or else words.
    init(startFailedWith number: CInt?, _ words: String) {
        let error = number.map(Errno.init(rawValue:))
        let reason = error?.description ?? words
        switch error {
        case .resourceTemporarilyUnavailable?, .noMemory?, .tooManyOpenFiles?,
            .tooManyOpenFilesInSystem?:
            self = .noRoom(reason: reason)
        default: self = .notStarted(reason: reason)
        }
    }
}
#endif

#if Program
import Subprocess
import SystemPackage

/// One run of a program that is told something and not asked.
public struct CommandRun: Sendable {
    private let words: [String]
    private let environment: [String: String]

    /// Makes a run that has not begun.
    ///
    /// - Parameters:
    ///   - words: The program's path and its arguments.
    ///   - environment: Variables for it; PATH is added where it is missing.
    public init(_ words: [String], environment: [String: String] = [:]) {
        self.words = words
        self.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            .merging(environment) { $1 }
    }

    /// Runs the program to its end.
    ///
    /// - Parameter limit: How long it may run; then it is killed with all that it started.
    /// - Returns: What went wrong; `nil` where it ended with status 0.
    public func complaint(within limit: Duration) async -> String? {
        guard let path = words.first else { return "no program is named" }
        let run = Task { await Self.status(of: path, Array(words.dropFirst()), environment) }
        let timer = Task {
            try await Task.sleep(for: limit)
            run.cancel()
        }
        defer { timer.cancel() }
        return await run.value
    }

    private static func status(
        of path: String, _ arguments: [String], _ environment: [String: String]
    ) async -> String? {
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            variables[Environment.Key(stringLiteral: name)] = value
        }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(path)), arguments: Arguments(arguments),
                environment: .custom(variables), platformOptions: .killedAsAGroup,
                output: .discarded, error: .discarded)
            switch result.terminationStatus {
            case .exited(0): return nil
            case .exited(let code): return "exit status \(code)"
            case .signaled(let signal): return "ended by signal \(signal)"
            }
        } catch {
            return "could not be run: \(error)"
        }
    }
}

extension PlatformOptions {
    /// A program in a group of its own, which is killed as a whole when its task is cancelled.
    static var killedAsAGroup: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(
                signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
        ]
        return options
    }
}
#endif

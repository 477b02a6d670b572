#if Probes
/// One run of a program that is told something and not asked.
public struct CommandRun: Sendable {
    private let words: [String]
    private let environment: [String: String]
    /// Starts the program.
    var start = CommandEnd.start

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
    /// - Parameter limit: How long it may run; then it is killed with its process group, and not
    ///   waited for where that does not end it within a tenth of the limit.
    /// - Returns: What went wrong; `nil` where it ended with status 0.
    public func complaint(within limit: Duration) async -> String? {
        guard let path = words.first else { return "no program is named" }
        let (complaints, complaint) = AsyncStream.makeStream(of: String?.self)
        let run = Task {
            let end = await start(path, Array(words.dropFirst()), environment)
            complaint.yield(Self.complaint(about: end))
        }
        let timer = Task {
            try await Task.sleep(for: limit)
            run.cancel()
            try await Task.sleep(for: limit / 10)
            complaint.yield("was killed and does not end")
        }
        defer { timer.cancel() }
        for await first in complaints { return first }
        return nil
    }

    private static func complaint(about end: CommandEnd) -> String? {
        switch end {
        case .exited(status: 0): nil
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "ended by signal \(number)"
        case .notStarted(let reason), .noRoom(let reason): "could not be run: \(reason)"
        }
    }
}
#endif

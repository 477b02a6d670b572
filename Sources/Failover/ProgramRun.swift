internal import Glibc
internal import LinuxIO
internal import Reactor

/// One run of a program that somebody configured: started, watched, and ended in time.
///
/// At the time limit its process group gets SIGTERM, and SIGKILL two seconds later. The program
/// reads from `/dev/null`; what it prints is kept when asked for, otherwise thrown away, so that a
/// service that it leaves behind in the background does not lose its output's reader.
final class ProgramRun {
    /// What became of the run.
    enum Result: Hashable {
        case ended(ChildProcess.Ending)
        /// It was still running at its time limit, and was told to end.
        case timedOut
    }

    /// How much of what it printed is kept: the last bytes.
    static let outputByteLimit = 4096
    private static let killDelay = Duration.seconds(2)
    /// Reads of 4 KiB that empty a pipe of 64 KiB, the kernel's default.
    private static let readLimit = 16

    private let loop: EventLoop
    private let process: ChildProcess
    private let output: OutputPipe?
    private let outputNumber: Int32?
    private var printed: [UInt8] = []
    private var watches: [EventLoop.Watch] = []
    private var deadline: EventLoop.Deadline?
    private var onResult: ((Result, String) -> Void)?
    private var onEnd: (() -> Void)?

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program and its arguments, at least one.
    ///   - environment: `NAME=VALUE` each, beside this process's own.
    ///   - limit: How long it may take; `nil`: as long as it likes, until ``end(within:)``.
    ///   - keepsOutput: Whether `onResult` is given what it printed.
    ///   - loop: The loop that it is watched on.
    ///   - onResult: Called once: at its end, or at the time limit.
    ///   - onEnd: Called once, when the process is gone.
    /// - Throws: `SystemError` that names the program when it can't be started; nothing is called.
    init(
        arguments: [String], environment: [String] = [], limit: Duration?, keepsOutput: Bool,
        loop: EventLoop,
        onResult: @escaping (Result, String) -> Void, onEnd: @escaping () -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.onResult = onResult
        self.onEnd = onEnd
        let null = try Descriptor.nullDevice()
        let environment = ProcessEnvironment.current + environment
        if keepsOutput {
            let pipe = try OutputPipe()
            let sink = pipe.writeEnd.rawValue
            process = try ChildProcess(
                path: arguments[0], arguments: arguments, environment: environment,
                descriptors: [(0, null.rawValue), (1, sink), (2, sink)])
            outputNumber = pipe.readEnd.rawValue
            output = consume pipe
        } else {
            process = try ChildProcess(
                path: arguments[0], arguments: arguments, environment: environment,
                descriptors: [(0, null.rawValue), (1, null.rawValue), (2, null.rawValue)])
            outputNumber = nil
            output = nil
        }
        do throws(SystemError) {
            try beginWatching(limit: limit)
        } catch {
            process.signalGroup(SIGKILL)
            throw error
        }
    }

    private func beginWatching(limit: Duration?) throws(SystemError) {
        watches.append(
            try loop.watch(process.pidfd.rawValue, for: .readable) { _ in self.processEnded() })
        if let output = outputNumber {
            watches.append(try loop.watch(output, for: .readable) { _ in self.takeOutput() })
        }
        if let limit { end(within: limit) }
    }

    /// Gives a program that had no time limit one, from now on; one that has one keeps it.
    func end(within limit: Duration) {
        guard deadline == nil else { return }
        deadline = loop.schedule(after: limit) { self.timeLimitPassed() }
    }

    /// Tells the program to end; it has two seconds before it is killed.
    func terminate() {
        process.signalGroup(SIGTERM)
        setKillDeadline()
    }

    /// Ends the program at once.
    func kill() { process.signalGroup(SIGKILL) }

    private func timeLimitPassed() {
        takeOutput()
        report(.timedOut)
        terminate()
    }

    private func setKillDeadline() {
        if let deadline { loop.cancel(deadline) }
        deadline = loop.schedule(after: Self.killDelay) {
            self.kill()
            self.setKillDeadline()
        }
    }

    private func processEnded() {
        guard let ending = process.reap() else { return }
        takeOutput()
        watches.forEach(loop.unwatch)
        if let deadline { loop.cancel(deadline) }
        report(.ended(ending))
        let callback = onEnd
        onEnd = nil
        callback?()
    }

    private func report(_ result: Result) {
        let callback = onResult
        onResult = nil
        callback?(result, printedText)
    }

    private func takeOutput() {
        // A full pipe and no more: a program that prints without end must not keep the loop from
        // its other work.
        for _ in 0..<Self.readLimit {
            guard let bytes = output?.take(), !bytes.isEmpty else { return }
            printed += bytes
            if printed.count > Self.outputByteLimit {
                printed.removeFirst(printed.count - Self.outputByteLimit)
            }
        }
    }

    private var printedText: String { String(decoding: printed, as: UTF8.self) }
}

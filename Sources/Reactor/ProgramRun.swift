internal import Glibc
public import LinuxIO

/// One run of a program that somebody configured: started, watched, and ended in time.
///
/// It is started beside the loop (``EventLoop/aside(_:then:)``): whoever starts a program waits until the
/// kernel has found and read it, and its file system may hang. What is asked of it meanwhile is done once
/// it runs; its time limit counts from the beginning.
///
/// At the time limit its process group gets SIGTERM, and SIGKILL two seconds later. What it prints is
/// kept when asked for, otherwise thrown away, so that a service that it leaves behind in the background
/// does not lose its output's reader.
public final class ProgramRun {
    /// What became of the run.
    public enum Result: Hashable, Sendable {
        /// It could not be started.
        case notStarted(SystemError)
        /// It came to its end.
        case ended(ChildProcess.Ending)
        /// It was still running at its time limit, and was told to end.
        case timedOut
    }

    /// What is kept of what it prints.
    public enum Output: Sendable {
        /// Nothing; it prints to `/dev/null`.
        case none
        /// The first ``ProgramRun/outputByteLimit`` bytes.
        case first
        /// The last ``ProgramRun/outputByteLimit`` bytes.
        case last
    }

    /// How much of what it printed is kept.
    public static let outputByteLimit = 4096
    private static let killDelay = Duration.seconds(2)
    /// Reads of 4 KiB that empty a pipe of 64 KiB, the kernel's default.
    private static let readLimit = 16

    private let loop: EventLoop
    private let kept: Output
    /// `nil` until it has started.
    private var program: StartedProgram?
    /// The signal that it is to have as soon as it has started.
    private var owedSignal: Int32?
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
    ///   - input: What it reads as its standard input; `nil`: nothing, from `/dev/null`.
    ///   - limit: How long it may take; `nil`: as long as it likes, until ``end(within:)``.
    ///   - output: What is kept of what it prints, for `onResult`.
    ///   - loop: The loop that it is watched on.
    ///   - onResult: Called once, in a later turn: when it could not be started, at its end, or at the
    ///     time limit; with what it printed.
    ///   - onEnd: Called once, when the process is gone, or could not be started.
    public init(
        arguments: [String], environment: [String] = [], input: [UInt8]? = nil, limit: Duration?,
        keeping output: Output, loop: EventLoop,
        onResult: @escaping (Result, String) -> Void, onEnd: @escaping () -> Void
    ) {
        self.loop = loop
        self.onResult = onResult
        self.onEnd = onEnd
        kept = output
        if let limit { end(within: limit) }
        let environment = ProcessEnvironment.current + environment
        loop.aside {
            Swift.Result { () throws(SystemError) in
                try StartedProgram(
                    arguments, environment: environment, input: input, printsToPipe: output != .none
                )
            }
        } then: { result in
            self.hasStarted(result)
        }
    }

    private func hasStarted(_ result: Swift.Result<StartedProgram, SystemError>) {
        do throws(SystemError) {
            let program = try result.get()
            self.program = program
            if let owedSignal { signal(owedSignal) }
            watches.append(
                try loop.watch(program.process.pidfd.rawValue, for: .readable) { _ in
                    self.processEnded()
                })
            guard let output = program.outputNumber else { return }
            watches.append(try loop.watch(output, for: .readable) { _ in self.takeOutput() })
        } catch {
            kill()
            end(.notStarted(error))
        }
    }

    /// Gives a program that had no time limit one, from now on; one that has one keeps it.
    ///
    /// - Parameter limit: How long it may go on.
    public func end(within limit: Duration) {
        guard deadline == nil else { return }
        deadline = loop.schedule(after: limit) { self.timeLimitPassed() }
    }

    /// Tells the program to end; it has two seconds before it is killed.
    public func terminate() {
        signal(SIGTERM)
        setKillDeadline()
    }

    /// Ends the program at once.
    public func kill() { signal(SIGKILL) }

    private func signal(_ number: Int32) {
        owedSignal = number
        program?.process.signalGroup(number)
    }

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
        guard let ending = program?.process.reap() else { return }
        takeOutput()
        end(.ended(ending))
    }

    private func end(_ result: Result) {
        watches.forEach(loop.unwatch)
        if let deadline { loop.cancel(deadline) }
        report(result)
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
            guard let bytes = program?.output?.take(), !bytes.isEmpty else { return }
            printed += bytes
            let excess = printed.count - Self.outputByteLimit
            guard excess > 0 else { continue }
            if kept == .first { printed.removeLast(excess) } else { printed.removeFirst(excess) }
        }
    }

    private var printedText: String { String(decoding: printed, as: UTF8.self) }
}

/// A program that runs, with the pipe that it prints to.
private final class StartedProgram: Sendable {
    let process: ChildProcess
    let output: OutputPipe?
    let outputNumber: Int32?

    init(
        _ arguments: [String], environment: [String], input: [UInt8]?, printsToPipe: Bool
    ) throws(SystemError) {
        let null = try Descriptor.nullDevice()
        var (source, sink) = (null.rawValue, null.rawValue)
        let file: Descriptor?
        if let input {
            // Nothing to be filled while the program reads, as a pipe; no limit of length, as for an
            // argument (128 KiB).
            let made = try MemoryFile.holding(input, name: arguments[0])
            source = made.rawValue
            file = consume made
        } else {
            file = nil
        }
        if printsToPipe {
            let made = try OutputPipe()
            sink = made.writeEnd.rawValue
            outputNumber = made.readEnd.rawValue
            output = consume made
        } else {
            outputNumber = nil
            output = nil
        }
        process = try ChildProcess(
            path: arguments[0], arguments: arguments, environment: environment,
            descriptors: [(0, source), (1, sink), (2, sink)])
        _ = consume file
    }
}

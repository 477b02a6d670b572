internal import LinuxIO
internal import Reactor

/// A named pipe that each new state is written to as a line: keepalived's `notify_fifo`.
public struct NotificationFIFOSettings: Hashable, Sendable {
    /// Where it stands, an absolute path.
    public var path: String
    /// Whom it belongs to, `USER:` or `USER:GROUP`; `nil`: the user that the program runs as.
    public var owner: String?
    /// The program that reads it, to which the path is given as the last argument; `nil`: none.
    public var reader: [String]?

    /// Makes a pipe that the program's own user reads by other means.
    public init(path: String) { self.path = path }
}

extension NotificationFIFOSettings: Named {
    var name: String { path }
}

/// A named pipe, open for writing, and whoever reads it.
final class NotificationFIFO {
    let settings: NotificationFIFOSettings
    private(set) var writtenCount = 0
    /// Lines that found the pipe full, or no pipe.
    private(set) var lostCount = 0

    private let loop: EventLoop
    private let emit: (FailoverEvent) -> Void
    private let reader: PipeReader?
    private var ownership: ProgramRun?
    private var pipe: NamedPipe?
    private var hasFailed = false

    /// Opens the pipe, or makes it, and starts its reader.
    ///
    /// - Parameters:
    ///   - settings: What it is.
    ///   - loop: The loop that the reader is watched on.
    ///   - emit: Called when lines begin to be lost, and when the reader ends.
    init(
        _ settings: NotificationFIFOSettings, loop: EventLoop,
        emit: @escaping (FailoverEvent) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.emit = emit
        let path = settings.path
        reader = settings.reader.map { command in
            PipeReader(command: command + [path], loop: loop) { result, wait in
                emit(.pipeReaderEnded(path: path, result, again: wait))
            }
        }
        openIfClosed()
    }

    /// Writes one line; counts it as lost if that would block.
    func write(_ line: String) {
        openIfClosed()
        switch pipe?.write(Array(line.utf8)) {
        case .moved:
            writtenCount += 1
            hasFailed = false
        case .wouldBlock: lose(.wouldBlock)
        case .failed(let errno): lose(errno)
        case nil: lostCount += 1
        }
    }

    /// Takes the pipe's name away, if it was made here, and lets its reader end.
    func stop() {
        pipe?.removeIfOwn()
        pipe = nil
        reader?.stop()
    }

    /// Calls back once the reader is gone; at once if there is none.
    func whenReaderIsGone(_ action: @escaping () -> Void) {
        guard let reader else { return action() }
        reader.whenGone(action)
    }

    private func lose(_ errno: Errno) {
        lostCount += 1
        tell(SystemError(call: "write", errno: errno, subject: settings.path))
    }

    private func openIfClosed() {
        guard pipe == nil else { return }
        do throws(SystemError) {
            pipe = try NamedPipe(path: settings.path)
            giveToOwner()
        } catch { tell(error) }
    }

    /// Gives a pipe that was made here to its user, then starts the reader.
    ///
    /// The name is looked up by that process, since a directory service may hang.
    private func giveToOwner() {
        guard let owner = settings.owner, pipe?.isOwn == true else {
            reader?.start()
            return
        }
        let command = ["chown", "--no-dereference", "--", owner, settings.path]
        ownership = ProgramRun(
            arguments: command, limit: .seconds(10), keeping: .none, loop: loop,
            onResult: { [weak self] result, _ in
                guard let self, ScriptResult(result) != .exited(status: 0) else { return }
                emit(.pipeKept(path: settings.path, from: owner, ScriptResult(result)))
            },
            onEnd: { [weak self] in
                self?.ownership = nil
                self?.reader?.start()
            })
    }

    private func tell(_ error: SystemError) {
        guard !hasFailed else { return }
        hasFailed = true
        emit(.failed(.system(error)))
    }
}

extension Host {
    /// Writes to other named pipes from now on; those that stay are not opened anew.
    func writeStates(to pipes: [NotificationFIFOSettings]) {
        let known = fifos
        let kept = known.filter { pipes.contains($0.settings) }
        // Closed first: of one that is to have another reader, the name has to be free.
        for fifo in known where !pipes.contains(fifo.settings) { fifo.stop() }
        fifos = pipes.map { settings in
            kept.first { $0.settings == settings }
                ?? NotificationFIFO(settings, loop: loop, emit: emit)
        }
    }

    /// Writes a line to each named pipe.
    func write(_ line: String) { fifos.forEach { $0.write(line) } }
}

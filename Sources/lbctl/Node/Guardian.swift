#if Program
internal import Failover
internal import Glibc
internal import LinuxIO
internal import Reactor

/// What the guardian is told.
enum WillChange: Codable {
    /// To do this, and nothing else.
    case whole(LastWill)
    /// To say this for some of the virtual routers.
    case part(LastWill)
}

/// The process that outlives this one: it resigns for it if this one is killed or crashes.
///
/// It has the right to, which the balancer process may have given up, and does nothing else.
final class Guardian {
    private let loop: EventLoop
    private let log: Log
    private let arguments: [String]
    private var process: LinkedProcess?
    private var link: Link<Parcel<WillChange>, Parcel<WillChange>>?
    private var watch: EventLoop.Watch?
    private var startedAt = MonotonicInstant.now
    private var backOff = BackOff()
    private let will: () -> LastWill

    /// Starts the process.
    ///
    /// - Parameters:
    ///   - loop: The loop that it is watched on.
    ///   - log: Where its end is told.
    ///   - arguments: What it is started with beside its name.
    ///   - will: What one that is started is to do, in case.
    init(loop: EventLoop, log: Log, arguments: [String], will: @escaping () -> LastWill) {
        self.loop = loop
        self.log = log
        self.arguments = arguments
        self.will = will
        start()
    }

    /// Has it do this, from now on, in case.
    func remember(_ will: LastWill) { link?.send(.word(.whole(will))) }

    /// Has it say this for some of the virtual routers.
    func amend(by part: LastWill) {
        guard !part.isEmpty else { return }
        link?.send(.word(.part(part)))
    }

    /// Has it do nothing.
    func dismiss() { remember(LastWill()) }

    private func start() {
        startedAt = .now
        do throws(SystemError) {
            let (own, other) = try Socket.pair()
            let otherEnd = Descriptor(owning: other)
            let link = try Link<Parcel<WillChange>, Parcel<WillChange>>(owning: own, loop: loop)
            link.onTooLong = { [log] in
                log(
                    .warning,
                    "the guardian process does not know what is held now: \($0) bytes are too many for"
                        + " one message")
            }
            self.link = link
            link.send(.word(.whole(will())))
            LinkedProcess.start(
                [GuardCommand.name] + arguments + ["\(getpid())"],
                linkNumber: GuardCommand.linkDescriptor, end: otherEnd, on: loop
            ) { [weak self] in self?.hasStarted($0) }
        } catch { startAgain(without: error) }
    }

    private func hasStarted(_ result: Result<LinkedProcess, SystemError>) {
        do throws(SystemError) {
            let started = try result.get()
            watch = try loop.watch(started.process.pidfd.rawValue, for: .readable) {
                [weak self] _ in self?.reap()
            }
            process = started
        } catch {
            link = nil
            startAgain(without: error)
        }
    }

    private func startAgain(without error: SystemError) {
        log(.warning, "if this process is killed, nobody resigns for it: \(error)")
        startAgain()
    }

    private func reap() {
        guard let ending = process?.process.reap() else { return }
        if let watch { loop.unwatch(watch) }
        (watch, link) = (nil, nil)
        process = nil
        log(.warning, "the guardian process \(ending.words); another is started")
        startAgain()
    }

    private func startAgain() {
        backOff.processEnded(after: .now - startedAt)
        loop.schedule(after: backOff.nextDelay()) { [weak self] in self?.start() }
    }
}

extension ChildProcess.Ending {
    /// How a process ended, as a sentence goes on.
    var words: String {
        switch self {
        case .exited(let status): "exited with status \(status)"
        case .signalled(let number): "was ended by signal \(number)"
        }
    }
}
#endif

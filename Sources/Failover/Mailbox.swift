internal import LinuxIO
internal import Reactor

/// Mails that wait to be sent, one after the other, each by a process of its own.
///
/// A server that hangs, or a name that is looked up for a minute, delays the next mail and nothing else.
final class Mailbox {
    /// Beyond this many, the oldest are lost: nobody reads a thousand mails of a router that flaps.
    static let limit = 50
    static let timeLimit = Duration.seconds(300)

    /// Mails that were not sent.
    private(set) var lostCount = 0
    private let loop: EventLoop
    private let onFailure: (String) -> Void
    private var waiting: [[String]] = []
    private var run: ProgramRun?
    private var whenIdle: [() -> Void] = []

    /// Makes an empty box.
    ///
    /// - Parameters:
    ///   - loop: The loop that the processes are watched on.
    ///   - onFailure: Called with why a mail was not sent.
    init(loop: EventLoop, onFailure: @escaping (String) -> Void) {
        self.loop = loop
        self.onFailure = onFailure
    }

    /// Sends a mail once those before it are sent.
    ///
    /// - Parameter command: The program that sends it, with its arguments.
    func send(_ command: [String]) {
        if waiting.count >= Self.limit {
            waiting.removeFirst()
            lostCount += 1
        }
        waiting.append(command)
        startNext()
    }

    /// Sends nothing more; what is being sent may arrive.
    ///
    /// - Returns: How many mails waited, and are lost.
    func stop() -> Int {
        defer { (waiting, whenIdle) = ([], []) }
        lostCount += waiting.count
        return waiting.count
    }

    /// Calls back once, when all that there was to send is sent or lost; at once if nothing is.
    func whenIdle(_ action: @escaping () -> Void) {
        guard run != nil else { return action() }
        whenIdle.append(action)
    }

    private func startNext() {
        guard run == nil, !waiting.isEmpty else { return }
        run = ProgramRun(
            arguments: waiting.removeFirst(), limit: Self.timeLimit, keeping: .last, loop: loop,
            onResult: { [weak self] result, output in self?.finish(result, output) },
            onEnd: { [weak self] in self?.ended() })
    }

    private func ended() {
        run = nil
        startNext()
        guard run == nil else { return }
        let actions = whenIdle
        whenIdle = []
        actions.forEach { $0() }
    }

    private func finish(_ result: ProgramRun.Result, _ output: String) {
        switch result {
        case .ended(.exited(status: 0)): break
        case .notStarted(let error): lose("\(error)")
        case .timedOut: lose("not within \(Self.timeLimit)")
        case .ended:
            lose(output.split(separator: "\n").last.map(String.init) ?? "its program failed")
        }
    }

    private func lose(_ reason: String) {
        lostCount += 1
        onFailure(reason)
    }
}

extension Host {
    /// Tells people of a new state.
    func mail(_ notice: Notice, of subject: Notice.Subject) {
        guard let settings = mailSettings,
            let text = mailText(notice, of: subject, node: settings.nodeName),
            !(settings.omitsFaults && notice == .entered(.fault))
        else { return }
        mailbox.send(settings.program + [text.subject, text.body])
    }
}

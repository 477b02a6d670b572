internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// Tells programs and named pipes what becomes of one virtual router, or of one sync group.
final class StateNotifier {
    /// The programs, one after the other.
    let queue: NotificationQueue
    /// The number of the last state that was told of; 0: none yet.
    private(set) var lastEpoch: Int64 = 0

    /// Whose programs they are; a reload may bring another name.
    var name: String
    private let host: Host

    /// Makes one that has told nothing.
    ///
    /// - Parameters:
    ///   - host: Where what its programs do is told.
    ///   - name: Whose programs they are.
    ///   - failed: What is told of a program that could not be started, failed, or took too long.
    ///   - slow: What is told of one that has been running for a long time.
    init(
        host: Host, name: String,
        failed: @escaping (_ name: String, _ program: String, ScriptResult) -> FailoverEvent,
        slow: @escaping (_ name: String, _ program: String) -> FailoverEvent
    ) {
        self.host = host
        self.name = name
        queue = NotificationQueue(loop: host.loop)
        // The last programs outlive whoever started them.
        queue.onFailure = { [weak self] arguments, result in
            host.emit(failed(self?.name ?? name, arguments[0], result))
        }
        queue.onSlowness = { [weak self] arguments in
            host.emit(slow(self?.name ?? name, arguments[0]))
        }
    }

    /// Tells everybody of a new state, or of a loser of an election.
    ///
    /// - Parameters:
    ///   - notice: What there is to tell.
    ///   - subject: Of whom.
    ///   - programs: What to run.
    ///   - sendsMail: Whether people are told by mail too.
    func tell(
        _ notice: Notice, of subject: Notice.Subject, _ programs: NotificationPrograms,
        sendsMail: Bool
    ) {
        if sendsMail { host.mail(notice, of: subject) }
        guard notice.isForGenericProgram else {
            // No state: what waits to tell of one stays.
            if let program = notice.program(of: programs) { queue.tellAlso(program) }
            return host.write(notificationLine(notice, of: subject))
        }
        lastEpoch = host.epoch.next(realTime: RealTimeClock.microseconds)
        let arguments = notificationArguments(notice, of: subject)
        queue.tell(
            [notice.program(of: programs), programs.any.map { $0 + arguments }].compactMap(\.self),
            environment: [epochVariable(lastEpoch)])
        host.write(notificationLine(notice, of: subject))
    }

    /// Tells the named pipes alone.
    func write(_ notice: Notice, of subject: Notice.Subject) {
        host.write(notificationLine(notice, of: subject))
    }
}

/// What notification programs and named pipes are told.
enum Notice: Hashable {
    /// Of whom.
    enum Subject: Hashable {
        case router(name: String, Priority)
        case group(name: String)
    }

    /// Another state.
    case entered(RouterState)
    /// The configuration does not have it any more.
    case deleted
    /// It is Active, and heard an advertisement that loses against it.
    case heardInferior
    /// Its priority is another, while it stays what it is.
    case priorityChanged(isActive: Bool)

    /// Whether keepalived's generic `notify` is called for it.
    var isForGenericProgram: Bool {
        switch self {
        case .entered, .deleted: true
        case .heardInferior, .priorityChanged: false
        }
    }

    /// The program for just this.
    func program(of programs: NotificationPrograms) -> [String]? {
        switch self {
        case .entered(.active): programs.active
        case .entered(.backup): programs.backup
        case .entered(.fault): programs.fault
        case .entered(.stopped): programs.stop
        case .deleted: programs.deleted ?? programs.stop
        case .heardInferior: programs.heardInferior
        case .priorityChanged: nil
        }
    }
}

internal import LinuxIO
internal import Reactor

/// Counts the processes that run a program: keepalived's `vrrp_track_process`.
///
/// The end of one that was found is known at once, by a descriptor of it; where the kernel refuses
/// that, by the next look (``ProcessSurvey``), as are new ones and those that have become another program.
/// (keepalived follows the kernel's process connector, which containers and many kernels lack.)
final class ProcessTracker {
    /// A process that runs the program, and the watch for its end.
    private final class Found {
        let descriptor: Descriptor
        var watch: EventLoop.Watch?
        init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
    }

    /// How the ends of processes are noticed, by the last one that was found.
    private(set) var method = ProcessTrackingMethod.descriptors

    let settings: TrackedProcessSettings
    /// Whether as many run as should; `nil` before the first look.
    private(set) var hasQuorum: Bool?
    /// Processes that run the program now.
    var count: Int { found.count }

    private let loop: EventLoop
    private let descriptor: (Int32) throws(SystemError) -> Descriptor
    private let onChange: (ProcessTracker) -> Void
    /// The processes that run the program; `nil`: one without a descriptor.
    private var found: [Int32: Found?] = [:]
    private var delayed: EventLoop.Deadline?

    /// Makes a tracker that has found nothing yet.
    ///
    /// - Parameters:
    ///   - settings: Which program, and how many of it.
    ///   - loop: The loop that it is watched on.
    ///   - descriptor: Gives a descriptor that becomes readable when a process ends.
    ///   - onChange: Called when there is a quorum, or none any more.
    init(
        settings: TrackedProcessSettings, loop: EventLoop,
        descriptor: @escaping (Int32) throws(SystemError) -> Descriptor = ProcessTable.ending,
        onChange: @escaping (ProcessTracker) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.descriptor = descriptor
        self.onChange = onChange
    }

    /// Counts as another tracker's verdict, or as good, until the first look.
    ///
    /// - Parameter former: What was tracked under this name before, if anything.
    func assume(_ former: ProcessTracker?) { hasQuorum = former?.hasQuorum ?? true }

    /// Takes in which processes run the program.
    func take(_ present: Set<Int32>) {
        // Some have become another program, or ended without being told of.
        for processID in found.keys where !present.contains(processID) { forget(processID) }
        for processID in present where found[processID] == nil { follow(processID) }
        guard hasQuorum == nil else { return settle() }
        hasQuorum = isQuorate
    }

    /// Follows no process any more.
    func stop() {
        if let delayed { loop.cancel(delayed) }
        for process in found.values { process?.watch.map(loop.unwatch) }
        found = [:]
    }

    private var isQuorate: Bool {
        found.count >= settings.quorum && found.count <= settings.quorumLimit ?? .max
    }

    private func follow(_ processID: Int32) {
        do throws(SystemError) {
            let process = Found(try descriptor(processID))
            process.watch = try loop.watch(process.descriptor.rawValue, for: .readable) {
                [weak self] _ in
                self?.ended(processID)
            }
            method = .descriptors
            found[processID] = .some(process)
        } catch {
            // It has ended since it was listed.
            guard error.errno != .noSuchProcess else { return }
            // A filter of system calls, or no descriptor left: it is there all the same.
            method = .looking
            found[processID] = .some(nil)
        }
    }

    private func ended(_ processID: Int32) {
        forget(processID)
        settle()
    }

    private func forget(_ processID: Int32) {
        found.removeValue(forKey: processID)??.watch.map(loop.unwatch)
    }

    /// Tells of a change once it has lasted as long as it must.
    private func settle() {
        guard isQuorate != hasQuorum else {
            if let delayed { loop.cancel(delayed) }
            delayed = nil
            return
        }
        guard delayed == nil else { return }
        let wait = isQuorate ? settings.gainDelay : settings.lossDelay
        guard wait > .zero else { return adopt() }
        delayed = loop.schedule(after: wait) { [weak self] in self?.adopt() }
    }

    private func adopt() {
        delayed = nil
        guard isQuorate != hasQuorum else { return }
        hasQuorum = isQuorate
        onChange(self)
    }
}

/// Looks through `/proc` once a second, for all trackers of a node in one go.
///
/// Beside the loop: there may be very many processes, and to read the arguments of one waits for who
/// changes its memory.
final class ProcessSurvey {
    private let loop: EventLoop
    private var trackers: [ProcessTracker] = []
    private var nextLook: EventLoop.Deadline?
    private var isLooking = false
    private var isAskedAgain = false

    /// Makes one that looks for nothing.
    ///
    /// - Parameter loop: The loop that hears of it.
    init(loop: EventLoop) { self.loop = loop }

    /// Looks for these from now on, and for no others.
    ///
    /// - Parameters:
    ///   - trackers: Who is told what each look has found.
    ///   - waits: Whether the first look is over when this returns, for who holds nothing yet.
    func follow(_ trackers: [ProcessTracker], waits: Bool) {
        self.trackers = trackers
        guard waits else { return look() }
        tell(trackers.map(\.settings).running())
    }

    private func look() {
        if let nextLook { loop.cancel(nextLook) }
        nextLook = nil
        guard !isLooking else { return isAskedAgain = true }
        guard !trackers.isEmpty else { return }
        isLooking = true
        let programs = trackers.map(\.settings)
        loop.aside {
            programs.running()
        } then: { [weak self] found in
            self?.isLooking = false
            self?.tell(found)
        }
    }

    private func tell(_ found: [TrackedProcessSettings: Set<Int32>]) {
        for tracker in trackers { found[tracker.settings].map(tracker.take) }
        guard !isAskedAgain else {
            isAskedAgain = false
            return look()
        }
        nextLook = loop.schedule(after: Self.interval) { [weak self] in self?.look() }
    }

    private static let interval = Duration.seconds(1)
}

extension [TrackedProcessSettings] {
    /// The processes that run each of these programs.
    fileprivate func running() -> [TrackedProcessSettings: Set<Int32>] {
        guard !isEmpty else { return [:] }
        let programs = Dictionary(grouping: self, by: \.programName)
        var found = Dictionary(map { ($0, Set<Int32>()) }) { first, _ in first }
        for processID in ProcessTable.processIDs {
            guard let alike = ProcessTable.name(of: processID).flatMap({ programs[$0] }) else {
                continue
            }
            let arguments =
                alike.contains(where: \.looksAtArguments)
                ? ProcessTable.arguments(of: processID) : []
            for program in alike where !program.looksAtArguments || program.matches(arguments) {
                found[program]?.insert(processID)
            }
        }
        return found
    }
}

extension TrackedProcessSettings {
    /// What the kernel calls the program: the last part of its path, 15 bytes at most.
    var programName: String {
        let last = command.first?.split(separator: "/").last ?? ""
        return String(decoding: last.utf8.prefix(15), as: UTF8.self)
    }

    /// Whether a process that was started like this is one of the program's.
    ///
    /// - Parameter found: The program and its arguments.
    /// - Returns: Whether it counts.
    func matches(_ found: [String]) -> Bool {
        if matchesWholePath, found.first != command.first { return false }
        let rest = found.dropFirst()
        guard let last = arguments.last else { return true }
        switch argumentMatch {
        case .all: return Array(rest) == arguments
        case .initial: return rest.starts(with: arguments)
        case .partial:
            return rest.count >= arguments.count
                && rest.starts(with: arguments.dropLast())
                && rest.dropFirst(arguments.count - 1).first?.hasPrefix(last) == true
        }
    }

    /// Whether the name of the program is not all that counts.
    fileprivate var looksAtArguments: Bool { !arguments.isEmpty || matchesWholePath }

    /// The arguments that a process must have been started with; empty: any.
    var arguments: [String] { Array(command.dropFirst()) }
}

internal import LinuxIO
internal import Reactor

/// Counts the processes that run a program: keepalived's `vrrp_track_process`.
///
/// The end of one that was found is known at once, by a descriptor of it; where the kernel refuses
/// that, within a second. New ones, and those that have become another program, are found by looking
/// through `/proc` once a second, in small steps so that nothing else on the loop waits.
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
    private var unseen: ArraySlice<Int32> = []
    private var nextLook: EventLoop.Deadline?
    private var delayed: EventLoop.Deadline?

    /// Makes a tracker that does not look yet.
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

    /// Looks at all processes once, and follows them from now on.
    func start() {
        ProcessTable.processIDs.forEach(examine)
        hasQuorum = isQuorate
        scheduleLook()
    }

    /// Follows no process any more.
    func stop() {
        for deadline in [nextLook, delayed].compactMap(\.self) { loop.cancel(deadline) }
        for process in found.values { process?.watch.map(loop.unwatch) }
        found = [:]
    }

    private var isQuorate: Bool {
        found.count >= settings.quorum && found.count <= settings.quorumLimit ?? .max
    }

    private func scheduleLook() {
        nextLook = loop.schedule(after: Self.lookInterval) { [weak self] in self?.look() }
    }

    private func look() {
        let present = ProcessTable.processIDs
        if found.values.contains(where: { $0 == nil }) {
            let present = Set(present)
            for (processID, process) in found where process == nil && !present.contains(processID) {
                found[processID] = nil
            }
        }
        unseen = present[...]
        lookOn()
    }

    private func lookOn() {
        unseen.prefix(Self.processesPerStep).forEach(examine)
        unseen = unseen.dropFirst(Self.processesPerStep)
        settle()
        guard !unseen.isEmpty else { return scheduleLook() }
        nextLook = loop.schedule(after: .zero) { [weak self] in self?.lookOn() }
    }

    private func examine(_ processID: Int32) {
        let isKnown = found[processID] != nil
        guard matches(processID) else {
            // It has become another program.
            if isKnown { forget(processID) }
            return
        }
        guard !isKnown else { return }
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

    private func matches(_ processID: Int32) -> Bool {
        guard ProcessTable.name(of: processID) == settings.programName else { return false }
        guard !settings.arguments.isEmpty || settings.matchesWholePath else { return true }
        return settings.matches(ProcessTable.arguments(of: processID))
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

    private static let lookInterval = Duration.seconds(1)
    private static let processesPerStep = 32
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

    /// The arguments that a process must have been started with; empty: any.
    var arguments: [String] { Array(command.dropFirst()) }
}

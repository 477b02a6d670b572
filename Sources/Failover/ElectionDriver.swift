internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// Drives the elections of virtual routers that move together: those of a sync group, or a single
/// one's, which is a group of one.
///
/// Turns packets, time and trackers into events of a `SyncGroup`. What is to be done about an event,
/// the elections decide; each member's ``RouterDriver/perform(_:)`` does it, in order.
final class ElectionDriver {
    /// The sync group; `nil` for a router by itself.
    private(set) var settings: SyncGroupSettings?
    let members: [RouterDriver]
    let host: Host
    /// The elections, one for each member.
    private(set) var group: SyncGroup
    /// What the trackers made of each priority when the elections last heard of it.
    private var standings: [EffectivePriority]
    private(set) var isRunning = false
    private var timer: (at: MonotonicInstant, deadline: EventLoop.Deadline)?
    /// What the timer calls: made once, since each advertisement sets the timer anew.
    private lazy var onTimer: () -> Void = { [unowned self] in wake() }

    /// Where all of the members stood when they last stood in the same state.
    private(set) var state = RouterState.stopped
    private var hasState = false
    private(set) var since: MonotonicInstant?
    let notifier: StateNotifier

    /// Makes a driver; nothing happens before ``start()``.
    ///
    /// - Parameters:
    ///   - members: The virtual routers, each with what drove it so far, if anything did.
    ///   - settings: The sync group; `nil` for a router by itself.
    ///   - host: The host that they run on.
    init(_ members: [RouterDriver], settings: SyncGroupSettings?, host: Host) {
        self.members = members
        self.settings = settings
        self.host = host
        notifier = StateNotifier(
            host: host, name: settings?.name ?? "",
            failed: { .group(name: $0, .notificationFailed(program: $1, $2)) },
            slow: { .group(name: $0, .notificationSlow(program: $1)) })
        standings = members.map { $0.elections?.standing(of: $0) ?? .fault }
        group = SyncGroup(
            joining: members.map { $0.election ?? VirtualRouter(configuration: $0.configuration) })
        isRunning = members.allSatisfy { $0.elections?.isRunning == true }
        for member in members {
            member.elections?.stopTimer()
            member.elections = self
            member.prepareChannel()
        }
    }

    deinit { stopTimer() }

    /// The names of the virtual routers, which tell one driver from another.
    var keys: [RouterKey] { members.map { RouterKey($0.settings) } }

    /// Begins to take part, as soon as the trackers let it, or goes on with what the members had.
    func start() {
        isRunning = true
        // First, so that a member that is new takes part before the group is found to lack it.
        reconsider()
        carryOut(group.align(at: .now))
    }

    /// Takes no part any more; resigns where it is Active.
    func stop(because notice: Notice = .entered(.stopped)) {
        guard isRunning else { return }
        isRunning = false
        for member in members { deliver(.shutdown, to: member) }
        for member in members { member.stop(notice) }
        if hasState { enter(.stopped) }
    }

    /// Looks at the trackers again, after one of them changed.
    func reconsider() {
        guard isRunning else { return }
        if members.contains(where: \.hasLostItsSource) { suspend() }
        members.forEach { $0.followLink() }
        guard MonotonicInstant.now >= host.quietUntil else { return }
        let inputs = members.map { $0.trackers() }
        let shared = settings.map { host.trackers(of: $0.tracked) } ?? []
        let next = priorities(inputs, shared)
        for (index, member) in members.enumerated() {
            let own = (inputs[index] + shared).compactMap(\.faultCause)
            let all = own.isEmpty ? causesElsewhere(inputs) : own
            member.report(causes: next[index] == .fault ? all : [])
        }
        move(to: next)
        settleState()
    }

    /// Resigns until the trackers are looked at again.
    func suspend() { move(to: members.map { _ in .fault }) }

    private func priorities(
        _ inputs: [[RouterDriver.Tracked]], _ shared: [RouterDriver.Tracked]
    ) -> [EffectivePriority] {
        guard let settings else {
            return zip(members, inputs).map { member, inputs in
                EffectivePriority(
                    base: member.settings.priority, trackers: inputs.map(\.standing))
            }
        }
        return SyncGroup.effectivePriorities(
            of: members.map(\.settings.priority), trackers: inputs.map { $0.map(\.standing) },
            shared: shared.map(\.standing), weighsMembers: settings.weighsMembers)
    }

    private func causesElsewhere(_ inputs: [[RouterDriver.Tracked]]) -> [FaultCause] {
        zip(members, inputs).compactMap { member, inputs in
            let causes = inputs.compactMap(\.faultCause)
            guard !causes.isEmpty else { return nil }
            let isPending = causes.allSatisfy(\.isPending)
            return isPending
                ? .memberPending(member.settings.name) : .memberInFault(member.settings.name)
        }
    }

    private func move(to next: [EffectivePriority]) {
        for (index, member) in members.enumerated() {
            let events = next[index].events(from: standings[index])
            standings[index] = next[index]
            for event in events {
                prepareElections()
                deliver(event, to: member)
            }
        }
    }

    func standing(of member: RouterDriver) -> EffectivePriority {
        index(of: member).map { standings[$0] } ?? .fault
    }

    func election(of member: RouterDriver) -> VirtualRouter? {
        index(of: member).map { group.members[$0] }
    }

    /// What a member says with this priority: in its own form, or in another's.
    func advertisement(
        of member: RouterDriver, _ priority: Priority, in form: VirtualRouter.Form? = nil
    ) -> Advertisement? {
        guard let index = index(of: member) else { return nil }
        guard let form else { return group.members[index].advertisement(priority: priority) }
        return group.members[index].advertisement(priority: priority, in: form)
    }

    /// The Active router that a member follows.
    func peerAddress(of member: RouterDriver) -> IPAddress? {
        index(of: member).flatMap { group.members[$0].peerAddress }
    }

    private func index(of member: RouterDriver) -> Int? { members.firstIndex { $0 === member } }

    /// Makes elections that take no part anew where they have another source address now.
    private func prepareElections() {
        for (index, member) in members.enumerated() {
            let election = group.members[index]
            if election.role == .initialize, member.source != nil,
                election.configuration != member.configuration
            {
                group.replace(index, by: member.configuration)
            }
            member.prepareChannel()
        }
    }
}

// MARK: - Events and their consequences

extension ElectionDriver {
    /// Tells the elections what happened to a member, and does what they ask for.
    ///
    /// - Returns: What they asked of this member.
    @discardableResult
    func deliver(
        _ event: VirtualRouter.Event, to member: RouterDriver, at now: Instant = .now
    ) -> [VirtualRouter.Action] {
        guard let index = index(of: member) else { return [] }
        let actions = group.handle(event, for: index, at: now)
        carryOut(actions)
        return actions.filter { $0.member == index }.map(\.action)
    }

    /// Follows other settings of a member without leaving its state, where that can be done.
    ///
    /// - Returns: What the elections want, to be carried out; `nil`: it can't be done.
    func adopt(
        _ configuration: VirtualRouter.Configuration, for member: RouterDriver
    ) -> [SyncGroup.MemberAction]? {
        index(of: member).flatMap { group.reconfigure($0, configuration, at: .now) }
    }

    /// Follows other settings of the sync group.
    func adopt(_ next: SyncGroupSettings?) {
        settings = next
        notifier.name = next?.name ?? ""
    }

    /// Makes all members give way.
    ///
    /// - Returns: What the elections want, to be carried out.
    func giveWay(deferring deference: VirtualRouter.Deference) -> [SyncGroup.MemberAction] {
        group.giveWay(deferring: deference, at: .now)
    }

    /// Makes all members give way because one can't hold all that moves with it.
    ///
    /// - Returns: What the elections want, to be carried out; `nil`: they stay.
    func giveWayForWant() -> [SyncGroup.MemberAction]? { group.giveWayForWant(at: .now) }

    /// Makes all members Active.
    ///
    /// - Throws: `TakeoverRefusal`, with nothing changed.
    func takeOver() throws(VirtualRouter.TakeoverRefusal) -> [SyncGroup.MemberAction] {
        try group.takeOver(at: .now)
    }

    /// Does what the elections ask for, then tells of it, then waits for what is next.
    func carryOut(_ actions: [SyncGroup.MemberAction]) {
        announceCommonMove(actions)
        var entered: [(RouterDriver, RouterState)] = []
        for step in actions {
            let member = members[step.member]
            if let state = member.perform(step.action, for: self) {
                entered.append((member, state))
            }
        }
        for (member, election) in zip(members, group.members) {
            member.noteWhomItFollows(in: self)
            member.noteLastWords(in: election)
        }
        for (member, state) in entered { member.notify(.entered(state)) }
        if !entered.isEmpty { settleState() }
        setTimer()
        // Not amid the actions, since it brings some of its own.
        for member in members { member.judgeClaim() }
    }

    /// Says that the members of a group move, before each says so for itself.
    private func announceCommonMove(_ actions: [SyncGroup.MemberAction]) {
        guard let settings, isRunning, let role = group.role else { return }
        let moves = actions.contains {
            if case .report(.transition) = $0.action { true } else { false }
        }
        let next: RouterState =
            switch role {
            case .active: .active
            case .backup: .backup
            case .initialize: .fault
            }
        if moves, next != state { host.emit(.group(name: settings.name, .syncs(next))) }
    }

    /// Tells of the group's state once all members stand in the same.
    private func settleState() {
        guard settings != nil, isRunning, let first = members.first?.state, first != .stopped,
            members.allSatisfy({ $0.state == first }), first != state
        else { return }
        enter(first)
    }

    /// Tells the named pipes where the group stands.
    func writeState() {
        guard let settings else { return }
        notifier.write(.entered(state), of: .group(name: settings.name))
    }

    private func enter(_ next: RouterState) {
        state = next
        hasState = true
        since = .now
        guard let settings else { return }
        host.emit(.group(name: settings.name, .entered(next)))
        tell(of: settings, sendsMail: settings.sendsMail)
    }

    /// Tells of the group's state once more, with a greater epoch.
    func notifyAgain() {
        guard let settings, state == .active else { return }
        tell(of: settings, sendsMail: false)
    }

    private func tell(of settings: SyncGroupSettings, sendsMail: Bool) {
        notifier.tell(
            .entered(state), of: .group(name: settings.name), settings.notifications,
            sendsMail: sendsMail)
    }

    private func setTimer() {
        let due = group.nextWake.map(wakeTime)
        // What has moved back, as with each advertisement that a Backup hears, is seen when the
        // earlier deadline comes.
        if let due, let timer, timer.at <= due { return }
        if let timer { host.loop.cancel(timer.deadline) }
        timer = due.map { ($0, host.loop.schedule(at: $0, onTimer)) }
    }

    /// When to wake for what is due.
    ///
    /// Active routers wake at whole milliseconds, so that many of them do so in one turn of the
    /// loop. A Backup does so to the nanosecond: at 10 ms, one step of priority is 39 µs.
    private func wakeTime(for due: Instant) -> MonotonicInstant {
        guard group.role == .active else { return MonotonicInstant(due) }
        let grid: Int64 = 1_000_000
        return MonotonicInstant(nanoseconds: (due.nanoseconds + grid - 1) / grid * grid)
    }

    private func wake() {
        timer = nil
        // The clock is read first: another stall, after the reading, must not pass for silence.
        let now = Instant.now
        guard let due = group.nextWake, due <= now else { return setTimer() }
        host.lag.note(now - due)
        // After a stall, what arrived meanwhile counts before the deadline that passed meanwhile.
        // A Backup must see what a better one sent a few microseconds ago.
        let age: Duration = group.role == .active ? .milliseconds(1) : .zero
        for member in members { member.readDry(unlessWithin: age) }
        carryOut(group.wake(at: now))
    }

    /// Lets go of members that no other driver has taken over.
    ///
    /// Whoever drops it calls this: the two hold each other.
    func dissolve() {
        stopTimer()
        for member in members where member.elections === self { member.elections = nil }
    }

    /// Wakes no more: it ends, or leaves the members to another driver.
    private func stopTimer() {
        if let timer { host.loop.cancel(timer.deadline) }
        timer = nil
    }
}

extension MonotonicInstant {
    /// The protocol's clock is the kernel's monotonic one.
    fileprivate init(_ instant: Instant) { self.init(nanoseconds: instant.nanoseconds) }
}

extension Instant {
    static var now: Instant { Instant(nanoseconds: MonotonicInstant.now.nanoseconds) }
}

import Testing
import VRRPCore

private func group(_ numbers: [UInt8], preempts: Bool = true) -> SyncGroup {
    SyncGroup(
        zip(numbers, [51, 52, 53]).map { number, vrid in
            var configuration = VirtualRouter.Configuration(
                vrid: literal(VRID(vrid)), priority: priority(number), interval: version3(100),
                primaryAddress: ownAddress, addresses: virtualAddresses)
            configuration.preempts = preempts
            return configuration
        })
}

private func said(
    _ number: UInt8, vrid: Int, from sender: IPAddress = lowerAddress
)
    -> VirtualRouter.Event
{
    .received(advert(number, vrid: literal(VRID(vrid))), from: sender)
}

extension SyncGroup {
    fileprivate func started() -> SyncGroup {
        var group = self
        for member in members.indices { _ = group.handle(.startup, for: member, at: second(0)) }
        return group
    }

    fileprivate func promoted() -> SyncGroup {
        var group = started()
        _ = group.handle(.takeOver, for: 0, at: second(0))
        return group
    }

    fileprivate var roles: [VirtualRouter.Role] { members.map(\.role) }
}

extension [SyncGroup.MemberAction] {
    /// What each member is to do, without what is only reported.
    fileprivate var effects: [[VirtualRouter.Action]] {
        var effects: [[VirtualRouter.Action]] = [[], []]
        for action in self {
            if case .report = action.action { continue }
            effects[action.member].append(action.action)
        }
        return effects
    }
}

@Suite struct `A sync group` {
    private let taking: [VirtualRouter.Action] = [
        .advertise(priority(100)), .claimAddresses, .announceAddresses(repetitions: 5),
    ]
    private let leaving: [VirtualRouter.Action] = [
        .advertise(.release), .advertise(.release), .releaseAddresses,
    ]

    @Test func `it takes part once all of its members can`() {
        var group = group([100, 100])
        #expect(group.handle(.startup, for: 0, at: second(0)) == [])
        #expect(group.role == .initialize)
        _ = group.handle(.startup, for: 1, at: second(1))
        #expect(group.role == .backup)
        #expect(group.nextWake == second(4.609375))
    }

    @Test func `all take over together, once the last one hears nothing`() {
        var group = group([100, 100]).started()
        _ = group.handle(said(200, vrid: 52), for: 1, at: second(2))
        #expect(group.nextWake == second(5.609375))
        #expect(group.wake(at: second(5)) == [])
        #expect(group.handle(.wake, for: 0, at: second(5)) == [])
        #expect(group.wake(at: second(5.609375)).effects == [taking, taking])
        #expect(group.role == .active)
    }

    @Test func `each advertises at its own time`() {
        var group = group([100, 100]).promoted()
        #expect(group.nextWake == second(1))
        #expect(
            group.wake(at: second(1)).effects == [
                [.advertise(priority(100))], [.advertise(priority(100))],
            ])
        _ = group.handle(said(0, vrid: 51), for: 0, at: second(1.5))
        #expect(group.wake(at: second(2)).effects == [[], [.advertise(priority(100))]])
        #expect(group.nextWake == second(2.5))
    }

    @Test func `a member that yields takes the others with it, and they resign`() {
        var group = group([100, 100]).promoted()
        let actions = group.handle(said(200, vrid: 52), for: 1, at: second(0.5))
        #expect(
            actions.effects == [leaving, [.advertise(priority(100)), .releaseAddresses]])
        #expect(group.role == .backup)
    }

    @Test func `others that yielded take part like any Backup`() {
        var group = group([100, 100]).promoted()
        _ = group.handle(said(200, vrid: 52), for: 1, at: second(0.5))
        let due = group.members[0].nextWake
        _ = group.handle(said(90, vrid: 51), for: 0, at: second(1))
        #expect(group.members[0].nextWake == due, "it is not held back")
    }

    @Test func `a member that fails stops the others, until it is back`() {
        var group = group([100, 100]).promoted()
        let actions = group.handle(.shutdown, for: 0, at: second(0.5))
        #expect(actions.effects == [leaving, leaving])
        #expect(group.role == .initialize)
        #expect(group.handle(.startup, for: 1, at: second(1)) == [])
        _ = group.handle(.startup, for: 0, at: second(2))
        #expect(group.role == .backup)
    }

    @Test func `an owner takes the others with it from the start`() {
        #expect(group([255, 100]).started().roles == [.active, .active])
    }

    @Test func `they give away and take over together`() {
        var group = group([100, 100]).promoted()
        #expect(group.handle(.yield, for: 1, at: second(0.5)).effects == [leaving, leaving])
        #expect(group.handle(.takeOver, for: 1, at: second(0.6)).effects == [taking, taking])
    }

    @Test func `what changes no state concerns its member alone`() {
        var group = group([100, 100]).promoted()
        let before = group.members[1]
        let actions = group.handle(said(90, vrid: 51), for: 0, at: second(0.5))
        #expect(actions.effects[1] == [])
        #expect(group.members[1] == before)
        _ = group.handle(.priorityChanged(priority(80)), for: 0, at: second(0.6))
        #expect(group.members.map(\.priority) == [priority(80), priority(100)])
    }

    @Test func `no order of events leaves its members apart`() {
        let numbers: [UInt8] = [0, 90, 110]
        var events: [(VirtualRouter.Event, Int)] = [(.wake, 0)]
        for member in [0, 1] {
            events += [(.startup, member), (.shutdown, member)]
            events += [(.takeOver, member), (.yield, member)]
            events += numbers.map { (said($0, vrid: 51 + member), member) }
        }
        var frontier: Set<SyncGroup> = [group([100, 100])]
        var known = frontier
        for step in 1...5 {
            var next: Set<SyncGroup> = []
            for group in frontier {
                for (event, member) in events {
                    var successor = group
                    _ = successor.handle(event, for: member, at: second(Double(step) * 2))
                    #expect(successor.role != nil, "\(event) of \(member)")
                    if known.insert(successor).inserted { next.insert(successor) }
                }
            }
            frontier = next
        }
        #expect(known.count > 50)
    }
}

@Suite struct `Trackers of a sync group` {
    private let bad = TrackerStanding(weight: -30, verdict: .failed)
    private let fault = TrackerStanding(weight: 0, verdict: .failed)

    private func priorities(
        _ trackers: [[TrackerStanding]], shared: [TrackerStanding] = [], weighs: Bool = false
    ) -> [EffectivePriority] {
        SyncGroup.effectivePriorities(
            of: [priority(100), priority(120)], trackers: trackers, shared: shared,
            weighsMembers: weighs)
    }

    @Test func `a member's weight counts for nobody, or for all`() {
        #expect(
            priorities([[bad], []]) == [.priority(priority(100)), .priority(priority(120))])
        #expect(
            priorities([[bad], []], weighs: true) == [
                .priority(priority(70)), .priority(priority(90)),
            ])
    }

    @Test func `the group's own weight always counts for all`() {
        #expect(
            priorities([[], []], shared: [bad]) == [
                .priority(priority(70)), .priority(priority(90)),
            ])
    }

    @Test func `a fault is everybody's`() {
        #expect(priorities([[], [fault]]) == [.fault, .fault])
        #expect(priorities([[], []], shared: [fault]) == [.fault, .fault])
    }
}

@Suite struct `A sync group that changes while it runs` {
    private func router(_ number: UInt8, _ vrid: Int) -> VirtualRouter {
        VirtualRouter(
            configuration: VirtualRouter.Configuration(
                vrid: literal(VRID(vrid)), priority: priority(number), interval: version3(100),
                primaryAddress: ownAddress, addresses: virtualAddresses))
    }

    private func active(_ number: UInt8, _ vrid: Int) -> VirtualRouter {
        var router = router(number, vrid)
        _ = router.handle(.startup, at: second(0))
        _ = router.handle(.takeOver, at: second(0))
        return router
    }

    @Test func `one Active member takes the others along`() {
        var backup = router(100, 52)
        _ = backup.handle(.startup, at: second(0))
        var group = SyncGroup(joining: [active(100, 51), backup])
        #expect(group.role == nil)
        #expect(group.align(at: second(1)).effects[1].contains(.claimAddresses))
        #expect(group.role == .active)
        #expect(group.align(at: second(2)) == [])
    }

    @Test func `one that takes no part stops the others`() {
        var group = SyncGroup(joining: [active(100, 51), router(100, 52)])
        #expect(group.align(at: second(1)).effects[0] == [.advertise(.release), .releaseAddresses])
        #expect(group.role == .initialize)
    }

    @Test func `all give way together, and take over together or not at all`() throws {
        var group = SyncGroup(joining: [active(100, 51), active(100, 52)])
        let leaving: [VirtualRouter.Action] = [.advertise(.release), .releaseAddresses]
        #expect(
            group.giveWay(deferring: .untilNeeded, at: second(1)).effects == [leaving, leaving])
        #expect(group.role == .backup)
        _ = group.handle(said(255, vrid: 52), for: 1, at: second(1))
        let before = group
        #expect(throws: VirtualRouter.TakeoverRefusal.self) {
            _ = try group.takeOver(at: second(2))
        }
        #expect(group == before)
    }

    @Test func `only one that takes no part gets another configuration`() {
        var group = SyncGroup(joining: [active(100, 51), router(100, 52)])
        group.replace(0, by: router(120, 51).configuration)
        group.replace(1, by: router(120, 52).configuration)
        #expect(group.members.map(\.priority) == [priority(100), priority(120)])
    }
}

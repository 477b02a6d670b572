import Testing
import VRRPCore

/// A router of VRID 51 at 192.0.2.2, Active since 10 s.
private func active(
    priority number: UInt8, _ change: (inout VirtualRouter.Configuration) -> Void
) -> VirtualRouter {
    var configuration = router(priority: number).configuration
    change(&configuration)
    return VirtualRouter(configuration: configuration).promoted()
}

@Suite struct `Answers as keepalived configures them` {
    @Test func `lower_prio_no_advert: one that loses is not answered, but announced against`() {
        var quiet = active(priority: 100) { $0.answersInferiors = false }
        let event = VirtualRouter.Event.received(advert(99), from: higherAddress)
        #expect(
            quiet.effects(of: event, at: second(10.5)) == [.announceAddresses(repetitions: 5)])
        #expect(quiet.nextWake == second(11))
        // Nor is one hastened that comes too soon after.
        #expect(quiet.effects(of: event, at: second(10.51)) == [])
        #expect(quiet.nextWake == second(11))
    }

    @Test func `garp_lower_prio_repeat and _delay: a conflict has announcements of its own`() {
        let event = VirtualRouter.Event.received(advert(99), from: higherAddress)
        var router = active(priority: 100) {
            $0.announcements.contestRepetitions = 2
            $0.announcements.contestBurstDelay = .seconds(3)
        }
        router.pass(to: second(16.5))
        #expect(
            router.effects(of: event, at: second(16.5)) == [
                .advertise(priority(100)), .announceAddresses(repetitions: 2),
            ])
        router.pass(to: second(19.4))
        let bursts = router.effects(of: .wake, at: second(19.5))
        #expect(bursts.contains(.announceAddresses(repetitions: 2)))
        var silent = active(priority: 100) { $0.announcements.contestRepetitions = 0 }
        silent.pass(to: second(16.5))
        #expect(silent.effects(of: event, at: second(16.5)) == [.advertise(priority(100))])
    }

    @Test func `by default one that loses is answered at once`() {
        var router = active(priority: 100) { _ in }
        let event = VirtualRouter.Event.received(advert(99), from: higherAddress)
        #expect(
            router.effects(of: event, at: second(10.5)).first == .advertise(priority(100)))
    }

    @Test func `owner_ignore_adverts: an owner yields to nobody`() {
        var owner = active(priority: 255) { $0.ignoresOthersAsOwner = true }
        let event = VirtualRouter.Event.received(advert(255), from: higherAddress)
        #expect(owner.handle(event, at: second(10.5)) == [.report(.rejected(.ownerDeaf))])
        #expect(owner.role == .active)
        #expect(RejectionReason.ownerDeaf.cause == .ownerDeaf)
        #expect(
            RejectionReason.ownerDeaf.description
                == "this router owns the addresses and ignores others (owner_ignore_adverts)")
    }

    @Test func `owner_ignore_adverts: who is no owner listens`() {
        var router = active(priority: 100) { $0.ignoresOthersAsOwner = true }
        _ = router.handle(.received(advert(255), from: higherAddress), at: second(10.5))
        #expect(router.role == .backup)
    }
}

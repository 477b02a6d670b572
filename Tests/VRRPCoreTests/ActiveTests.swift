import Testing
import VRRPCore

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.4.3 Active` {
    @Test func `it advertises each interval`() {
        var router = router().promoted()
        #expect(router.nextWake == second(11))
        #expect(router.handle(.wake, at: second(11)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(12))
    }

    @Test func `an early wake changes nothing`() {
        var router = router().promoted()
        let before = router
        #expect(router.handle(.wake, at: nanosecond(10_999_999_999)) == [])
        #expect(router == before)
    }

    @Test func `after a pause it advertises once, and goes on from there`() {
        var router = router().promoted()
        #expect(router.effects(of: .wake, at: second(12.75)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(13.75))
    }

    @Test func `shutdown resigns before it releases`() {
        var router = router().promoted()
        #expect(
            router.handle(.shutdown, at: second(10.5)) == [
                .advertise(.release), .advertise(.release),
                .report(.transition(from: .active, to: .initialize)),
                .releaseAddresses,
            ])
        #expect(router.state == .initialize)
    }

    @Test func `priority 0 is answered at once, and the timer starts again`() {
        var router = router().promoted()
        #expect(
            router.handle(.received(advert(0), from: higherAddress), at: second(10.5)) == [
                .report(.releaseReceived(from: higherAddress)), .advertise(priority(100)),
            ])
        #expect(router.nextWake == second(11.5))
        #expect(router.role == .active)
    }

    @Test(
        arguments: [
            (99, lowerAddress, false), (99, higherAddress, false), (100, lowerAddress, false),
            (100, higherAddress, true), (101, lowerAddress, true), (101, higherAddress, true),
        ] as [(UInt8, IPAddress, Bool)])
    func `it yields to a higher priority, or to an equal one of a higher address`(
        number: UInt8, sender: IPAddress, yields: Bool
    ) {
        var router = router().promoted()
        let event = VirtualRouter.Event.received(advert(number), from: sender)
        let actions = router.handle(event, at: second(10.5))
        if yields {
            #expect(
                actions == [
                    .report(
                        .superiorReceived(priority(number), from: sender, own: priority(100))),
                    .advertise(priority(100)), .report(.transition(from: .active, to: .backup)),
                    .releaseAddresses,
                ])
            #expect(router.nextWake == second(14.109375))
        } else {
            #expect(
                actions == [
                    .report(
                        .inferiorAnswered(priority(number), from: sender, own: priority(100))),
                    .advertise(priority(100)), .announceAddresses(repetitions: 5),
                    .report(.reaffirmed(against: sender)),
                ])
            #expect(router.nextWake == second(11), "the timer is not touched")
        }
    }

    @Test func `it yields without preemption, too`() {
        var router = router(preempts: false).promoted()
        _ = router.handle(.received(advert(101), from: lowerAddress), at: second(10.5))
        #expect(router.role == .backup)
    }

    @Test func `addresses compare as unsigned numbers`() {
        var configuration = router().configuration
        configuration.primaryAddress = .v4(IPv4Address(10, 0, 0, 1))
        var router = VirtualRouter(configuration: configuration).promoted()
        let sender = IPAddress.v4(IPv4Address(192, 0, 2, 1))
        _ = router.handle(.received(advert(100), from: sender), at: second(10.5))
        #expect(router.role == .backup)
    }

    @Test func `whoever yields learns the winner's interval`() {
        var router = router().promoted()
        let fast = advert(200, interval: version3(10))
        let observations = router.observations(
            of: .received(fast, from: higherAddress), at: second(10.5))
        #expect(router.nextWake == second(10.8609375))
        #expect(
            observations.first
                == .intervalDiffers(version3(10), from: higherAddress, own: version3(100)))
    }

    @Test func `it advertises at its own interval whatever it learned before`() {
        var router = router().started()
        let fast = advert(200, interval: version3(10))
        _ = router.handle(.received(fast, from: higherAddress), at: second(1))
        _ = router.handle(.wake, at: second(1.5))
        #expect(router.nextWake == second(2.5))
    }

    @Test func `startup again changes nothing`() {
        var router = router().promoted()
        let before = router
        #expect(router.handle(.startup, at: second(10.5)) == [])
        #expect(router == before)
    }

    @Test func `a new priority is told with the next advertisement`() {
        var router = router().promoted()
        #expect(
            router.handle(.priorityChanged(priority(80)), at: second(10.5)) == [
                .report(.priorityChanged(from: priority(100), to: priority(80)))
            ])
        #expect(router.handle(.wake, at: second(11)) == [.advertise(priority(80))])
        _ = router.handle(.received(advert(90), from: lowerAddress), at: second(11.5))
        #expect(router.role == .backup)
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §6.4.3 Active` {
    @Test func `a losing advertisement is answered at once, unlike the RFC`() {
        var router = router(interval: version2(1)).promoted()
        let event = VirtualRouter.Event.received(
            advert(99, interval: version2(1)), from: higherAddress)
        #expect(
            router.effects(of: event, at: second(10.5)) == [
                .advertise(priority(100)), .announceAddresses(repetitions: 5),
            ])
    }

    @Test(arguments: [1, 5] as [UInt8])
    func `it yields whatever the winner's interval`(seconds: UInt8) {
        var router = router(interval: version2(1)).promoted()
        let event = VirtualRouter.Event.received(
            advert(101, interval: version2(seconds)), from: lowerAddress)
        #expect(
            router.effects(of: event, at: second(10.5)).suffix(2) == [
                .advertise(priority(100)), .releaseAddresses,
            ])
        #expect(router.role == .backup)
    }
}

@Suite struct `The rate of answers` {
    @Test func `a second answer waits a sixteenth of the interval`() {
        var router = router().promoted()
        let losing = VirtualRouter.Event.received(advert(99), from: lowerAddress)
        #expect(router.effects(of: losing, at: second(10.25)).count == 2)
        #expect(router.effects(of: losing, at: second(10.26)) == [])
        #expect(router.nextWake == second(10.3125))
        #expect(router.effects(of: .wake, at: second(10.3125)) == [.advertise(priority(100))])
        #expect(router.effects(of: losing, at: second(10.32)) == [], "that was an answer")
    }

    @Test func `priority 0 is bounded alike`() {
        var router = router().promoted()
        let release = VirtualRouter.Event.received(advert(0), from: lowerAddress)
        #expect(router.effects(of: release, at: second(10.25)) == [.advertise(priority(100))])
        #expect(router.effects(of: release, at: second(10.26)) == [])
        #expect(router.nextWake == second(10.3125))
    }

    @Test func `version 2 waits no longer at a long interval, as its skew is no longer`() {
        var router = router(interval: version2(10)).started()
        _ = router.handle(.wake, at: second(40))
        let losing = VirtualRouter.Event.received(
            advert(99, interval: version2(10)), from: lowerAddress)
        _ = router.handle(losing, at: second(41))
        _ = router.handle(losing, at: second(41.01))
        #expect(router.nextWake == second(41.0625))
    }

    @Test func `a flood of losing advertisements gets at most 17 answers in a second`() {
        var router = router().promoted()
        var answers = 0
        for millisecond in 0..<1000 {
            let now = second(10) + .milliseconds(millisecond)
            let due: [VirtualRouter.Event] =
                router.nextWake.map { $0 <= now ? [.wake] : [] } ?? []
            for event in due + [.received(advert(99), from: lowerAddress)] {
                answers += router.effects(of: event, at: now).count {
                    $0 == .advertise(priority(100))
                }
            }
        }
        #expect((8...17).contains(answers), "\(answers)")
    }
}

@Suite struct `Announcements` {
    private func promoted(_ schedule: AnnouncementSchedule) -> VirtualRouter {
        var configuration = router(interval: version3(4000)).configuration
        configuration.announcements = schedule
        var router = VirtualRouter(configuration: configuration).started()
        _ = router.handle(.takeOver, at: second(1000))
        return router
    }

    private var twoBursts: AnnouncementSchedule {
        var schedule = AnnouncementSchedule()
        schedule.refreshInterval = .zero
        return schedule
    }

    @Test func `by default one more follows each minute`() {
        var router = promoted(AnnouncementSchedule())
        _ = router.effects(of: .wake, at: second(1005))
        _ = router.effects(of: .wake, at: second(1040))
        #expect(router.nextWake == second(1065))
        #expect(
            router.handle(.wake, at: second(1065)) == [.announceAddresses(repetitions: 1)])
        #expect(router.nextWake == second(1080))
        _ = router.effects(of: .wake, at: second(1080))
        _ = router.effects(of: .wake, at: second(1120))
        #expect(router.nextWake == second(1125))
    }

    @Test func `five more follow after five seconds, and no more`() {
        var router = promoted(twoBursts)
        #expect(router.nextWake == second(1005))
        #expect(
            router.handle(.wake, at: second(1005)) == [.announceAddresses(repetitions: 5)])
        #expect(router.nextWake == second(1040))
    }

    @Test func `without a delay there is no second burst`() {
        var schedule = twoBursts
        schedule.secondBurstDelay = .zero
        #expect(promoted(schedule).nextWake == second(1040))
    }

    @Test func `refreshes follow the second burst at their own interval and number`() {
        var schedule = AnnouncementSchedule()
        schedule.refreshInterval = .seconds(7)
        schedule.refreshRepetitions = 2
        var router = promoted(schedule)
        _ = router.handle(.wake, at: second(1005))
        #expect(router.nextWake == second(1012))
        #expect(
            router.handle(.wake, at: second(1012)) == [.announceAddresses(repetitions: 2)])
        #expect(router.nextWake == second(1019))
    }

    @Test func `refreshes begin at once without a second burst`() {
        var schedule = AnnouncementSchedule()
        schedule.secondBurstDelay = .zero
        schedule.refreshInterval = .seconds(7)
        #expect(promoted(schedule).nextWake == second(1007))
    }

    @Test func `an answer plans a second burst when none is to come`() {
        var router = promoted(twoBursts)
        _ = router.handle(.wake, at: second(1005))
        let losing = advert(99, interval: version3(4000))
        _ = router.handle(.received(losing, from: lowerAddress), at: second(1010))
        #expect(router.nextWake == second(1015))
    }

    @Test func `an answer does not put off the second burst that is to come`() {
        var router = promoted(AnnouncementSchedule())
        let losing = advert(99, interval: version3(4000))
        _ = router.handle(.received(losing, from: lowerAddress), at: second(1003))
        #expect(router.nextWake == second(1005))
    }

    @Test func `advertisement and announcement can be due together`() {
        var router = promoted(AnnouncementSchedule())
        #expect(
            router.handle(.wake, at: second(1050)) == [
                .advertise(priority(100)), .announceAddresses(repetitions: 5),
            ])
    }

    @Test(
        arguments: [
            (11.0, 12.0), (11.001, 12.0), (11.124, 12.0), (11.125, 12.125), (11.5, 12.5),
        ])
    func `one that wakes a little late keeps its rate`(wake: Double, next: Double) {
        var active = router(interval: version3(100)).promoted()
        let actions = active.effects(of: .wake, at: second(wake))
        #expect(actions == [.advertise(priority(100))])
        #expect(active.nextWake == second(next))
    }
}

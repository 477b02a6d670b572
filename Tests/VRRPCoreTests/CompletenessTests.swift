import Testing
import VRRPCore

private func changed(
    priority number: UInt8 = 100, interval: AdvertisementInterval = version3(100),
    _ change: (inout VirtualRouter.Configuration) -> Void
) -> VirtualRouter {
    var configuration = router(priority: number, interval: interval).configuration
    change(&configuration)
    return VirtualRouter(configuration: configuration)
}

@Suite struct `The number of lost advertisements` {
    @Test(
        arguments: [
            (0, 1.609375), (1, 1.609375), (2, 2.609375), (5, 5.609375), (101, 100.609375),
        ])
    func `a Backup waits for as many intervals, 1 to 100`(count: Int, wake: Double) {
        var router = changed { $0.lostAdvertisements = count }.started()
        #expect(router.nextWake == second(wake))
        _ = router.handle(.received(advert(200), from: higherAddress), at: second(0.5))
        #expect(router.nextWake == second(wake) + .milliseconds(500))
    }
}

@Suite struct `Accepting traffic` {
    @Test func `an owner does, whatever is configured`() {
        #expect(changed(priority: 255) { $0.acceptsTraffic = false }.configuration.takesTraffic)
    }

    @Test func `another does as configured, by default it does`() {
        #expect(router().configuration.takesTraffic)
        #expect(!changed { $0.acceptsTraffic = false }.configuration.takesTraffic)
    }

    @Test func `an owner that trackers have lowered is still one`() {
        var owner = changed(priority: 255) { $0.acceptsTraffic = false }.started()
        _ = owner.handle(.priorityChanged(priority(90)), at: second(1))
        #expect(owner.configuration.takesTraffic)
    }
}

@Suite struct `Addresses of both families` {
    @Test func `companions move with the others and are not advertised`() {
        let companion = literal(IPAddress("2001:db8::1"))
        let router = changed { $0.companions = [companion] }
        #expect(router.configuration.heldAddresses == virtualAddresses.addresses + [companion])
        #expect(router.advertisement(priority: priority(1)).addresses == virtualAddresses)
    }
}

@Suite struct `Delayed preemption` {
    private let inferior = VirtualRouter.Event.received(advert(90), from: lowerAddress)

    @Test func `a lower priority is followed until the delay is over, then displaced`() {
        var router = changed { $0.preemptDelay = .seconds(10) }.started()
        _ = router.handle(inferior, at: second(1))
        #expect(router.nextWake == second(4.609375))
        #expect(router.preemptionCountdown(at: second(1)) == .seconds(9))
        _ = router.handle(inferior, at: nanosecond(9_999_999_999))
        #expect(router.preemptionCountdown(at: second(9.5)) == .milliseconds(500))
        let due = router.nextWake
        _ = router.handle(inferior, at: second(10))
        #expect(router.nextWake == due)
        #expect(router.preemptionCountdown(at: second(10)) == nil)
    }

    @Test func `a priority as high as the own starts it again`() {
        var router = changed { $0.preemptDelay = .seconds(10) }.started()
        _ = router.handle(.received(advert(100), from: lowerAddress), at: second(7))
        #expect(router.preemptionCountdown(at: second(7)) == nil, "nothing to preempt")
        _ = router.handle(inferior, at: second(16))
        #expect(router.preemptionCountdown(at: second(16)) == .seconds(1))
    }

    @Test func `so does a change of the own priority`() {
        var router = changed { $0.preemptDelay = .seconds(10) }.started()
        _ = router.handle(.priorityChanged(priority(110)), at: second(8))
        _ = router.handle(inferior, at: second(9))
        #expect(router.preemptionCountdown(at: second(9)) == .seconds(9))
    }

    @Test func `it counts anew after a fault`() {
        var router = changed { $0.preemptDelay = .seconds(10) }.started()
        _ = router.handle(.shutdown, at: second(5))
        _ = router.handle(.startup, at: second(20))
        _ = router.handle(inferior, at: second(21))
        #expect(router.preemptionCountdown(at: second(21)) == .seconds(9))
    }

    @Test func `a dead router is replaced at once`() {
        var router = changed { $0.preemptDelay = .seconds(60) }.started()
        _ = router.handle(inferior, at: second(1))
        _ = router.handle(.wake, at: second(4.609375))
        #expect(router.role == .active)
    }

    @Test func `an owner does not wait, and whoever does not preempt has no countdown`() {
        var owner = changed(priority: 255) { $0.preemptDelay = .seconds(60) }.started()
        _ = owner.handle(.received(advert(255), from: higherAddress), at: second(1))
        #expect(owner.role == .backup)
        let due = owner.nextWake
        _ = owner.handle(inferior, at: second(2))
        #expect(owner.nextWake == due)

        var patient = changed {
            $0.preemptDelay = .seconds(60)
            $0.preempts = false
        }.started()
        _ = patient.handle(inferior, at: second(1))
        #expect(patient.preemptionCountdown(at: second(1)) == nil)
    }
}

@Suite struct `Joining` {
    @Test func `a router that does not preempt hears out the group twice as long`() {
        #expect(router(preempts: false).started().nextWake == second(7.21875))
        #expect(router(preempts: true).started().nextWake == second(3.609375))
    }

    @Test func `the time can be set, down to what the protocol asks for`() {
        #expect(
            changed { $0.joinListening = .seconds(20) }.started().nextWake == second(20))
        #expect(
            changed { $0.joinListening = .seconds(1) }.started().nextWake == second(3.609375))
    }

    @Test func `an Active router of any priority that is heard keeps the addresses`() {
        var router = router(preempts: false).started()
        _ = router.handle(.received(advert(1), from: lowerAddress), at: second(7))
        #expect(router.nextWake == second(10.609375))
        #expect(router.role == .backup)
    }
}

@Suite struct `Moved by its group` {
    @Test func `it resigns, and preempts again like any Backup`() {
        var router = router().promoted()
        #expect(
            router.handle(.yield, at: second(10.5)) == [
                .advertise(.release), .advertise(.release),
                .report(.transition(from: .active, to: .backup)),
                .releaseAddresses,
            ])
        _ = router.handle(.received(advert(1), from: lowerAddress), at: second(11))
        #expect(router.nextWake == second(14.109375))
    }

    @Test func `a Backup takes over at once, and an Active router does nothing`() {
        var router = router().started()
        #expect(router.handle(.yield, at: second(1)) == [])
        #expect(
            router.handle(.takeOver, at: second(1)) == [
                .advertise(priority(100)), .report(.transition(from: .backup, to: .active)),
                .claimAddresses, .announceAddresses(repetitions: 5),
            ])
        #expect(router.handle(.takeOver, at: second(1)) == [])
    }

    @Test func `none that takes no part moves`() {
        var router = router()
        #expect(router.handle(.takeOver, at: second(1)) == [])
        #expect(router.handle(.yield, at: second(1)) == [])
        #expect(router.role == .initialize)
    }
}

@Suite struct `An Active router that stood still` {
    /// Its advertisement was due at 11 s; its peers wait for two more.
    private let late = 13.5

    @Test(arguments: [(13.0, false), (13.001, true)])
    func `it listens if it was away longer than its peers wait`(at: Double, listens: Bool) {
        var router = router().promoted()
        let actions = router.handle(.wake, at: second(at))
        if listens {
            #expect(actions == [.report(.stalled(.milliseconds(2001)))])
            #expect(router.nextWake == second(14.99709375))
        } else {
            #expect(actions == [.advertise(priority(100))])
        }
        #expect(router.role == .active)
    }

    @Test func `what was lost counts, as peers count it`() {
        var router = changed { $0.lostAdvertisements = 5 }.promoted()
        #expect(router.handle(.wake, at: second(14.9)) == [.advertise(priority(100))])
        var other = changed { $0.lostAdvertisements = 1 }.promoted()
        #expect(other.handle(.wake, at: second(12)) == [.advertise(priority(100))])
    }

    @Test func `if it hears nothing it goes on`() {
        var router = router().promoted()
        _ = router.handle(.wake, at: second(late))
        let before = router
        #expect(router.handle(.wake, at: second(15)) == [], "early")
        #expect(router == before)
        #expect(
            router.effects(of: .wake, at: second(15.49609375)) == [
                .advertise(priority(100)), .announceAddresses(repetitions: 5),
            ])
        #expect(router.nextWake == second(16.49609375))
    }

    @Test func `it tells how late it was, whatever it comes back to`() {
        let stalled = VirtualRouter.Observation.stalled(.milliseconds(2500))
        for event in [.wake, .received(advert(90), from: lowerAddress)] as [VirtualRouter.Event] {
            var router = router().promoted()
            #expect(router.observations(of: event, at: second(late)) == [stalled])
        }
    }

    @Test func `it yields to a higher priority without a word`() {
        var router = router().promoted()
        #expect(
            router.effects(of: .received(advert(200), from: lowerAddress), at: second(late)) == [
                .releaseAddresses
            ])
        #expect(router.role == .backup)
    }

    @Test func `a lower priority is answered once all that waited is read`() {
        var router = router().promoted()
        let inferior = VirtualRouter.Event.received(advert(90), from: lowerAddress)
        #expect(router.effects(of: inferior, at: second(late)) == [])
        #expect(router.nextWake == second(late))
        #expect(
            router.effects(of: .wake, at: second(late)) == [
                .advertise(priority(100)), .announceAddresses(repetitions: 5),
            ])
    }

    @Test func `without preemption it leaves the addresses with whoever took over`() {
        var router = changed { $0.preempts = false }.promoted()
        let inferior = VirtualRouter.Event.received(advert(90), from: lowerAddress)
        #expect(router.effects(of: inferior, at: second(late)) == [.releaseAddresses])
        #expect(router.role == .backup)
    }

    @Test func `a router that gives up ends the wait`() {
        var router = router().promoted()
        #expect(
            router.effects(of: .received(advert(0), from: lowerAddress), at: second(late)) == [])
        #expect(router.nextWake == second(late))
    }

    @Test func `it still resigns when it is stopped`() {
        var router = router().promoted()
        _ = router.handle(.wake, at: second(late))
        #expect(
            router.effects(of: .shutdown, at: second(late)) == [
                .advertise(.release), .advertise(.release), .releaseAddresses,
            ])
    }
}

@Suite struct `A Backup that stood still` {
    @Test(arguments: [(7.21875, false), (7.21876, true)])
    func `it waits once more if it was away longer than a peer waits`(at: Double, waits: Bool) {
        var router = router().started()
        _ = router.handle(.wake, at: second(at))
        #expect(router.role == (waits ? .backup : .active))
        guard waits else { return }
        #expect(router.nextWake == second(10.828135))
        _ = router.handle(.wake, at: second(60))
        #expect(router.role == .active, "but only once")
    }

    @Test func `it tells how late it was`() {
        var router = router().started()
        #expect(
            router.handle(.wake, at: second(13.609375)) == [.report(.stalled(.seconds(10)))])
    }

    @Test func `what it hears meanwhile is followed, and it may be late again`() {
        var router = router().started()
        _ = router.handle(.wake, at: second(10))
        _ = router.handle(.received(advert(200), from: higherAddress), at: second(11))
        #expect(router.nextWake == second(14.609375))
        _ = router.handle(.wake, at: second(20))
        #expect(router.role == .backup)
    }
}

@Suite struct `A split that heals` {
    @Test func `the winner tells of it once, however long the loser goes on`() {
        var router = router().promoted()
        let loser = VirtualRouter.Event.received(advert(90), from: lowerAddress)
        let reaffirmed = VirtualRouter.Observation.reaffirmed(against: lowerAddress)
        #expect(router.observations(of: loser, at: second(10.5)).contains(reaffirmed))
        #expect(!router.observations(of: loser, at: second(11.5)).contains(reaffirmed))
        router.pass(to: second(15.1))
        #expect(!router.observations(of: loser, at: second(15.1)).contains(reaffirmed))
        router.pass(to: second(18.7))
        #expect(!router.observations(of: loser, at: second(18.7)).contains(reaffirmed))
        router.pass(to: second(22.4))
        #expect(router.observations(of: loser, at: second(22.4)).contains(reaffirmed))
    }

    @Test func `the last word of a router that was displaced is no split`() {
        var router = router().started()
        let loser = VirtualRouter.Event.received(advert(90), from: lowerAddress)
        _ = router.handle(loser, at: second(3))
        _ = router.handle(.wake, at: second(3.609375))
        #expect(
            router.observations(of: loser, at: second(3.61)) == [
                .inferiorAnswered(priority(90), from: lowerAddress, own: priority(100))
            ])
    }

    @Test func `two owners are reported by both`() {
        let other = VirtualRouter.Event.received(advert(255), from: lowerAddress)
        var winner = router(priority: 255).started()
        #expect(winner.observations(of: other, at: second(1)).contains(.anotherOwner(lowerAddress)))
        var loser = router(priority: 255).started()
        let higher = VirtualRouter.Event.received(advert(255), from: higherAddress)
        #expect(
            loser.observations(of: higher, at: second(1)).contains(.anotherOwner(higherAddress)))
        var backup = router(priority: 100).promoted()
        #expect(
            !backup.observations(of: other, at: second(11)).contains(.anotherOwner(lowerAddress)))
    }
}

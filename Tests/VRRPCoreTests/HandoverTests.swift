import Testing
import VRRPCore

@Suite struct `Restoring addresses` {
    @Test func `five within ten seconds, the sixth is refused`() {
        var record = RestorationRecord<String>()
        let granted = [0.0, 1, 2, 3, 4, 9.999].map { record.grant("a", at: second($0)) }
        #expect(granted == [true, true, true, true, true, false])
    }

    @Test func `each counts for ten seconds`() {
        var record = RestorationRecord<String>()
        for start in [0.0, 1, 2, 3, 4] { _ = record.grant("a", at: second(start)) }
        let granted = [10.0, 10.5, 11].map { record.grant("a", at: second($0)) }
        #expect(granted == [true, false, true])
    }

    @Test func `each thing counts by itself, and is forgotten after ten seconds`() {
        var record = RestorationRecord<Int>()
        for part in 0..<6 {
            let isGranted = record.grant(part, at: second(1))
            #expect(isGranted)
        }
        for _ in 0..<4 { _ = record.grant(0, at: second(2)) }
        let granted = [record.grant(0, at: second(3)), record.grant(1, at: second(3))]
        #expect(granted == [false, true])
        var fresh = RestorationRecord<Int>()
        _ = fresh.grant(9, at: second(12))
        _ = record.grant(9, at: second(20))
        _ = record.grant(9, at: second(40))
        _ = fresh.grant(9, at: second(40))
        #expect(record == fresh)
    }
}

@Suite struct `Giving way` {
    /// Became Active at 3.609375 s with priority 100.
    private func activeRouter(_ number: UInt8 = 100) -> VirtualRouter {
        var active = router(priority: number)
        _ = active.handle(.startup, at: second(0))
        _ = active.handle(.wake, at: second(4))
        return active
    }

    @Test func `an Active router resigns and watches`() {
        var active = activeRouter()
        let actions = active.giveWay(deferring: .untilNeeded, at: second(5))
        #expect(
            actions == [
                .advertise(priority(0)), .advertise(priority(0)),
                .report(.transition(from: .active, to: .backup)), .releaseAddresses,
            ])
        #expect(active.role == .backup)
        #expect(active.nextWake == second(8.609375))
        #expect(active.isDeferring(at: second(5)))
    }

    @Test func `who defers to nobody is back once others had their time, and preempts`() {
        var active = activeRouter()
        _ = active.giveWay(deferring: .none, at: second(5))
        // An interval, and 156/256 of one.
        #expect(active.nextWake == second(6.609375))
        let actions = active.handle(.received(advert(99), from: higherAddress), at: second(5.5))
        #expect(actions == [.report(.inferiorDiscarded(priority(99), from: higherAddress))])
        #expect(active.nextWake == second(6.609375))
        _ = active.handle(.received(advert(101), from: higherAddress), at: second(6))
        #expect(active.nextWake == second(9.609375))
    }

    @Test func `it follows a lower priority instead of preempting`() {
        var active = activeRouter()
        _ = active.giveWay(deferring: .untilNeeded, at: second(5))
        let actions = active.handle(.received(advert(90), from: lowerAddress), at: second(6))
        #expect(actions == [])
        #expect(active.nextWake == second(9.609375))
    }

    @Test(
        arguments: [
            (VirtualRouter.Deference.until(second(65)), Duration.zero, Duration.seconds(54)),
            (.until(second(12)), .seconds(10), .seconds(10)), (.untilNeeded, .seconds(10), nil),
        ] as [(VirtualRouter.Deference, Duration, Duration?)])
    func `it says for how long it leaves a lower priority alone`(
        deference: VirtualRouter.Deference, delay: Duration, left: Duration?
    ) {
        var active = router { $0.preemptDelay = delay }.promoted()
        _ = active.giveWay(deferring: deference, at: second(11))
        _ = active.handle(.received(advert(90), from: lowerAddress), at: second(11))
        #expect(active.preemptionCountdown(at: second(11)) == left)
    }

    @Test func `an owner keeps no delay, and says so`() {
        var owner = router(priority: 255) { $0.preemptDelay = .seconds(10) }.promoted()
        _ = owner.giveWay(deferring: .until(second(20)), at: second(11))
        _ = owner.handle(.received(advert(90), from: lowerAddress), at: second(12))
        #expect(owner.preemptionCountdown(at: second(12)) == .seconds(8))
        #expect(owner.preemptionCountdown(at: second(20)) == nil)
    }

    @Test func `it takes over when nobody else does, and preempts again from then on`() {
        var active = activeRouter()
        _ = active.giveWay(deferring: .untilNeeded, at: second(5))
        _ = active.handle(.wake, at: second(8.609375))
        #expect(active.role == .active)
        #expect(!active.isDeferring(at: second(9)))
    }

    @Test func `for want of something, once, and not again where nobody else served`() throws {
        var configuration = router(priority: 100).configuration
        configuration.joinListening = nil
        var group = SyncGroup([configuration])
        _ = group.handle(.startup, for: 0, at: second(0))
        _ = group.wake(at: second(3.609375))
        #expect(group.giveWayForWant(at: second(5))?.count == 4)
        #expect(group.role == .backup)
        // As long as anybody serves.
        _ = group.handle(.received(advert(90), from: lowerAddress), for: 0, at: second(1000))
        _ = group.handle(.received(advert(90), from: lowerAddress), for: 0, at: second(1001))
        #expect(group.role == .backup)
        _ = group.wake(at: second(1004.609375))
        #expect(group.role == .active)
        #expect(group.giveWayForWant(at: second(1005)) == nil)
        #expect(group.role == .active)
        // After somebody else has been Active, it may be otherwise.
        _ = group.handle(.received(advert(150), from: lowerAddress), for: 0, at: second(1006))
        _ = group.wake(at: second(1009.609375))
        #expect(group.role == .active)
        #expect(group.giveWayForWant(at: second(1010))?.count == 4)
    }

    @Test func `deference ends at its instant`() {
        var active = activeRouter()
        _ = active.giveWay(deferring: .until(second(65)), at: second(5))
        _ = active.handle(.received(advert(90), from: lowerAddress), at: nanosecond(64_999_999_999))
        #expect(active.nextWake == nanosecond(68_609_374_999))
        _ = active.handle(.received(advert(90), from: lowerAddress), at: second(65))
        #expect(active.nextWake == nanosecond(68_609_374_999))
    }

    @Test func `an owner that gave way waits too, after a fault as well`() {
        var owner = router(priority: 255)
        _ = owner.handle(.startup, at: second(0))
        _ = owner.giveWay(deferring: .untilNeeded, at: second(1))
        #expect(owner.role == .backup)
        _ = owner.handle(.shutdown, at: second(2))
        _ = owner.handle(.startup, at: second(3))
        #expect(owner.role == .backup)
    }
}

@Suite struct `Taking over` {
    /// A Backup of `number` that follows an Active router at the higher address.
    private func backup(_ number: UInt8, following other: UInt8) -> VirtualRouter {
        var backup = router(priority: number, preempts: false)
        _ = backup.handle(.startup, at: second(0))
        _ = backup.handle(.received(advert(other), from: higherAddress), at: second(1))
        return backup
    }

    @Test func `the priority rises above the Active router's`() throws {
        var taker = backup(100, following: 150)
        let actions = try taker.takeOver(at: second(2))
        #expect(
            actions == [
                .report(.priorityChanged(from: priority(100), to: priority(151))),
                .advertise(priority(151)), .report(.transition(from: .backup, to: .active)),
                .claimAddresses, .announceAddresses(repetitions: 5),
            ])
        #expect(taker.raise == 51)
    }

    @Test func `a priority that wins already stays`() throws {
        var taker = backup(100, following: 99)
        let actions = try taker.takeOver(at: second(2))
        #expect(actions.first == .advertise(priority(100)))
        #expect(taker.raise == 0)
    }

    @Test func `an equal priority at the higher address is outranked by one`() throws {
        var taker = backup(100, following: 100)
        _ = try taker.takeOver(at: second(2))
        #expect(taker.priority == priority(101))
    }

    @Test func `trackers go on counting on the raised priority`() throws {
        var taker = backup(100, following: 150)
        _ = try taker.takeOver(at: second(2))
        _ = taker.handle(.priorityChanged(priority(80)), at: second(3))
        #expect(taker.priority == priority(131))
    }

    @Test func `the raise ends when the router is Active no more`() throws {
        var taker = backup(100, following: 150)
        _ = try taker.takeOver(at: second(2))
        _ = taker.handle(.priorityChanged(priority(80)), at: second(3))
        let actions = taker.handle(.received(advert(150), from: higherAddress), at: second(4))
        #expect(
            actions.last == .report(.priorityChanged(from: priority(131), to: priority(80))))
        #expect(taker.raise == 0)
        // 4 s + 3 s + (256 - 80) / 256 s
        #expect(taker.nextWake == second(7.6875))
    }

    @Test func `an owner can't be displaced`() {
        var taker = backup(254, following: 255)
        let before = taker
        #expect(throws: VirtualRouter.TakeoverRefusal.self) {
            _ = try taker.takeOver(at: second(2))
        }
        #expect(taker == before)
    }

    @Test func `a router in fault refuses`() {
        var taker = router()
        #expect(throws: VirtualRouter.TakeoverRefusal.takesNoPart) {
            _ = try taker.takeOver(at: second(2))
        }
    }

    @Test func `a takeover ends deference`() throws {
        var taker = router(priority: 100)
        _ = taker.handle(.startup, at: second(0))
        _ = taker.giveWay(deferring: .untilNeeded, at: second(1))
        _ = try taker.takeOver(at: second(2))
        #expect(taker.role == .active)
        #expect(!taker.isDeferring(at: second(2)))
    }
}

import Testing
import VRRPCore

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.4.2 Backup` {
    @Test func `it takes over when the timer fires`() {
        var router = router().started()
        #expect(
            router.handle(.wake, at: second(3.609375)) == [
                .report(.activeDownTimerExpired), .advertise(priority(100)),
                .report(.transition(from: .backup, to: .active)), .claimAddresses,
                .announceAddresses(repetitions: 5),
            ])
        #expect(router.role == .active)
        #expect(router.nextWake == second(4.609375))
    }

    @Test func `an early wake changes nothing`() {
        var router = router().started()
        let before = router
        #expect(router.handle(.wake, at: nanosecond(3_609_374_999)) == [])
        #expect(router == before)
    }

    @Test func `shutdown is silent`() {
        var router = router().started()
        #expect(
            router.handle(.shutdown, at: second(1)) == [
                .report(.transition(from: .backup, to: .initialize))
            ])
        #expect(router.state == .initialize)
    }

    @Test func `priority 0 leaves only the skew, whoever sends it`() {
        var router = router().started()
        #expect(
            router.handle(.received(advert(0), from: lowerAddress), at: second(1)) == [
                .report(.releaseReceived(from: lowerAddress))
            ])
        #expect(router.nextWake == second(1.609375))
    }

    @Test func `priority 0 takes the interval that was learned, not its own`() {
        var router = router().started()
        _ = router.handle(
            .received(advert(200, interval: version3(10)), from: higherAddress), at: second(1))
        _ = router.handle(
            .received(advert(0, interval: version3(400)), from: higherAddress), at: second(1.1))
        #expect(router.nextWake == second(1.1609375))
    }

    @Test(arguments: [1, 100, 254] as [UInt8])
    func `the wait after a release keeps the order in a fraction of the skew`(number: UInt8) {
        var router = router(priority: number) { $0.longestReleaseSkew = .milliseconds(10) }
            .started()
        _ = router.handle(.received(advert(254), from: higherAddress), at: second(1))
        _ = router.handle(.received(advert(0), from: higherAddress), at: second(2))
        let wait: [UInt8: Duration] = [
            1: .nanoseconds(9_960_937.5), 100: .nanoseconds(6_093_750), 254: .nanoseconds(78_125),
        ]
        #expect(router.nextWake == second(2) + wait[number]!)
    }

    @Test func `a skew that is shorter stays`() {
        let own = version3(1)
        var router = router(interval: own) { $0.longestReleaseSkew = .seconds(1) }.started()
        _ = router.handle(.received(advert(254, interval: own), from: higherAddress), at: second(0))
        _ = router.handle(
            .received(advert(0, interval: own), from: higherAddress), at: second(0.01))
        #expect(router.nextWake == second(0.01) + .milliseconds(10) * 156 / 256)
    }

    @Test func `a late word of a router that was replaced shortens nothing`() {
        var router = router { $0.longestReleaseSkew = .milliseconds(10) }.started()
        _ = router.handle(.received(advert(254), from: higherAddress), at: second(1))
        _ = router.handle(.received(advert(0), from: lowerAddress), at: second(2))
        #expect(router.nextWake == second(2.609375))
    }

    @Test(arguments: [100, 101, 255] as [UInt8])
    func `an equal or higher priority restarts the timer, whatever the address`(number: UInt8) {
        for sender in [lowerAddress, higherAddress] {
            var router = router().started()
            #expect(router.handle(.received(advert(number), from: sender), at: second(1)) == [])
            #expect(router.nextWake == second(4.609375))
        }
    }

    @Test(arguments: [1, 98, 99] as [UInt8])
    func `a lower priority leaves a preempting Backup's deadline alone`(number: UInt8) {
        var router = router().started()
        let event = VirtualRouter.Event.received(advert(number), from: higherAddress)
        #expect(
            router.handle(event, at: second(1)) == [
                .report(.inferiorDiscarded(priority(number), from: higherAddress))
            ])
        #expect(router.nextWake == second(3.609375))
    }

    @Test(arguments: [1, 99] as [UInt8])
    func `a lower priority restarts the timer without preemption`(number: UInt8) {
        var router = router(preempts: false).started()
        #expect(router.handle(.received(advert(number), from: lowerAddress), at: second(1)) == [])
        #expect(router.nextWake == second(4.609375))
    }

    @Test func `the owner preempts whatever the configuration says`() {
        var owner = router(priority: 255, preempts: false).promoted()
        let rogue = VirtualRouter.Event.received(advert(255), from: higherAddress)
        _ = owner.handle(rogue, at: second(10.5))
        #expect(owner.role == .backup)
        _ = owner.handle(.received(advert(254), from: lowerAddress), at: second(11))
        #expect(owner.nextWake == second(13.50390625))
    }

    @Test func `the interval is learned from the Active router`() {
        var router = router().started()
        let fast = VirtualRouter.Event.received(
            advert(200, interval: version3(10)), from: higherAddress)
        for _ in 0..<3 { #expect(router.handle(fast, at: second(1)) == []) }
        #expect(
            router.handle(fast, at: second(1)) == [
                .report(.intervalDiffers(version3(10), from: higherAddress, own: version3(100)))
            ], "told at the fourth in a row")
        #expect(router.nextWake == second(1.3609375))
        #expect(router.handle(fast, at: second(1.1)) == [], "reported once for each peer")
    }

    @Test func `other addresses are reported and change nothing`() {
        var router = router().started()
        let others = VirtualAddressList(IPv4Address(192, 0, 2, 101))
        let event = VirtualRouter.Event.received(
            advert(200, addresses: others), from: higherAddress)
        #expect(
            (0..<4).flatMap { _ in router.handle(event, at: second(1)) } == [
                .report(.addressesDiffer(others, from: higherAddress, own: virtualAddresses))
            ])
        #expect(router.nextWake == second(4.609375))
    }

    @Test func `another order of the same addresses is no difference`() throws {
        let (first, last) = (IPv4Address(192, 0, 2, 100), IPv4Address(192, 0, 2, 101))
        var configuration = router().configuration
        configuration.addresses = try #require(VirtualAddressList([first, last]))
        var router = VirtualRouter(configuration: configuration).started()
        let turned = try #require(VirtualAddressList([last, first]))
        let event = VirtualRouter.Event.received(
            advert(200, addresses: turned), from: higherAddress)
        #expect(router.handle(event, at: second(1)) == [])
    }

    @Test func `startup again changes nothing`() {
        var router = router().started()
        let before = router
        #expect(router.handle(.startup, at: second(1)) == [])
        #expect(router == before)
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §6.4.2 Backup` {
    @Test(
        arguments: [(1, 1, 3.609375), (1, 2, 6.609375), (2, 1, 6.609375)]
            as [(UInt8, UInt8, Double)])
    func `the longer of the two intervals is waited for`(own: UInt8, peer: UInt8, wake: Double) {
        var router = router(interval: version2(own)).started()
        let event = VirtualRouter.Event.received(
            advert(200, interval: version2(peer)), from: higherAddress)
        _ = router.handle(event, at: second(0))
        #expect(router.nextWake == second(wake))
    }

    @Test func `another interval is reported`() {
        var router = router(interval: version2(1)).started()
        let event = VirtualRouter.Event.received(
            advert(200, interval: version2(2)), from: higherAddress)
        #expect(
            (0..<4).flatMap { _ in router.observations(of: event, at: second(0)) } == [
                .intervalDiffers(version2(2), from: higherAddress, own: version2(1))
            ])
    }

    @Test func `priority 0 leaves only the skew`() {
        var router = router(interval: version2(10)).started()
        let event = VirtualRouter.Event.received(
            advert(0, interval: version2(10)), from: higherAddress)
        _ = router.handle(event, at: second(1))
        #expect(router.nextWake == second(1.609375))
    }
}

@Suite struct `A Backup whose priority changes` {
    @Test(
        arguments: [(90, 3.6484375), (99, 3.61328125), (101, 3.60546875), (254, 3.0078125)]
            as [(UInt8, Double)])
    func `its deadline moves by the difference of the skew times`(number: UInt8, wake: Double) {
        var router = router().started()
        #expect(
            router.handle(.priorityChanged(priority(number)), at: second(1)) == [
                .report(.priorityChanged(from: priority(100), to: priority(number)))
            ])
        #expect(router.nextWake == second(wake))
        #expect(router.priority == priority(number))
    }

    @Test func `the same priority, and priority 0, change nothing`() {
        var router = router().started()
        let before = router
        #expect(router.handle(.priorityChanged(priority(100)), at: second(1)) == [])
        #expect(router.handle(.priorityChanged(.release), at: second(1)) == [])
        #expect(router == before)
    }

    @Test func `it compares with the new priority`() {
        var router = router().started()
        _ = router.handle(.priorityChanged(priority(80)), at: second(0))
        _ = router.handle(.received(advert(90), from: lowerAddress), at: second(1))
        #expect(router.nextWake == second(4.6875))
    }
}

import Testing
import VRRPCore

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.4.1 Initialize` {
    @Test func `startup of a router that backs up waits the Active_Down_Interval`() {
        var router = router()
        #expect(
            router.handle(.startup, at: second(5)) == [
                .report(.transition(from: .initialize, to: .backup))
            ])
        #expect(router.role == .backup)
        #expect(router.nextWake == second(8.609375))
    }

    @Test func `startup of the owner takes over at once`() {
        var router = router(priority: 255)
        #expect(
            router.handle(.startup, at: second(5)) == [
                .advertise(.owner), .report(.transition(from: .initialize, to: .active)),
                .claimAddresses, .announceAddresses(repetitions: 5),
            ])
        #expect(router.role == .active)
        #expect(router.nextWake == second(6))
    }

    @Test func `nothing else has an effect`() {
        var router = router()
        for event: VirtualRouter.Event in [
            .wake, .shutdown, .received(advert(255), from: higherAddress),
            .received(advert(100, interval: version2(1)), from: higherAddress),
        ] {
            #expect(router.effects(of: event, at: second(5)) == [])
            #expect(router.state == .initialize)
            #expect(router.nextWake == nil)
        }
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §6.4.1 Initialize` {
    @Test func `startup waits three seconds and the skew at 1 s and priority 100`() {
        var router = router(interval: version2(1))
        _ = router.handle(.startup, at: second(0))
        #expect(router.nextWake == second(3.609375))
    }
}

@Suite struct `What a router sends` {
    @Test func `the advertisement carries the configuration`() {
        let router = router(priority: 100, interval: version3(25))
        #expect(
            router.advertisement(priority: .release)
                == Advertisement(
                    vrid: VRID(51)!, priority: Priority(rawValue: 0), interval: version3(25),
                    addresses: VirtualAddressList(IPv4Address(192, 0, 2, 100))))
    }
}

@Suite struct `What a router refuses` {
    @Test(arguments: [false, true])
    func `the other version is refused, in Backup and in Active`(isActive: Bool) {
        var router = isActive ? router().promoted() : router().started()
        let before = router
        let event = VirtualRouter.Event.received(
            advert(255, interval: version2(1)), from: higherAddress)
        #expect(
            router.handle(event, at: second(10)) == [
                .report(.rejected(.version(.v2, expected: .v3)))
            ])
        #expect(router == before)
    }

    @Test(arguments: [false, true])
    func `another VRID is refused, in Backup and in Active`(isActive: Bool) throws {
        var router = isActive ? router().promoted() : router().started()
        let before = router
        let other = try #require(VRID(52))
        let event = VirtualRouter.Event.received(advert(255, vrid: other), from: higherAddress)
        #expect(
            router.handle(event, at: second(10)) == [
                .report(.rejected(.vrid(other, expected: vrid51)))
            ])
        #expect(router == before)
    }

    @Test(arguments: [0, 99, 100, 255] as [UInt8])
    func `an advertisement from the own address is refused, whatever it says`(number: UInt8) {
        for state in [router().started(), router().promoted()] {
            var router = state
            #expect(
                router.handle(.received(advert(number), from: ownAddress), at: second(10)) == [
                    .report(.rejected(.ownAddress(ownAddress)))
                ])
            #expect(router == state)
        }
    }
}

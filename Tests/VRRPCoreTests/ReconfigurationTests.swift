import Testing
import VRRPCore

@Suite struct `Another configuration` {
    @Test func `the same one changes nothing`() {
        var router = router().promoted()
        let before = router
        #expect(router.reconfigure(before.configuration, at: second(10.5)) == [])
        #expect(router == before)
    }

    @Test func `a Backup waits anew by another interval`() {
        var router = router().started()
        var next = router.configuration
        next.interval = version3(10)
        #expect(router.reconfigure(next, at: second(1)) == [])
        // 3 · 0.1 s + 156/256 · 0.1 s
        #expect(router.nextWake == nanosecond(1_360_937_500))
    }

    @Test func `a Backup's deadline stays if its interval does`() {
        var router = router().started()
        var next = router.configuration
        next.preempts = false
        #expect(router.reconfigure(next, at: second(1)) == [])
        #expect(router.nextWake == nanosecond(3_609_375_000))
        #expect(router.configuration.preempts == false)
    }

    @Test func `an Active router says at once at which interval it now sends`() {
        var router = router().promoted()
        var next = router.configuration
        next.interval = version3(50)
        #expect(router.reconfigure(next, at: second(10.25)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(10.75))
    }

    @Test func `with the end of a stall it listens first`() {
        var router = router().promoted()
        var next = router.configuration
        next.preempts = false
        next.interval = version3(50)
        #expect(
            router.reconfigure(next, at: second(20)) == [.report(.stalled(.seconds(9)))])
        // Who took over meanwhile is left alone.
        _ = router.handle(.received(advert(50), from: lowerAddress), at: second(20.25))
        #expect(router.role == .backup)
    }

    @Test func `an Active router claims and announces other addresses`() {
        var router = router().promoted()
        var next = router.configuration
        next.addresses = VirtualAddressList(IPv4Address(192, 0, 2, 101))
        #expect(
            router.reconfigure(next, at: second(10.25)) == [
                .advertise(priority(100)), .claimAddresses, .announceAddresses(repetitions: 5),
            ])
        guard case .active(let tenure) = router.state else {
            Issue.record("no longer Active")
            return
        }
        #expect(tenure.announcement?.at == second(15.25))
    }

    @Test func `the effective priority stays`() {
        var router = router().promoted()
        var next = router.configuration
        next.priority = priority(150)
        #expect(router.reconfigure(next, at: second(10.25)) == [.advertise(priority(100))])
        #expect(router.priority == priority(100))
    }

    @Test func `what would be another router to its peers is refused`() {
        var router = router().promoted()
        let before = router
        var version = before.configuration
        version.interval = version2(1)
        var vrid = before.configuration
        vrid.vrid = literal(VRID(52))
        var address = before.configuration
        address.primaryAddress = higherAddress
        for next in [version, vrid, address] {
            #expect(router.reconfigure(next, at: second(10.5)) == nil)
            #expect(router == before)
        }
    }
}

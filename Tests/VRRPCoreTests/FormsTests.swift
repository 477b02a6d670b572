import Testing
import VRRPCore

private let others = VirtualAddressList(IPv4Address(192, 0, 2, 101))

/// How a router is heard that lists ``others``, or advertises every `seconds`.
private func heard(
    _ number: UInt8 = 90, _ interval: AdvertisementInterval = version3(100),
    _ addresses: VirtualAddressList = others, from sender: IPAddress = lowerAddress
) -> VirtualRouter.Event {
    .received(advert(number, interval: interval, addresses: addresses), from: sender)
}

extension VirtualRouter {
    /// What goes out about an event: priority, interval and addresses of each advertisement.
    fileprivate mutating func said(about event: Event, at now: Instant) -> [Advertisement] {
        handle(event, at: now).compactMap { action in
            switch action {
            case .advertise(let priority): advertisement(priority: priority)
            case .echo(let priority, let form): advertisement(priority: priority, in: form)
            default: nil
            }
        }
    }
}

private let own = advert(100)
private let theirs = advert(100, addresses: others)

@Suite struct `Beside a router that drops what this one says` {
    @Test func `one that lists other addresses is answered in its own form, and in this one's`() {
        var router = router().promoted()
        #expect(router.spokenForms == [])
        #expect(router.said(about: heard(), at: second(10.5)) == [theirs, own])
        #expect(router.spokenForms.map(\.addresses) == [others])
        #expect(router.nextWake == second(11), "no slower than before")
        #expect(router.said(about: .wake, at: second(11)) == [theirs, own], "each interval")
    }

    @Test func `another order of the same addresses is the same list`() {
        let (one, two) = (IPv4Address(192, 0, 2, 100), IPv4Address(192, 0, 2, 101))
        var configuration = router().configuration
        configuration.addresses = literal(VirtualAddressList([one, two]))
        var router = VirtualRouter(configuration: configuration).promoted()
        let other = heard(90, version3(100), literal(VirtualAddressList([two, one])))
        #expect(router.said(about: other, at: second(10.5)).count == 1)
    }

    @Test func `in version 2 the form has the other's interval too, and the pace suits both`() {
        let (one, ten) = (version2(1), version2(10))
        var router = router(interval: ten).promoted()
        let said = router.said(about: heard(90, one), at: second(12))
        #expect(
            said == [
                advert(100, interval: one, addresses: others), advert(100, interval: ten),
            ])
        #expect(router.nextWake == second(13))
        var fast = VirtualRouter(configuration: VRRPCoreTests.router(interval: one).configuration)
            .promoted()
        _ = fast.handle(heard(90, ten, virtualAddresses), at: second(10.5))
        #expect(fast.nextWake == second(11), "no slower than before")
    }

    @Test func `in version 3 another interval alone is no other form`() {
        var router = router().promoted()
        let event = heard(90, version3(200), virtualAddresses)
        #expect(router.said(about: event, at: second(10.5)) == [own])
    }

    @Test func `priority 0 is said in both, twice`() {
        var router = router().promoted()
        _ = router.handle(heard(), at: second(10.5))
        let (release, other) = (advert(0), advert(0, addresses: others))
        var yielding = router
        #expect(
            router.said(about: .shutdown, at: second(10.6)) == [other, release, other, release])
        #expect(
            yielding.said(about: .yield, at: second(10.6)) == [other, release, other, release])
    }

    @Test func `whoever yields says its last word in the winner's form too`() {
        var router = router().promoted()
        #expect(router.said(about: heard(200), at: second(10.5)) == [theirs, own])
    }

    @Test func `one that takes over from such a router speaks its form, should it come back`() {
        var router = router().started()
        _ = router.handle(heard(200), at: second(1))
        #expect(router.said(about: .wake, at: second(4.7)) == [theirs, own])
    }

    @Test func `a form is forgotten with its sender's end, with its correction, and in Backup`() {
        let events: [VirtualRouter.Event] = [
            heard(0), heard(90, version3(100), virtualAddresses),
        ]
        for event in events {
            var router = router().promoted()
            _ = router.handle(heard(), at: second(10.5))
            _ = router.handle(event, at: second(10.9))
            #expect(router.said(about: .wake, at: second(12)) == [own], "\(event)")
        }
        var router = router().promoted()
        _ = router.handle(heard(), at: second(10.5))
        _ = router.handle(.received(advert(200), from: higherAddress), at: second(10.9))
        #expect(router.said(about: .wake, at: second(15)) == [own])
    }

    @Test func `the forms of three senders at most are spoken, each once`() {
        var router = router().promoted()
        for host in 10..<20 as Range<UInt8> {
            let list = VirtualAddressList(IPv4Address(10, 0, 0, host / 2))
            _ = router.handle(
                heard(90, version3(100), list, from: .v4(IPv4Address(192, 0, 2, host))),
                at: second(10.5))
        }
        #expect(
            router.said(about: .wake, at: second(11)).map(\.addresses) == [
                VirtualAddressList(IPv4Address(10, 0, 0, 8)),
                VirtualAddressList(IPv4Address(10, 0, 0, 9)), virtualAddresses,
            ])
    }

    @Test func `another configuration makes its form the own one`() {
        var router = router().promoted()
        _ = router.handle(heard(), at: second(10.5))
        var next = router.configuration
        next.addresses = others
        _ = router.reconfigure(next, at: second(10.6))
        #expect(router.said(about: .wake, at: second(12)) == [theirs])
    }

    @Test func `a Backup is not confused by the forms of others`() {
        var active = router(priority: 101).promoted()
        _ = active.handle(heard(), at: second(10.5))
        var backup = router().started()
        for time in 11...20 {
            for message in active.said(about: .wake, at: second(Double(time))) {
                #expect(
                    backup.handle(.received(message, from: higherAddress), at: second(Double(time)))
                        == [])
            }
        }
        #expect(backup.nextWake == second(23.609375))
    }

    @Test func `before it takes part it learns nothing`() {
        var router = router()
        #expect(router.handle(heard(), at: second(0)) == [.report(.rejected(.takesNoPart))])
    }

    @Test func `differences are told once for each conflict and each form`() {
        var router = router().promoted()
        func told(_ event: VirtualRouter.Event, _ time: Double) -> [VirtualRouter.Observation] {
            router.observations(of: event, at: second(time)).filter { observation in
                if case .addressesDiffer = observation { true } else { false }
            }
        }
        #expect(told(heard(), 10.5).count == 1)
        #expect(told(heard(), 11.5).isEmpty)
        let list = VirtualAddressList(IPv4Address(10, 0, 0, 1))
        #expect(told(heard(90, version3(100), list), 12.5).count == 1)
    }
}

@Suite struct `Answers in number` {
    @Test func `announcements that answers cause come once a second at most, the last one too`() {
        var router = router().promoted()
        var times: [Double] = []
        for step in 0..<100 {
            let now = 20 + Double(step) / 100
            router.pass(to: second(now))
            let effects = router.effects(
                of: .received(advert(99), from: lowerAddress), at: second(now))
            if effects.contains(.announceAddresses(repetitions: 5)) { times.append(now) }
        }
        #expect(times == [20])
        // What was left out is made up for.
        #expect(router.nextWake.map { $0 <= second(21) } == true)
        #expect(
            router.effects(of: .wake, at: second(21)).contains(
                .announceAddresses(repetitions: 5)))
        #expect(
            !router.effects(of: .received(advert(99), from: lowerAddress), at: second(21.5))
                .contains(.announceAddresses(repetitions: 5)))
    }

    @Test func `a limit lets eight through, then one in ten seconds`() {
        var limit = RateLimit()
        let admitted = (0..<1000).map { limit.admit(at: second(Double($0) / 100)) }
        #expect(admitted.count { $0 } == 8)
        let later = [10.1, 10.2, 20.2].map { limit.admit(at: second($0)) }
        #expect(later == [true, false, true])
    }
}

@Suite struct `Lists that a link carries` {
    @Test(
        arguments: [
            (1500, VRRPVersion.v3, AddressFamily.ipv4, 0, 255), (1500, .v3, .ipv6, 0, 90),
            (1500, .v3, .ipv6, 28, 89), (1000, .v3, .ipv4, 0, 243), (1000, .v2, .ipv4, 0, 241),
            (1000, .v3, .ipv4, 28, 236), (1280, .v3, .ipv6, 0, 77), (9000, .v3, .ipv6, 0, 255),
            (40, .v3, .ipv4, 28, 0),
        ])
    func `as many as fit behind the headers`(
        bytes: Int, version: VRRPVersion, family: AddressFamily, trailer: Int, count: Int
    ) {
        #expect(
            Advertisement.addressLimit(
                byteLimit: bytes, version: version, family: family, trailerByteCount: trailer)
                == count)
    }
}

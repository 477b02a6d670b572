import Testing
import VRRPCore

// The names begin with the requirement's id and `accept` or `refuse`; dev/conformance-table reads
// them. `refuse` is what must not happen, or must have no effect.

private let good = "313364010064a865c0000201"
private let good2 = "213364010001b8c8c00002010000000000000000"
private let good6 =
    "3133640200643ffafe80000000000000000000000000000120010db8000000000000000000000001"
private let linkLocal = literal(IPAddress("fe80::2"))

private func refused(_ message: String, timeToLive: UInt8 = 255) -> DecodeError? {
    do throws(DecodeError) {
        let whole = datagram(bytes(message), timeToLive: timeToLive)
        _ = try ReceivedAdvertisement(decoding: whole.span)
        return nil
    } catch {
        return error
    }
}

private func refused6(_ message: String, hopLimit: UInt8 = 255) -> DecodeError? {
    do throws(DecodeError) {
        let message = bytes(message)
        _ = try ReceivedAdvertisement(
            decodingMessage: message.span,
            header: IPHeader(source: linkLocal, hopLimit: hopLimit))
        return nil
    } catch {
        return error
    }
}

private func heard(_ number: UInt8, from sender: IPAddress = lowerAddress) -> VirtualRouter.Event {
    .received(advert(number), from: sender)
}

private func heard2(
    _ number: UInt8, from sender: IPAddress = lowerAddress, seconds: UInt8 = 1
) -> VirtualRouter.Event {
    .received(advert(number, interval: version2(seconds)), from: sender)
}

private func channel(
    _ change: (inout AdvertisementChannel.Settings) -> Void = { _ in }
)
    -> AdvertisementChannel
{
    var settings = AdvertisementChannel.Settings(vrid: vrid51, version: .v3, source: ownAddress)
    change(&settings)
    return AdvertisementChannel(settings: settings)
}

@Suite(.tags(.rfc9568)) struct `Conformance RFC 9568 messages` {
    @Test func `9568-5.1.1.3-2 accept TTL 255`() { #expect(refused(good) == nil) }
    @Test func `9568-5.1.1.3-2 refuse TTL 254`() {
        #expect(refused(good, timeToLive: 254) == .timeToLive(254, expected: 255...255))
    }
    @Test func `9568-5.1.2.3-2 accept Hop Limit 255`() { #expect(refused6(good6) == nil) }
    @Test func `9568-5.1.2.3-2 refuse Hop Limit 254`() {
        #expect(refused6(good6, hopLimit: 254) == .timeToLive(254, expected: 255...255))
    }
    @Test func `9568-5.2.2-1 9568-7.1-2 accept type 1`() { #expect(refused(good) == nil) }
    @Test func `9568-5.2.2-1 9568-7.1-2 refuse type 2`() {
        #expect(refused("323364010064a765c0000201") == .type(2))
    }
    @Test func `9568-5.2.4-1 accept an owner advertises 255`() {
        var owner = router(priority: 255)
        #expect(owner.effects(of: .startup, at: second(0)).first == .advertise(priority(255)))
    }
    @Test func `9568-5.2.4-1 refuse weights change an owner`() {
        let lowered = TrackerStanding(weight: -100, verdict: .failed)
        #expect(EffectivePriority(base: .owner, trackers: [lowered]) == .priority(.owner))
    }
    @Test func `9568-5.2.4-2 accept 1 and 254`() {
        #expect(Priority(1)?.rawValue == 1)
        #expect(Priority(254)?.rawValue == 254)
    }
    @Test func `9568-5.2.4-2 refuse weights lead to 0 or 255`() {
        let up = TrackerStanding(weight: 200, verdict: .good)
        let down = TrackerStanding(weight: -200, verdict: .failed)
        #expect(EffectivePriority(base: .default, trackers: [up]) == .priority(priority(254)))
        #expect(EffectivePriority(base: .default, trackers: [down]) == .priority(priority(1)))
        #expect(Priority(0) == nil)
    }
    @Test func `9568-5.2.5-1 accept one address`() { #expect(refused(good) == nil) }
    @Test func `9568-5.2.5-1 refuse no address`() {
        #expect(refused("3133640000646a68") == .noAddresses)
        #expect(VirtualAddressList([] as [IPv4Address]) == nil)
    }
    @Test func `9568-5.2.6-1 accept reserved bits that are set`() throws {
        #expect(
            try decodeMessage("31336401f064b864c0000201").advertisement.interval == version3(100))
    }
    @Test func `9568-5.2.6-1 refuse to send reserved bits`() {
        let sent = advert(100, interval: version3(4095)).encoded(source: ownAddress)
        #expect(sent[4] == 0x0F)
    }
    @Test func `9568-5.2.8-1 accept a right checksum`() { #expect(refused(good) == nil) }
    @Test func `9568-5.2.8-1 refuse a wrong checksum`() {
        #expect(
            refused("313364010064a866c0000201") == .checksum(found: 0xA866, expected: 0xA865))
    }
    @Test func `9568-5.2.8-2 accept the message alone`() throws {
        #expect(try decodeMessage(good).coverage == .message)
    }
    @Test func `9568-5.2.8-2 refuse a pseudo-header of another destination`() {
        #expect(refused("31336401006405d5c0000201")?.cause == .checksum)
    }
    @Test func `9568-5.2.8-3 accept the pseudo-header`() { #expect(refused6(good6) == nil) }
    @Test func `9568-5.2.8-3 refuse the message alone`() {
        let message = good6.prefix(12) + "3e2a" + good6.dropFirst(16)
        #expect(refused6(String(message))?.cause == .checksum)
    }
    @Test func `9568-5.2.9-1 9568-6.1-4 9568-7.1-13 accept a link-local address first`() throws {
        var channel = channel { $0.source = literal(IPAddress("fe80::9")) }
        let message = bytes(good6)
        _ = try channel.receive(
            message.span, header: IPHeader(source: linkLocal),
            at: Timestamp(seconds: 0, fraction: 0))
    }
    @Test func `9568-5.2.9-1 9568-6.1-4 9568-7.1-13 refuse to pass over another in silence`() throws
    {
        let list = VirtualAddressList(literal(IPAddress("2001:db8::1")))
        #expect(!list.beginsAsRequired)
        let message = advert(100, addresses: list).encoded(source: linkLocal)
        var channel = channel { $0.source = literal(IPAddress("fe80::9")) }
        _ = try channel.receive(
            message.span, header: IPHeader(source: linkLocal),
            at: Timestamp(seconds: 0, fraction: 0))
        let frame =
            bytes("33330000001200005e00023386dd60000000") + [0, UInt8(message.count), 112, 255]
            + linkLocal.octets + bytes("ff020000000000000000000000000012") + message
        let packet = CapturedPacket(linkType: .ethernet, nanosecondsSince1970: 0, bytes: frame)
        #expect(
            PacketExplanation(packet)?.remarks
                == [.firstAddress(literal(IPAddress("2001:db8::1")))])
    }
    @Test func `9568-5.2.9-2 accept addresses of the header's family`() throws {
        #expect(try decodeMessage(good).advertisement.addresses.family == .ipv4)
    }
    @Test func `9568-5.2.9-2 refuse a list of both families`() {
        #expect(VirtualAddressList([ownAddress, linkLocal]) == nil)
    }
    @Test func `9568-7.1-1 accept version 3`() { #expect(refused(good) == nil) }
    @Test func `9568-7.1-1 refuse version 4, and version 2 in a router of 3`() {
        #expect(refused("41" + good.dropFirst(2)) == .version(4))
        var router = router().started()
        #expect(
            router.observations(of: heard2(200), at: second(1)) == [
                .rejected(.version(.v2, expected: .v3))
            ])
    }
    @Test func `9568-7.1-3 accept a complete packet`() { #expect(refused(good) == nil) }
    @Test func `9568-7.1-3 refuse one byte less`() {
        #expect(refused(String(good.dropLast(2))) == .truncated(byteCount: 11, expected: 12))
    }
    @Test func `9568-7.1-4 accept the configured VRID`() {
        var router = router().started()
        _ = router.handle(heard(200), at: second(1))
        #expect(router.nextWake == second(4.609375))
    }
    @Test func `9568-7.1-4 refuse another VRID`() {
        var router = router().started()
        _ = router.handle(
            .received(advert(200, vrid: literal(VRID(52))), from: lowerAddress), at: second(1))
        #expect(router.nextWake == second(3.609375))
    }
    @Test func `9568-7.1-5 accept an interval of 1`() {
        #expect(refused("313364010001a8c8c0000201") == nil)
    }
    @Test func `9568-7.1-5 refuse an interval of 0`() {
        #expect(refused("313364010000a8c9c0000201") == .zeroInterval)
    }
    @Test func `9568-7.1-6 accept counts what was taken`() throws {
        var channel = channel { $0.source = higherAddress }
        let message = bytes(good)
        _ = try channel.receive(
            message.span, header: IPHeader(source: ownAddress),
            at: Timestamp(seconds: 0, fraction: 0))
        #expect(channel.acceptedCount == 1)
    }
    @Test func `9568-7.1-6 refuse counts the cause`() {
        var channel = channel { $0.source = higherAddress }
        let message = bytes(good)
        _ = try? channel.receive(
            message.span, header: IPHeader(source: ownAddress, hopLimit: 1),
            at: Timestamp(seconds: 0, fraction: 0))
        #expect(channel.refusals[.hopLimit] == 1)
        #expect(channel.acceptedCount == 0)
    }
    @Test func `9568-7.2-1 accept fields of the configuration`() {
        let advertisement = router(interval: version3(25)).advertisement(priority: priority(7))
        #expect(advertisement.vrid == vrid51)
        #expect(advertisement.priority == priority(7))
        #expect(advertisement.interval == version3(25))
        #expect(advertisement.addresses == virtualAddresses)
    }
    @Test func `9568-7.2-1 refuse to tell a learned interval`() {
        var router = router().started()
        _ = router.handle(
            .received(advert(200, interval: version3(10)), from: lowerAddress), at: second(1))
        #expect(router.advertisement(priority: priority(1)).interval == version3(100))
    }
    @Test func `9568-7.2-4 accept the group as destination`() throws {
        var own = channel()
        let messages = try own.messages(for: advert(100), at: Timestamp(seconds: 0, fraction: 0))
        #expect(messages.map(\.destination) == [.v4(IPv4Address(224, 0, 0, 18))])
        let linkLocal = literal(IPAddress("fe80::2"))
        var other = channel { $0 = .init(vrid: vrid51, version: .v3, source: linkLocal) }
        let list = VirtualAddressList(literal(IPAddress("fe80::1")))
        let others = try other.messages(
            for: advert(100, addresses: list), at: Timestamp(seconds: 0, fraction: 0))
        #expect(others.map(\.destination) == [literal(IPAddress("ff02::12"))])
    }
    @Test func `9568-7.2-4 refuse the group where unicast is configured`() throws {
        var own = channel { $0.transport = .unicast([UnicastPeer(address: higherAddress)]) }
        let messages = try own.messages(for: advert(100), at: Timestamp(seconds: 0, fraction: 0))
        #expect(messages.map(\.destination) == [higherAddress])
    }
    @Test func `9568-7.2-5 accept the checksum that was computed`() {
        let list = VirtualAddressList(IPv4Address(192, 0, 2, 1))
        #expect(hexadecimal(advert(100, addresses: list).encoded(source: ownAddress)) == good)
    }
    @Test func `9568-7.2-5 refuse the sum of other fields`() {
        #expect(refused("313363010064a865c0000201")?.cause == .checksum)
    }
    @Test func `9568-3-2 accept the same addresses`() {
        var router = router().started()
        #expect(
            (0..<5).flatMap { _ in router.observations(of: heard(200), at: second(1)) } == [])
    }
    @Test func `9568-3-2 refuse nothing for other addresses, but tell`() {
        var router = router().started()
        let others = VirtualAddressList(IPv4Address(192, 0, 2, 101))
        let event = VirtualRouter.Event.received(
            advert(200, addresses: others), from: lowerAddress)
        #expect(
            (0..<5).flatMap { _ in router.observations(of: event, at: second(1)) }
                == [.addressesDiffer(others, from: lowerAddress, own: virtualAddresses)])
        #expect(router.nextWake == second(4.609375))
    }
}

@Suite(.tags(.rfc9568)) struct `Conformance RFC 9568 states` {
    private let taking: [VirtualRouter.Action] = [
        .claimAddresses, .announceAddresses(repetitions: 5),
    ]

    @Test func `9568-6.4.1-1 accept an owner that starts`() {
        var owner = router(priority: 255)
        #expect(
            owner.effects(of: .startup, at: second(0)) == [.advertise(priority(255))] + taking)
        #expect(owner.nextWake == second(1))
    }
    @Test func `9568-6.4.1-1 refuse 254 as an owner`() {
        var router = router(priority: 254)
        #expect(router.effects(of: .startup, at: second(0)) == [])
        #expect(router.role == .backup)
    }
    @Test func `9568-6.4.1-2 accept Active_Down_Interval`() {
        #expect(router().started().nextWake == second(3.609375))
    }
    @Test func `9568-6.4.1-2 refuse to take over earlier`() {
        var router = router().started()
        #expect(router.handle(.wake, at: nanosecond(3_609_374_999)) == [])
        #expect(router.role == .backup)
    }
    @Test func `9568-6.4.2-6 accept shutdown in Backup`() {
        var router = router().started()
        #expect(router.effects(of: .shutdown, at: second(1)) == [])
        #expect(router.state == .initialize)
    }
    @Test func `9568-6.4.2-6 refuse the old timer`() {
        var router = router().started()
        _ = router.handle(.shutdown, at: second(1))
        #expect(router.nextWake == nil)
        #expect(router.handle(.wake, at: second(4)) == [])
    }
    @Test func `9568-6.4.2-7 accept the timer`() {
        var router = router().started()
        #expect(
            router.effects(of: .wake, at: second(3.609375)) == [.advertise(priority(100))] + taking)
        #expect(router.nextWake == second(4.609375))
    }
    @Test func `9568-6.4.2-7 refuse an early timer`() {
        var router = router().started()
        #expect(router.effects(of: .wake, at: second(3.6)) == [])
    }
    @Test func `9568-6.4.2-8 accept priority 0`() {
        var router = router().started()
        _ = router.handle(heard(0), at: second(1))
        #expect(router.nextWake == second(1.609375))
    }
    @Test func `9568-6.4.2-8 refuse the interval of priority 0`() {
        var router = router().started()
        _ = router.handle(
            .received(advert(0, interval: version3(10)), from: lowerAddress), at: second(1))
        #expect(router.nextWake == second(1.609375))
    }
    @Test func `9568-6.4.2-9 accept an equal priority, and its interval`() {
        var router = router().started()
        _ = router.handle(
            .received(advert(100, interval: version3(10)), from: lowerAddress), at: second(1))
        #expect(router.nextWake == second(1.3609375))
    }
    @Test func `9568-6.4.2-9 refuse a lower one while preempting, not without`() {
        var router1 = router().started()
        _ = router1.handle(heard(99), at: second(1))
        #expect(router1.nextWake == second(3.609375))
        var router2 = router(preempts: false).started()
        _ = router2.handle(heard(99), at: second(1))
        #expect(router2.nextWake == second(4.609375))
    }
    @Test func `9568-6.4.2-10 accept the timer runs on`() {
        var router = router().started()
        _ = router.handle(heard(1), at: second(3))
        _ = router.handle(.wake, at: second(3.609375))
        #expect(router.role == .active)
    }
    @Test func `9568-6.4.2-10 refuse an equal priority as lower`() {
        var router = router().started()
        _ = router.handle(heard(100), at: second(3))
        _ = router.handle(.wake, at: second(3.609375))
        #expect(router.role == .backup)
    }
    @Test func `9568-6.4.3-6 accept traffic as owner or as configured`() {
        #expect(router(priority: 255).configuration.takesTraffic)
        #expect(router().configuration.takesTraffic)
    }
    @Test func `9568-6.4.3-6 refuse to take it from an owner`() {
        var configuration = router(priority: 255).configuration
        configuration.acceptsTraffic = false
        #expect(configuration.takesTraffic)
    }
    @Test func `9568-6.4.3-7 accept Accept_Mode True, the default here`() {
        #expect(router().configuration.takesTraffic)
    }
    @Test func `9568-6.4.3-7 refuse traffic with Accept_Mode False`() {
        var configuration = router().configuration
        configuration.acceptsTraffic = false
        #expect(!configuration.takesTraffic)
    }
    @Test func `9568-6.4.3-8 accept shutdown with priority 0`() {
        var router = router().promoted()
        #expect(
            router.effects(of: .shutdown, at: second(10.5)) == [
                .advertise(.release), .advertise(.release), .releaseAddresses,
            ])
    }
    @Test func `9568-6.4.3-8 refuse the old timer`() {
        var router = router().promoted()
        _ = router.handle(.shutdown, at: second(10.5))
        #expect(router.effects(of: .wake, at: second(11)) == [])
    }
    @Test func `9568-6.4.3-9 accept each interval`() {
        var router = router().promoted()
        #expect(router.effects(of: .wake, at: second(11)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(12))
    }
    @Test func `9568-6.4.3-9 refuse to speak at once after a long stall`() {
        var router = router().promoted()
        #expect(router.effects(of: .wake, at: second(14)) == [])
    }
    @Test func `9568-6.4.3-9 accept a priority that fell late, at once`() {
        var router = router().promoted()
        for moment in 11...60 { _ = router.handle(.wake, at: second(Double(moment))) }
        _ = router.handle(.priorityChanged(priority(90)), at: second(60.5))
        #expect(router.nextWake == second(60.5))
        #expect(router.effects(of: .wake, at: second(60.5)) == [.advertise(priority(90))])
    }
    @Test func `9568-6.4.3-9 refuse to speak for a reload that comes with the end of a stall`() {
        var router = router().promoted()
        var next = router.configuration
        next.interval = version3(50)
        #expect(router.reconfigure(next, at: second(20)) == [.report(.stalled(.seconds(9)))])
        #expect(router.effects(of: .wake, at: second(20.5)) == [])
    }
    @Test func `9568-6.4.3-10 accept priority 0`() {
        var router = router().promoted()
        #expect(router.effects(of: heard(0), at: second(10.5)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(11.5))
    }
    @Test func `9568-6.4.3-10 refuse to leave for priority 0`() {
        var router = router().promoted()
        _ = router.handle(heard(0, from: higherAddress), at: second(10.5))
        #expect(router.role == .active)
    }
    @Test func `9568-6.4.3-11 accept a higher priority, and an equal one of a higher address`() {
        for event in [heard(101), heard(100, from: higherAddress)] {
            var router = router().promoted()
            _ = router.handle(event, at: second(10.5))
            #expect(router.role == .backup)
            #expect(router.nextWake == second(14.109375))
        }
    }
    @Test func `9568-6.4.3-11 refuse an equal one of a lower address`() {
        var router = router().promoted()
        _ = router.handle(heard(100, from: lowerAddress), at: second(10.5))
        #expect(router.role == .active)
    }
    @Test func `9568-6.4.3-12 accept to answer a lower priority at once`() {
        var router = router().promoted()
        #expect(
            router.effects(of: heard(99, from: higherAddress), at: second(10.5)).first
                == .advertise(priority(100)))
        #expect(router.nextWake == second(11))
    }
    @Test func `9568-6.4.3-12 refuse to answer the own address`() {
        var router = router().promoted()
        #expect(router.effects(of: heard(99, from: ownAddress), at: second(10.5)) == [])
    }
}

@Suite(.tags(.rfc3768)) struct `Conformance RFC 3768` {
    private func router2(_ number: UInt8 = 100) -> VirtualRouter {
        router(priority: number, interval: version2(1))
    }

    private let withPassword = "2133640101017b7cc00002017365637265740000"

    private func refused(_ message: String, password: String) -> DecodeError? {
        do throws(DecodeError) {
            var rules = ReceptionRules()
            rules.password = Password(password)
            let whole = datagram(bytes(message))
            _ = try ReceivedAdvertisement(decoding: whole.span, rules: rules)
            return nil
        } catch {
            return error
        }
    }

    @Test func `3768-5.2.3-2 accept TTL 255`() {
        #expect(VRRPCoreTests.refused(good2) == nil)
    }
    @Test func `3768-5.2.3-2 refuse TTL 1`() {
        #expect(
            VRRPCoreTests.refused(good2, timeToLive: 1) == .timeToLive(1, expected: 255...255))
    }
    @Test func `3768-5.3.2-1 accept type 1`() { #expect(VRRPCoreTests.refused(good2) == nil) }
    @Test func `3768-5.3.2-1 refuse type 3`() {
        #expect(VRRPCoreTests.refused("23" + good2.dropFirst(2)) == .type(3))
    }
    @Test func `3768-5.3.6-1 3768-7.1-5 accept the configured type`() {
        #expect(VRRPCoreTests.refused(good2) == nil)
        #expect(refused(withPassword, password: "secret") == nil)
    }
    @Test func `3768-5.3.6-1 3768-7.1-5 refuse another type`() {
        #expect(VRRPCoreTests.refused(withPassword) == .authenticationType(1, expected: 0))
        #expect(refused(good2, password: "secret") == .authenticationType(0, expected: 1))
        #expect(
            VRRPCoreTests.refused("213364010201b6c8c00002010000000000000000")
                == .authenticationType(2, expected: 0))
    }
    @Test func `2338-5.3.6.2-1 accept the password`() {
        #expect(refused(withPassword, password: "secret") == nil)
    }
    @Test func `2338-5.3.6.2-1 refuse another password`() {
        #expect(refused(withPassword, password: "secret1") == .wrongPassword)
    }
    @Test func `3768-6.4.1-1 accept an owner that starts`() {
        var owner = router2(255)
        #expect(owner.effects(of: .startup, at: second(0)).first == .advertise(priority(255)))
    }
    @Test func `3768-6.4.1-1 refuse 254 as an owner`() {
        #expect(router2(254).started().role == .backup)
    }
    @Test func `3768-6.4.1-2 accept Master_Down_Interval`() {
        #expect(router2().started().nextWake == second(3.609375))
    }
    @Test func `3768-6.4.1-2 refuse to take over earlier`() {
        var router = router2().started()
        #expect(router.effects(of: .wake, at: second(3.6)) == [])
    }
    @Test func `3768-6.4.2-6 accept shutdown in Backup`() {
        var router = router2().started()
        #expect(router.effects(of: .shutdown, at: second(1)) == [])
        #expect(router.state == .initialize)
    }
    @Test func `3768-6.4.2-6 refuse the old timer`() {
        var router = router2().started()
        _ = router.handle(.shutdown, at: second(1))
        #expect(router.nextWake == nil)
    }
    @Test func `3768-6.4.2-7 accept the timer`() {
        var router = router2().started()
        #expect(
            router.effects(of: .wake, at: second(3.609375)) == [
                .advertise(priority(100)), .claimAddresses, .announceAddresses(repetitions: 5),
            ])
        #expect(router.nextWake == second(4.609375))
    }
    @Test func `3768-6.4.2-7 refuse an early timer`() {
        var router = router2().started()
        #expect(router.effects(of: .wake, at: nanosecond(3_609_374_999)) == [])
    }
    @Test func `3768-6.4.2-8 accept priority 0`() {
        var router = router2().started()
        _ = router.handle(heard2(0), at: second(1))
        #expect(router.nextWake == second(1.609375))
    }
    @Test func `3768-6.4.2-8 refuse more than the skew for it`() {
        var router = router2().started()
        _ = router.handle(heard2(0), at: second(1))
        _ = router.handle(.wake, at: second(1.61))
        #expect(router.role == .active)
    }
    @Test func `3768-6.4.2-9 accept an equal priority`() {
        var router = router2().started()
        _ = router.handle(heard2(100), at: second(1))
        #expect(router.nextWake == second(4.609375))
    }
    @Test func `3768-6.4.2-9 refuse to learn a shorter interval`() {
        var router = router(interval: version2(5)).started()
        _ = router.handle(heard2(200, seconds: 1), at: second(1))
        #expect(router.nextWake == second(16.609375))
    }
    @Test func `3768-6.4.2-10 accept the timer runs on`() {
        var router = router2().started()
        _ = router.handle(heard2(99), at: second(3))
        #expect(router.nextWake == second(3.609375))
    }
    @Test func `3768-6.4.2-10 refuse an equal priority as lower`() {
        var router = router2().started()
        _ = router.handle(heard2(100), at: second(3))
        #expect(router.nextWake == second(6.609375))
    }
    @Test func `3768-6.4.3-3 accept Accept_Mode, which version 2 has not`() {
        #expect(router2().configuration.takesTraffic)
    }
    @Test func `3768-6.4.3-3 refuse traffic where that is configured`() {
        var configuration = router2().configuration
        configuration.acceptsTraffic = false
        #expect(!configuration.takesTraffic)
    }
    @Test func `3768-6.4.3-4 accept traffic as owner`() {
        #expect(router2(255).configuration.takesTraffic)
    }
    @Test func `3768-6.4.3-4 refuse to take it from an owner`() {
        var configuration = router2(255).configuration
        configuration.acceptsTraffic = false
        #expect(configuration.takesTraffic)
    }
    @Test func `3768-6.4.3-8 accept shutdown with priority 0`() {
        var router = router2().promoted()
        #expect(router.effects(of: .shutdown, at: second(10.5)).first == .advertise(.release))
    }
    @Test func `3768-6.4.3-8 refuse priority 0 from a Backup`() {
        var router = router2().started()
        #expect(router.effects(of: .shutdown, at: second(1)) == [])
    }
    @Test func `3768-6.4.3-9 accept each interval, in whole seconds`() {
        var router = router(interval: version2(2)).promoted()
        #expect(router.effects(of: .wake, at: second(12)) == [.advertise(priority(100))])
        #expect(router.nextWake == second(14))
    }
    @Test func `3768-6.4.3-9 refuse to speak earlier`() {
        var router = router(interval: version2(2)).promoted()
        #expect(router.effects(of: .wake, at: second(11.9)) == [])
    }
    @Test func `3768-6.4.3-10 accept priority 0`() {
        var router = router2().promoted()
        #expect(router.effects(of: heard2(0), at: second(10.5)) == [.advertise(priority(100))])
    }
    @Test func `3768-6.4.3-10 refuse to leave for priority 0`() {
        var router = router2().promoted()
        _ = router.handle(heard2(0), at: second(10.5))
        #expect(router.role == .active)
    }
    @Test func `3768-6.4.3-11 accept a higher priority`() {
        var router = router2().promoted()
        _ = router.handle(heard2(101), at: second(10.5))
        #expect(router.role == .backup)
    }
    @Test func `3768-6.4.3-11 refuse an equal one of a lower address`() {
        var router = router2().promoted()
        _ = router.handle(heard2(100), at: second(10.5))
        #expect(router.role == .active)
    }
    @Test func `3768-6.4.3-12 accept to answer, unlike the RFC`() {
        var router = router2().promoted()
        #expect(
            router.effects(of: heard2(99), at: second(10.5)).first == .advertise(priority(100)))
    }
    @Test func `3768-6.4.3-12 refuse to follow`() {
        var router = router2().promoted()
        _ = router.handle(heard2(99), at: second(10.5))
        #expect(router.role == .active)
    }
    @Test func `3768-7.1-1 accept version 2`() { #expect(VRRPCoreTests.refused(good2) == nil) }
    @Test func `3768-7.1-1 refuse version 3 in a router of 2`() {
        var router = router2().started()
        _ = router.handle(heard(200), at: second(1))
        #expect(router.nextWake == second(3.609375))
    }
    @Test func `3768-7.1-2 accept a complete packet`() {
        #expect(VRRPCoreTests.refused(good2) == nil)
    }
    @Test func `3768-7.1-2 refuse one without its authentication data`() {
        #expect(
            VRRPCoreTests.refused(String(good2.dropLast(2)))
                == .truncated(byteCount: 19, expected: 20))
    }
    @Test func `3768-7.1-3 accept a right checksum`() {
        #expect(VRRPCoreTests.refused(good2) == nil)
    }
    @Test func `3768-7.1-3 refuse the pseudo-header form`() {
        #expect(
            VRRPCoreTests.refused("213364010001162fc00002010000000000000000")
                == .checksum(found: 0x162F, expected: 0xB8C8))
    }
    @Test func `3768-7.1-6 accept counts what was taken`() throws {
        var channel = channel {
            $0.source = higherAddress
            $0.version = .v2
        }
        let message = bytes(good2)
        _ = try channel.receive(
            message.span, header: IPHeader(source: ownAddress),
            at: Timestamp(seconds: 0, fraction: 0))
        #expect(channel.acceptedCount == 1)
    }
    @Test func `3768-7.1-6 refuse counts the cause`() {
        var channel = channel {
            $0.source = higherAddress
            $0.version = .v2
        }
        let message = bytes(String(good2.dropLast(2)))
        _ = try? channel.receive(
            message.span, header: IPHeader(source: ownAddress),
            at: Timestamp(seconds: 0, fraction: 0))
        #expect(channel.refusals[.truncated] == 1)
        #expect(channel.acceptedCount == 0)
    }
    @Test func `3768-7.1-4 accept another owner, which the RFC discards`() {
        var owner = router2(255).started()
        _ = owner.handle(heard2(255, from: higherAddress), at: second(0.5))
        #expect(owner.role == .backup)
    }
    @Test func `3768-7.1-4 refuse another VRID`() {
        var router = router2().started()
        let other = advert(200, interval: version2(1), vrid: literal(VRID(52)))
        _ = router.handle(.received(other, from: lowerAddress), at: second(1))
        #expect(router.nextWake == second(3.609375))
    }
    @Test func `3768-7.1-7 accept other addresses, and tell`() {
        var router = router2().started()
        let others = VirtualAddressList(IPv4Address(192, 0, 2, 101))
        let message = advert(200, interval: version2(1), addresses: others)
        let event = VirtualRouter.Event.received(message, from: lowerAddress)
        #expect(
            (0..<5).flatMap { _ in router.observations(of: event, at: second(1)) }
                == [.addressesDiffer(others, from: lowerAddress, own: virtualAddresses)])
        #expect(router.nextWake == second(4.609375))
    }
    @Test func `3768-7.1-7 refuse to tell of another order`() throws {
        let (one, two) = (IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 2))
        let list = try #require(VirtualAddressList([one, two]))
        #expect(list.namesSameAddresses(as: try #require(VirtualAddressList([two, one]))))
        #expect(!list.namesSameAddresses(as: VirtualAddressList(one)))
    }
    @Test func `3768-7.1-8 accept another interval, and tell`() {
        var router = router2().started()
        #expect(
            (0..<5).flatMap { _ in
                router.observations(of: heard2(200, seconds: 2), at: second(1))
            } == [.intervalDiffers(version2(2), from: lowerAddress, own: version2(1))])
        #expect(router.nextWake == second(7.609375))
    }
    @Test func `3768-7.1-8 refuse to be Active beside it`() {
        var router = router2().promoted()
        _ = router.handle(heard2(200, seconds: 2), at: second(10.5))
        #expect(router.role == .backup)
    }
}

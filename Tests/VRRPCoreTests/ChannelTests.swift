import Testing
import VRRPCore

private func ip(_ text: String) -> IPAddress { literal(IPAddress(text)) }
private let noon = Timestamp(seconds: 1_780_000_000, fraction: 0)
private let good = "313364010064a865c0000201"
private let announced = VirtualAddressList(IPv4Address(192, 0, 2, 1))
private let link = literal(VirtualAddressList([ip("fe80::1"), ip("2001:db8::1")]))

private func settings(
    version: VRRPVersion = .v3, source: IPAddress = ip("192.0.2.9")
) -> AdvertisementChannel.Settings {
    AdvertisementChannel.Settings(vrid: vrid51, version: version, source: source)
}

extension AdvertisementChannel {
    /// Judges a message, in hexadecimal.
    fileprivate mutating func hear(
        _ message: String, from source: String = "192.0.2.2", to destination: String? = nil,
        hopLimit: UInt8 = 255, at now: Timestamp = noon, keys: TestKeys? = nil
    ) throws(AdvertisementRefusal) -> ReceivedAdvertisement {
        let payload = bytes(message)
        return try receive(
            payload.span,
            header: IPHeader(
                source: ip(source), destination: destination.map(ip), hopLimit: hopLimit),
            at: now, using: keys)
    }

    /// Why a message is refused.
    fileprivate mutating func refusal(
        _ message: String, from source: String = "192.0.2.2", to destination: String? = nil,
        hopLimit: UInt8 = 255, keys: TestKeys? = nil
    ) -> AdvertisementRefusal? {
        do throws(AdvertisementRefusal) {
            _ = try hear(
                message, from: source, to: destination, hopLimit: hopLimit, keys: keys)
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct `A multicast channel` {
    @Test func `one message goes to the group`() throws {
        var channel = AdvertisementChannel(settings: settings(source: ip("192.0.2.2")))
        let messages = try channel.messages(for: advert(100, addresses: announced), at: noon)
        #expect(messages.map(\.destination) == [ip("224.0.0.18")])
        #expect(messages.map { hexadecimal($0.payload) } == [good])
    }

    @Test func `what was said last is said anew once anything of it is another`() throws {
        let own = settings(source: ip("192.0.2.2"))
        var channel = AdvertisementChannel(settings: own)
        func said(_ priority: UInt8 = 100) throws -> [String] {
            try channel.messages(for: advert(priority, addresses: announced), at: noon)
                .map { "\($0.destination) \(hexadecimal($0.payload))" }
        }
        #expect(try said() == ["224.0.0.18 \(good)"])
        #expect(try said() == ["224.0.0.18 \(good)"])
        #expect(try said(0) == ["224.0.0.18 3133000100640c66c0000201"])
        #expect(try said() == ["224.0.0.18 \(good)"])
        var unicast = own
        unicast.transport = .unicast([UnicastPeer(address: ip("192.0.2.3"))])
        channel.reconfigure(unicast)
        #expect(try said() == ["192.0.2.3 \(good)"])
        var other = own
        other.coverage = .pseudoHeader
        channel.reconfigure(other)
        #expect(try said() == ["224.0.0.18 31336401006405d4c0000201"])
    }

    @Test func `over IPv6 it is ff02 with 12 at the end`() throws {
        var channel = AdvertisementChannel(settings: settings(source: ip("fe80::2")))
        let messages = try channel.messages(for: advert(100, addresses: link), at: noon)
        #expect(messages.map(\.destination) == [ip("ff02::12")])
    }

    @Test func `what is taken is counted, and its form of checksum is learned`() throws {
        var channel = AdvertisementChannel(settings: settings())
        #expect(channel.coverage == .message)
        _ = try channel.hear("31336401006405d4c0000201")
        #expect(channel.coverage == .pseudoHeader)
        #expect(channel.acceptedCount == 1)
        #expect(channel.refusals.total == 0)
        let sent = try channel.messages(for: advert(100, addresses: announced), at: noon)
        #expect(
            hexadecimal(sent[0].payload) == "31336401006405cdc0000201", "legacy, from 192.0.2.9")
    }

    @Test func `another group can be configured`() throws {
        var own = settings()
        own.transport = .multicast(group: ip("224.0.0.250"))
        var channel = AdvertisementChannel(settings: own)
        _ = try channel.hear(good, to: "224.0.0.250")
        #expect(channel.refusal(good) == .rejected(.destination(ip("224.0.0.18"))))
    }

    @Test func `each refusal is counted under its cause alone`() {
        let cases: [(String, String, String?, UInt8, RefusalCause)] = [
            (good, "192.0.2.2", nil, 254, .hopLimit),
            ("3133", "192.0.2.2", nil, 255, .truncated),
            ("41" + good.dropFirst(2), "192.0.2.2", nil, 255, .version),
            ("32" + good.dropFirst(2), "192.0.2.2", nil, 255, .type),
            ("313364010064a864c0000201", "192.0.2.2", nil, 255, .checksum),
            ("310064010064a898c0000201", "192.0.2.2", nil, 255, .vrid),
            ("313464010064a864c0000201", "192.0.2.2", nil, 255, .vrid),
            ("3133640000646a68", "192.0.2.2", nil, 255, .noAddresses),
            ("313364010000a8c9c0000201", "192.0.2.2", nil, 255, .interval),
            ("213364010001b8c8c00002010000000000000000", "192.0.2.2", nil, 255, .version),
            (
                "2133640101017b7cc00002017365637265740000", "192.0.2.2", nil, 255,
                .authenticationType
            ), (good, "192.0.2.9", nil, 255, .ownAddress),
            (good, "192.0.2.2", "192.0.2.9", 255, .destination),
        ]
        for (message, source, destination, hopLimit, cause) in cases {
            var channel = AdvertisementChannel(settings: settings())
            let refusal = channel.refusal(
                message, from: source, to: destination, hopLimit: hopLimit)
            #expect(refusal?.cause == cause, "\(message)")
            #expect(channel.refusals.nonZero.map(\.cause) == [cause])
            #expect(channel.refusals[cause] == 1)
            #expect(channel.refusals.total == 1)
            #expect(channel.acceptedCount == 0)
        }
    }
}

@Suite struct `A unicast channel` {
    private var channel: AdvertisementChannel {
        var own = settings()
        own.transport = .unicast([
            UnicastPeer(address: ip("192.0.2.2")),
            UnicastPeer(address: ip("198.51.100.7"), hopLimits: 250...253),
        ])
        return AdvertisementChannel(settings: own)
    }

    @Test func `each peer gets its copy, with the checksum for its address`() throws {
        var own = channel.settings
        own.coverage = .pseudoHeader
        var channel = AdvertisementChannel(settings: own)
        let messages = try channel.messages(for: advert(100, addresses: announced), at: noon)
        #expect(messages.map(\.destination) == [ip("192.0.2.2"), ip("198.51.100.7")])
        #expect(
            messages.map { hexadecimal($0.payload) } == [
                "313364010064" + "23dd" + "c0000201", "313364010064" + "bba4" + "c0000201",
            ])
    }

    @Test func `a peer is heard, a stranger is not`() throws {
        var channel = channel
        _ = try channel.hear(good, to: "192.0.2.9")
        #expect(
            channel.refusal(good, from: "192.0.2.3", to: "192.0.2.9")
                == .rejected(.unknownPeer(ip("192.0.2.3"))))
    }

    @Test func `what goes to a group is refused`() {
        var channel = channel
        #expect(channel.refusal(good) == .rejected(.destination(ip("224.0.0.18"))))
    }

    @Test(
        arguments: [
            ("192.0.2.2", 255, true), ("192.0.2.2", 254, false), ("198.51.100.7", 249, false),
            ("198.51.100.7", 250, true), ("198.51.100.7", 253, true), ("198.51.100.7", 254, false),
        ] as [(String, UInt8, Bool)])
    func `each peer has its range of TTLs`(source: String, hopLimit: UInt8, isTaken: Bool) {
        var channel = channel
        let refusal = channel.refusal(good, from: source, to: "192.0.2.9", hopLimit: hopLimit)
        #expect(refusal?.cause == (isTaken ? nil : .hopLimit))
    }
}

@Suite struct `An authenticated channel` {
    private func channel(
        _ source: String, mode: MessageAuthentication.Mode = .enforce
    ) -> AdvertisementChannel {
        var own = settings(source: ip(source))
        own.authentication = MessageAuthentication(activeKeyID: 1, mode: mode, windowSeconds: 5)
        return AdvertisementChannel(settings: own)
    }

    @Test(arguments: ["192.0.2.", "fe80::"])
    func `what one signs the other takes, once`(network: String) throws {
        var (sender, receiver) = (channel(network + "2"), channel(network + "9"))
        let list = network == "fe80::" ? link : announced
        let sent = try sender.messages(
            for: advert(100, addresses: list), at: noon, using: TestKeys())
        let wire = hexadecimal(sent[0].payload)
        #expect(sent[0].payload.count == list.byteCount + 28)
        let received = try receiver.hear(wire, from: network + "2", keys: TestKeys())
        #expect(received.advertisement == advert(100, addresses: list))
        #expect(
            receiver.refusal(wire, from: network + "2", keys: TestKeys())
                == .unauthentic(.replayed))
        #expect(receiver.refusals[.replayed] == 1)
    }

    @Test func `over IPv4 the checksum is the message's own`() throws {
        var sender = channel("192.0.2.2")
        let sent = try sender.messages(
            for: advert(100, addresses: announced), at: noon, using: TestKeys())
        #expect(hexadecimal(sent[0].payload).hasPrefix(good + "01010000" + "6a18a500"))
    }

    @Test func `without a trailer it is refused, with one unasked it is taken`() throws {
        var receiver = channel("192.0.2.9")
        #expect(receiver.refusal(good, keys: TestKeys()) == .unauthentic(.missing))
        var open = AdvertisementChannel(settings: settings())
        _ = try open.hear(good + "0101000000")
    }

    @Test func `without keys nothing is signed and nothing is believed`() throws {
        var (sender, receiver) = (channel("192.0.2.2"), channel("192.0.2.9"))
        let sent = try sender.messages(
            for: advert(100, addresses: announced), at: noon, using: TestKeys())
        #expect(
            receiver.refusal(hexadecimal(sent[0].payload)) == .unauthentic(.unknownKey(1)))
        #expect(throws: AuthenticationFailure.unknownKey(1)) {
            _ = try sender.messages(for: advert(100, addresses: announced), at: noon)
        }
    }

    @Test func `a refused message teaches nothing`() {
        var receiver = channel("192.0.2.9")
        _ = receiver.refusal("31336401006405d4c0000201", keys: TestKeys())
        #expect(receiver.coverage == .message)
    }
}

extension VirtualAddressList {
    fileprivate var byteCount: Int { 8 + count * (family == .ipv4 ? 4 : 16) }
}

@Suite struct `A password on a channel` {
    @Test func `it is sent and asked for`() throws {
        var own = settings(version: .v2, source: ip("192.0.2.2"))
        own.password = Password("secret")
        var sender = AdvertisementChannel(settings: own)
        let sent = try sender.messages(
            for: advert(100, interval: version2(1), addresses: announced), at: noon)
        let wire = "2133640101017b7cc00002017365637265740000"
        #expect(sent.map { hexadecimal($0.payload) } == [wire])
        own.source = ip("192.0.2.9")
        var receiver = AdvertisementChannel(settings: own)
        _ = try receiver.hear(wire)
        #expect(
            receiver.refusal("2133640101017b7cc00002017365637265740001") != nil, "the checksum")
        #expect(
            receiver.refusal("213364010101" + "7b7b" + "c00002017365637265740001")
                == .malformed(.wrongPassword))
        #expect(receiver.refusals[.password] == 1)
    }
}

@Suite struct `First addresses over IPv6` {
    @Test func `one that is not link-local is taken: keepalived sends such lists`() {
        var channel = AdvertisementChannel(settings: settings(source: ip("fe80::9")))
        let sent = advert(100, addresses: VirtualAddressList(ip("2001:db8::1")))
            .encoded(source: ip("fe80::2"))
        #expect(channel.refusal(hexadecimal(sent), from: "fe80::2") == nil)
    }
}

@Suite struct `Words for refusals` {
    @Test func `each says what was found`() {
        #expect(
            AdvertisementRefusal.rejected(.unknownPeer(ip("192.0.2.3"))).description
                == "sent by 192.0.2.3, which is not a unicast peer")
        #expect(
            AdvertisementRefusal.unauthentic(.stale(secondsAhead: -7)).description
                == "authenticated 7 s ago, clocks must agree")
        #expect(
            AdvertisementRefusal.malformed(.zeroVRID).description == "VRID 0, must be 1 to 255")
    }

    @Test func `causes have names for status and metrics`() {
        #expect(RefusalCause.allCases.count == 24)
        #expect(RefusalCause.trailerMissing.rawValue == "trailer-missing")
    }
}

@Suite struct `A channel as keepalived configures it` {
    @Test func `strangers are heard where they are admitted, from however far`() throws {
        var own = settings()
        own.transport = .unicast([UnicastPeer(address: ip("192.0.2.2"))])
        own.admitsUnknownPeers = true
        var channel = AdvertisementChannel(settings: own)
        _ = try channel.hear(good, from: "192.0.2.3", to: "192.0.2.9", hopLimit: 9)
        #expect(channel.refusal(good, to: "192.0.2.9", hopLimit: 9)?.cause == .hopLimit)
    }

    /// From 192.0.2.2 to 192.0.2.9, the sum with 224.0.0.18 in place of the destination.
    private let old = "31336401006405d4c0000201"

    @Test func `the unicast checksum of old releases is taken and answered in kind`() throws {
        var own = settings()
        own.transport = .unicast([UnicastPeer(address: ip("192.0.2.2"))])
        var channel = AdvertisementChannel(settings: own)
        _ = try channel.hear(old, to: "192.0.2.9")
        #expect(channel.coverage == .groupPseudoHeader)
        let sent = try channel.messages(for: advert(100, addresses: announced), at: noon)
        #expect(hexadecimal(sent[0].payload) == "31336401006405cdc0000201")
    }

    @Test func `to the group it is the usual one, and no third form is taken`() throws {
        var channel = AdvertisementChannel(settings: settings())
        _ = try channel.hear(old)
        #expect(channel.coverage == .pseudoHeader)
        var own = settings()
        own.transport = .multicast(group: ip("224.0.0.99"))
        var other = AdvertisementChannel(settings: own)
        #expect(other.refusal(old, to: "224.0.0.99")?.cause == .checksum)
    }

    @Test func `other settings leave what was learnt and counted`() throws {
        var channel = AdvertisementChannel(settings: settings())
        _ = try channel.hear(old)
        _ = channel.refusal("3133")
        var next = settings()
        next.transport = .unicast([UnicastPeer(address: ip("192.0.2.2"))])
        channel.reconfigure(next)
        #expect(channel.coverage == .pseudoHeader)
        #expect(channel.acceptedCount == 1)
        #expect(channel.refusals[.truncated] == 1)
        #expect(channel.refusal(good)?.cause == .destination)
        next.coverage = .pseudoHeader
        channel.reconfigure(next)
        next.coverage = .message
        channel.reconfigure(next)
        #expect(channel.coverage == .message)
    }

    @Test func `a message is a replay also after other settings came, unless there was no trailer`()
        throws
    {
        var own = settings(source: ip("192.0.2.2"))
        own.authentication = MessageAuthentication(activeKeyID: 1, windowSeconds: 5)
        var sender = AdvertisementChannel(settings: own)
        own.source = ip("192.0.2.9")
        var receiver = AdvertisementChannel(settings: own)
        let sent = try sender.messages(
            for: advert(100, addresses: announced), at: noon, using: TestKeys())
        let wire = hexadecimal(sent[0].payload)
        _ = try receiver.hear(wire, keys: TestKeys())
        own.coverage = .pseudoHeader
        receiver.reconfigure(own)
        #expect(receiver.refusal(wire, keys: TestKeys()) == .unauthentic(.replayed))
        let changes: [@Sendable (inout MessageAuthentication) -> Void] = [
            { $0.mode = .permissive },
            {
                $0 = MessageAuthentication(activeKeyID: 1, mode: .permissive, windowSeconds: 300)
            }, { $0.antiReplay = .monotonic },
            { $0.activeKeyID = 2 },
        ]
        for change in changes {
            if var authentication = own.authentication {
                change(&authentication)
                own.authentication = authentication
            }
            receiver.reconfigure(own)
            #expect(receiver.refusal(wire, keys: TestKeys()) == .unauthentic(.replayed))
        }
        own.transport = .unicast([UnicastPeer(address: ip("192.0.2.2"))])
        receiver.reconfigure(own)
        own.transport = .multicast()
        receiver.reconfigure(own)
        #expect(receiver.refusal(wire, keys: TestKeys()) == .unauthentic(.replayed))
        let authentication = own.authentication
        own.authentication = nil
        receiver.reconfigure(own)
        own.authentication = authentication
        receiver.reconfigure(own)
        #expect(receiver.refusal(wire, keys: TestKeys()) == nil)
    }
}

@Suite struct `Advertisements without addresses` {
    private let empty = VirtualAddressList(none: .ipv4)

    @Test func `are sent by who holds none`() {
        let message = Advertisement(
            vrid: vrid51, priority: priority(100), interval: version3(100), addresses: empty)
        #expect(hexadecimal(message.encoded(source: ownAddress)) == "3133640000646a68")
    }

    @Test func `are taken by who holds none, and refused by others`() throws {
        let message = bytes("3133640000646a68")
        let header = IPHeader(source: lowerAddress, destination: AddressFamily.ipv4.vrrpGroup)
        var settings = AdvertisementChannel.Settings(
            vrid: vrid51, version: .v3, source: ownAddress)
        var holder = AdvertisementChannel(settings: settings)
        #expect(throws: AdvertisementRefusal.malformed(.noAddresses)) {
            try holder.receive(message.span, header: header, at: Timestamp(seconds: 0, fraction: 0))
        }
        settings.isWithoutAddresses = true
        var other = AdvertisementChannel(settings: settings)
        let received = try other.receive(
            message.span, header: header, at: Timestamp(seconds: 0, fraction: 0))
        #expect(received.advertisement.addresses == empty)
        #expect(received.advertisement.addresses.beginsAsRequired)
    }

    @Test func `keep their family`() {
        #expect(VirtualAddressList(none: .ipv6).family == .ipv6)
        #expect(VirtualAddressList(none: .ipv6) != empty)
    }
}

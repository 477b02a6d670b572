import VRRPCore

/// The decoder and the explanation read the same bytes by different code: they have to agree on
/// which packets a router takes, and what is encoded again has to be what was read.
func feedAdvertisement(_ bytes: [UInt8]) {
    decode(bytes)
    let packet = CapturedPacket(linkType: .ethernet, nanosecondsSince1970: 1, bytes: bytes)
    guard let explanation = PacketExplanation(packet), let network = NetworkPacket(packet) else {
        return
    }
    _ = explanation.fields
    _ = (explanation.faults.map(\.description), explanation.remarks.map(\.description))
    let received = try? ReceivedAdvertisement(decoding: network.payload.span)
    let isRefused = explanation.faults.contains { if case .decoding = $0 { true } else { false } }
    if received != nil {
        require(!isRefused, "a router takes what is explained as wrong: \(explanation.faults)")
    } else if explanation.packet?.message?.authenticationType != 1 {
        require(isRefused, "a router refuses what is explained as right")
    }
    if let taken = explanation.advertisement { encodeAgain(taken, from: network.payload) }
    var review = TrafficReview()
    for time in [1, 2, 3] as [Int64] {
        _ = review.findings(about: explanation, at: time).map(\.description)
    }
    receive(network.payload)
}

/// Bytes as a raw socket delivers them: with an IPv4 header, or without one.
private func decode(_ bytes: [UInt8]) {
    var rules = ReceptionRules()
    rules.password = Password("secret")
    _ = try? ReceivedAdvertisement(decoding: bytes.span)
    _ = try? ReceivedAdvertisement(decoding: bytes.span, rules: rules)
    _ = try? AuthenticationTrailer(decoding: bytes.span)
    guard let source = IPAddress("fe80::2") else { return }
    _ = try? ReceivedAdvertisement(
        decodingMessage: bytes.span, header: IPHeader(source: source), rules: rules)
}

/// Without the bits that receivers ignore and without what follows, the same bytes come out.
private func encodeAgain(_ received: ReceivedAdvertisement, from datagram: [UInt8]) {
    let (message, header) = (received.advertisement, received.header)
    guard header.family == .ipv4, message.version == .v3,
        let payload = try? IPv4Header(decoding: datagram.span).payload
    else { return }
    let original = Array(datagram[payload].prefix(received.messageByteCount))
    guard original[4] < 16 else { return }
    let again = message.encoded(
        coverage: received.coverage, source: header.source, destination: header.destination)
    // The sum of all ones and that of zeros are one number in ones' complement.
    guard original[6...7] != [0xFF, 0xFF], again[6...7] != [0xFF, 0xFF] else { return }
    require(again == original, "\(original) was encoded again as \(again)")
}

/// Through channels with their counters, with and without authentication, and into an election.
private func receive(_ datagram: [UInt8]) {
    if let header = try? IPv4Header(decoding: datagram.span) {
        receive(
            datagram.span.extracting(header.payload), IPHeader(header),
            own: .v4(IPv4Address(192, 0, 2, 9)))
    } else if let header = try? IPv6Header(decoding: datagram.span), let own = IPAddress("fe80::9")
    {
        receive(datagram.span.extracting(header.payload), IPHeader(header), own: own)
    }
}

private func receive(_ payload: Span<UInt8>, _ header: IPHeader, own: IPAddress) {
    guard let vrid = VRID(51) else { return }
    let authentication = MessageAuthentication(activeKeyID: 1, windowSeconds: 5)
    for version in own.family == .ipv4 ? [VRRPVersion.v2, .v3] : [.v3] {
        for isAuthenticated in [false, true] {
            var settings = AdvertisementChannel.Settings(vrid: vrid, version: version, source: own)
            settings.authentication = isAuthenticated ? authentication : nil
            var channel = AdvertisementChannel(settings: settings)
            let now = Timestamp(seconds: 1_780_000_000, fraction: 0)
            guard
                let received = try? channel.receive(
                    payload, header: header, at: now, using: ZeroAuthenticator())
            else {
                require(channel.refusals.total == 1, "a refusal was not counted")
                continue
            }
            require(channel.acceptedCount == 1, "what was taken was not counted")
            if isAuthenticated {
                let again = try? channel.receive(
                    payload, header: header, at: now, using: ZeroAuthenticator())
                require(again == nil, "an authenticated message was taken twice")
            }
            elect(received, vrid: vrid, own: own)
        }
    }
}

private func elect(_ received: ReceivedAdvertisement, vrid: VRID, own: IPAddress) {
    var router = VirtualRouter(
        configuration: .init(
            vrid: vrid, priority: Priority(rawValue: 100),
            interval: received.advertisement.interval, primaryAddress: own,
            addresses: VirtualAddressList(own)))
    for (index, isActive) in [false, true].enumerated() {
        let now = Instant(nanoseconds: Int64(index + 1) * 1_000_000_000)
        _ = router.handle(.startup, at: now)
        if isActive { _ = router.handle(.takeOver, at: now) }
        _ = router.handle(
            .received(received.advertisement, from: received.header.source), at: now)
    }
}

/// Has key 1, by which each code is zeros: one that a fuzzer finds.
private struct ZeroAuthenticator: MessageAuthenticator {
    func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]? {
        keyID == 1 ? [UInt8](repeating: 0, count: 32) : nil
    }
}

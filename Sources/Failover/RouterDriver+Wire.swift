internal import LinuxIO
internal import Netlink
internal import VRRPCore

/// How one virtual router speaks and listens: what stands between its socket and its election.
extension RouterDriver {
    /// Judges a datagram that names this virtual router, and gives it to the election.
    ///
    /// - Parameters:
    ///   - payload: The whole IP payload.
    ///   - header: The fields of its IP header.
    func receive(_ payload: Span<UInt8>, header: IPHeader) {
        let keys = settings.authentication?.keys
        let received: ReceivedAdvertisement
        do throws(AdvertisementRefusal) {
            guard
                let taken = try channel?.receive(payload, header: header, at: .now, using: keys)
            else { return }
            received = taken
        } catch {
            return refuse(error, from: header.source)
        }
        let actions = elections?.deliver(
            .received(received.advertisement, from: header.source), to: self)
        if let reason = actions?.rejection { return refuse(.rejected(reason), from: header.source) }
        ledger.accept(received, at: .now)
        lastHeard = HeardAdvertisement(
            source: header.source, priority: received.advertisement.priority,
            interval: received.advertisement.interval, at: .now)
        counters.received += 1
    }

    /// Counts a datagram that has no effect, and tells of the first of its kind.
    func refuse(_ refusal: AdvertisementRefusal, from source: IPAddress) {
        counters.refused.count(refusal.cause)
        let isNews = ledger.refuse(refusal, from: source, at: .now)
        guard isNews, news.admit(.refusal) else { return }
        emit(.refused(refusal, source: source))
    }

    /// Sends one advertisement: to the group, or to each unicast peer.
    ///
    /// - Parameters:
    ///   - advertisement: What to say.
    ///   - isEcho: Whether it is in the form of another router.
    func send(_ advertisement: Advertisement, isEcho: Bool = false) {
        let keys = settings.authentication?.keys
        let messages: [OutgoingMessage]
        let lastSigned = keys == nil ? nil : channel?.lastSigned
        do throws(AuthenticationFailure) {
            guard let made = try channel?.messages(for: advertisement, at: .now, using: keys)
            else { return }
            messages = made
        } catch {
            return fail(.unauthentic(error))
        }
        if keys != nil, channel?.lastSigned != lastSigned { emit(.lastWordsChanged) }
        guard let family = messages.first?.source.family else { return }
        guard let socket = host.socketInUse(on: settings.sender, of: family) else {
            return fail(.noSocket(interface: settings.sender))
        }
        var taken = 0
        for message in messages {
            let header = IPHeader(
                source: message.source, destination: message.destination,
                hopLimit: settings.hopLimit)
            switch socket.send(message.payload, header: header) {
            case .moved: taken += 1
            case .wouldBlock: fail(.refused(.wouldBlock, to: message.destination))
            case .failed(let errno): fail(.refused(errno, to: message.destination))
            }
        }
        guard taken > 0 else { return }
        if isEcho {
            counters.echoed += 1
        } else {
            counters.sent += 1
            guard advertisement.priority == .release else { return }
            counters.releasesSent += 1
            emit(.sentRelease)
        }
    }

    /// Counts an advertisement that did not leave, and tells of the first ones.
    private func fail(_ cause: SendFailure) {
        counters.sendFailures += 1
        if news.admit(.unsent) { emit(.notSent(cause)) }
    }

    /// Makes the channel, or lets it follow other settings; what it has learnt stays.
    func prepareChannel() {
        guard let source = election?.configuration.primaryAddress else { return }
        let next = AdvertisementChannel.Settings(settings, source: source)
        if channel == nil {
            channel = AdvertisementChannel(settings: next)
        } else {
            channel?.reconfigure(next)
        }
    }
}

extension RouterSettings {
    /// The family of the advertisements: that of the addresses.
    var family: AddressFamily { addresses.first?.address.family ?? familyWithoutAddresses }

    /// The TTL or Hop Limit of what is sent; 255 to a group (RFC 9568 §5.1.1.3, §5.1.2.3).
    var hopLimit: UInt8 {
        switch transport {
        case .multicast: 255
        case .unicast: unicastHopLimit
        }
    }

    /// The address that advertisements come from; `nil` while there is none.
    ///
    /// Over IPv6 it is link-local (RFC 9568 §5.1.2.1), but routers that are no neighbours are sent
    /// to from an address that they can answer.
    func source(on interface: HostInterface?) -> IPAddress? {
        if let sourceAddress { return sourceAddress }
        if case .unicast(let peers) = transport, family == .ipv6,
            peers.contains(where: { $0.address.ipv6?.isLinkLocal == false })
        {
            return interface?.globalSource
        }
        return interface?.sourceAddress(family)
    }
}

extension AdvertisementChannel.Settings {
    init(_ settings: RouterSettings, source: IPAddress) {
        self.init(vrid: settings.vrid, version: settings.interval.version, source: source)
        if settings.family == .ipv6 { version = .v3 }
        transport = settings.transport
        admitsUnknownPeers = settings.admitsUnknownPeers
        coverage = settings.checksumCoverage
        password = settings.password
        authentication = settings.authentication?.settings
        isWithoutAddresses = settings.addresses.isEmpty
    }
}

extension Timestamp {
    /// Real time.
    static var now: Timestamp {
        Timestamp(microsecondsSince1970: RealTimeClock.microseconds)
    }
}

extension [VirtualRouter.Action] {
    /// Why the election refused what it was given, if it did.
    fileprivate var rejection: RejectionReason? {
        guard case .report(.rejected(let reason)) = first else { return nil }
        return reason
    }
}

extension RouterSettings {
    /// How many of its addresses its advertisements may list so that a link carries them.
    ///
    /// - Parameter link: What they leave by; `nil`: it is not there yet.
    /// - Returns: One at least.
    func advertisedCount(on link: Link?) -> Int {
        guard let link else { return addresses.count }
        let isSigned = authentication.map { $0.settings.mode != .receiveOnly } ?? false
        let limit = Advertisement.addressLimit(
            byteLimit: Int(link.mtu), version: family == .ipv6 ? .v3 : interval.version,
            family: family, trailerByteCount: isSigned ? AuthenticationTrailer.byteCount : 0)
        return min(max(limit, 1), addresses.count)
    }
}

internal import LinuxIO
internal import VRRPCore

/// How one virtual router speaks and listens: what stands between its socket and its election.
extension RouterDriver {
    /// Judges a datagram that names this virtual router, and gives it to the election.
    ///
    /// - Parameters:
    ///   - payload: The whole IP payload.
    ///   - header: The fields of its IP header.
    func receive(_ payload: Span<UInt8>, header: IPHeader) {
        // Taken out while it is changed, so that nothing of it is copied.
        guard var judge = channel.take() else { return }
        let received: ReceivedAdvertisement
        do throws(AdvertisementRefusal) {
            received = try judge.receive(
                payload, header: header, at: .now, using: settings.authentication?.keys)
        } catch {
            channel = judge
            return refuse(error, from: header.source)
        }
        channel = judge
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
    private func refuse(_ refusal: AdvertisementRefusal, from source: IPAddress) {
        counters.refused.count(refusal.cause)
        let isNews = ledger.refuse(refusal, from: source, at: .now)
        guard isNews, refusalLines.admit(at: .now) else { return }
        emit(.refused(refusal, source: source))
    }

    /// Sends one advertisement: to the group, or to each unicast peer.
    func advertise(_ priority: Priority) {
        guard let election,
            let socket = host.interfaceInUse(settings.sender)?.sockets[settings.family],
            var speaker = channel.take()
        else {
            counters.sendFailures += 1
            return
        }
        let messages: [OutgoingMessage]
        defer { channel = speaker }
        do throws(AuthenticationFailure) {
            messages = try speaker.messages(
                for: election.advertisement(priority: priority), at: .now,
                using: settings.authentication?.keys)
        } catch {
            counters.sendFailures += 1
            return
        }
        let source = election.configuration.primaryAddress
        let taken = messages.count { message in
            let header = IPHeader(
                source: source, destination: message.destination, hopLimit: settings.hopLimit)
            if case .moved = socket.send(message.payload, header: header) { return true }
            return false
        }
        counters.sendFailures += messages.count - taken
        guard taken > 0 else { return }
        counters.sent += 1
        if priority == .release {
            counters.releasesSent += 1
            emit(.sentRelease)
        }
    }

    /// Makes the channel, or lets it follow other settings; what it has learnt stays.
    func prepareChannel() {
        guard let election, election.hasSource else { return }
        let source = election.configuration.primaryAddress
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
    fileprivate var hopLimit: UInt8 {
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
            return interface?.lastingAddress { $0.ipv6?.isLinkLocal == false }
        }
        return interface?.sourceAddress(family)
    }
}

extension AdvertisementChannel.Settings {
    fileprivate init(_ settings: RouterSettings, source: IPAddress) {
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

/// How many lines about refused datagrams the log takes: a few at once, then one in ten seconds.
///
/// Whoever forges senders makes each datagram news.
struct RefusalLines {
    private static let burst = 8
    private static let spacing = Duration.seconds(10)
    /// When the lines written so far will all be paid for.
    private var paidAt: Instant?

    /// Whether one more line may be written.
    mutating func admit(at now: Instant) -> Bool {
        let start = max(paidAt ?? now, now)
        guard start - now < Self.spacing * Self.burst else { return false }
        paidAt = start + Self.spacing
        return true
    }
}

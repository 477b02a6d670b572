internal import LinuxIO
internal import Netlink
public import Reactor
public import VRRPCore

/// Hears what other nodes advertise as the virtual routers of a configuration would, and says nothing.
///
/// Each advertisement takes the way that it would take later: through the host's packet filter, the
/// raw socket and the router's own checks. What also passes the interface and does not come through
/// is told too. Belongs to its loop's thread.
public final class PeerListener {
    /// What was heard of one other node by one virtual router.
    public struct Hearing: Hashable, Sendable {
        /// The virtual router's name.
        public let router: String
        /// The other node's address.
        public let sender: IPAddress
        /// What became of what it said last.
        public var outcome: Outcome

        /// Makes a value of its parts.
        public init(router: String, sender: IPAddress, outcome: Outcome) {
            self.router = router
            self.sender = sender
            self.outcome = outcome
        }
    }

    /// What became of an advertisement.
    public enum Outcome: Hashable, Sendable {
        /// It would be taken; what does not agree with this configuration, in words.
        case taken(Advertisement, differences: [String])
        /// It would be refused.
        case refused(AdvertisementRefusal)
        /// It came to the interface, and not to the router.
        case lost(destination: IPAddress)
    }

    /// What was heard so far, in the order in which senders were first heard.
    public private(set) var hearings: [Hearing] = []
    private var routers: [(settings: RouterSettings, channel: AdvertisementChannel)] = []
    private var ownAddresses: Set<IPAddress> = []
    private var sockets: [AdvertisementSocket] = []
    private var captures: [TrafficCapture] = []
    /// Of senders that anybody can invent, so many are told of.
    private let senderLimit = 256

    /// Begins to listen, in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - configuration: Whose virtual routers; those without interface or source hear nothing.
    ///   - loop: The loop that calls them.
    /// - Throws: `HostError`: no permission (CAP_NET_RAW, CAP_NET_ADMIN).
    public init(configuration: FailoverConfiguration, loop: EventLoop) throws(HostError) {
        let survey = try HostSurvey(for: configuration)
        ownAddresses = Set(survey.interfaces.flatMap(\.addresses).map(\.address))
        var places: [String: [AddressFamily: Set<IPAddress>]] = [:]
        for (place, asked) in zip(survey.routers, configuration.routers) {
            guard let source = place.source,
                survey.interfaces.contains(where: { $0.name == place.interface })
            else { continue }
            var settings = asked
            settings.interface = place.interface
            let channel = AdvertisementChannel(settings: .init(settings, source: source))
            routers.append((settings, channel))
            places[place.interface, default: [:]][settings.family, default: []]
                .formUnion([settings.group].compactMap(\.self))
        }
        for (name, families) in places { try listen(on: name, families, loop: loop) }
    }

    /// Ends listening, once all is read that has come.
    public func stop() {
        // What the capture has shown already may still wait in a socket.
        for socket in sockets { socket.readDry() }
        captures.forEach { $0.stop() }
        (captures, sockets) = ([], [])
    }

    private func listen(
        on name: String, _ families: [AddressFamily: Set<IPAddress>], loop: EventLoop
    ) throws(HostError) {
        let link: Link?
        do throws(NetlinkError) { link = try Links().link(named: name) } catch {
            throw .netlink(error)
        }
        guard let link else { return }
        do throws(SystemError) {
            for (family, groups) in families {
                let socket = try AdvertisementSocket(
                    interface: name, index: link.index, family: family, loop: loop
                ) { [unowned self] payload, header in hear(payload, header, on: name) }
                try socket.hear(groups)
                sockets.append(socket)
            }
            captures.append(
                try TrafficCapture(
                    interface: name, loop: loop,
                    onPacket: { [unowned self] in see($0, on: name) }, onEnd: {}))
        } catch { throw .system(error) }
    }

    /// What comes through to a router.
    private func hear(_ payload: Span<UInt8>, _ header: IPHeader?, on interface: String) {
        guard let header, payload.count > 1 else { return }
        for index in routers.indices {
            let settings = routers[index].settings
            guard settings.interface == interface, settings.vrid.rawValue == payload[1],
                settings.family == header.family
            else { continue }
            do throws(AdvertisementRefusal) {
                let received = try routers[index].channel.receive(
                    payload, header: header, at: .now, using: settings.authentication?.keys)
                note(
                    .taken(
                        received.advertisement, differences: settings.differences(from: received)),
                    by: settings.name, of: header.source)
            } catch { note(.refused(error), by: settings.name, of: header.source) }
        }
    }

    /// What passes the interface: the kernel shows it before its packet filter, and before the sockets.
    private func see(_ packet: CapturedPacket, on interface: String) {
        guard let fields = PacketExplanation(packet)?.packet, let message = fields.message,
            !ownAddresses.contains(fields.header.source)
        else { return }
        for (settings, _) in routers
        where settings.interface == interface && settings.vrid.rawValue == message.vrid
            && settings.family == fields.header.family
        {
            let isKnown = hearings.contains {
                $0.router == settings.name && $0.sender == fields.header.source
            }
            guard !isKnown else { continue }
            note(
                .lost(destination: fields.header.destination), by: settings.name,
                of: fields.header.source)
        }
    }

    private func note(_ outcome: Outcome, by router: String, of sender: IPAddress) {
        if let known = hearings.firstIndex(where: { $0.router == router && $0.sender == sender }) {
            hearings[known].outcome = outcome
        } else if hearings.count < senderLimit {
            hearings.append(Hearing(router: router, sender: sender, outcome: outcome))
        }
    }
}

extension RouterSettings {
    /// What an advertisement says that does not agree with this router, in words.
    fileprivate func differences(from received: ReceivedAdvertisement) -> [String] {
        let theirs = received.advertisement
        let own = VirtualRouter.Configuration(
            self, primaryAddress: .unspecified(family), advertisedCount: addresses.count)
        var words: [String] = []
        if theirs.interval != own.interval {
            words.append("its interval is \(theirs.interval.words), here \(own.interval.words)")
        }
        if !theirs.addresses.namesSameAddresses(as: own.addresses) {
            let lists = [theirs.addresses, own.addresses].map { list in
                list.addresses.isEmpty
                    ? "none" : list.addresses.map(\.description).joined(separator: ", ")
            }
            words.append("its addresses are \(lists[0]), here \(lists[1])")
        }
        return words
    }
}

/// What stands between the wire and the election of one virtual router.
///
/// Outgoing, it makes the datagrams of an advertisement: one for the group, or one for each unicast
/// peer, with password or authentication trailer. Incoming, it makes all checks of RFC 9568 §7.1
/// and RFC 3768 §7.1 that come before the election, counts what it refuses, and learns the form
/// of checksum that the peers send.
public struct AdvertisementChannel: Hashable, Sendable {
    /// How one virtual router speaks and listens.
    public struct Settings: Hashable, Sendable {
        /// The identifier on the LAN.
        public var vrid: VRID
        /// The version that is spoken and taken.
        public var version: VRRPVersion
        /// The address that is sent from.
        public var source: IPAddress
        /// How advertisements travel.
        public var transport = Transport.multicast()
        /// Whether unicast advertisements of others than the peers are taken too.
        ///
        /// keepalived's default, for peers that reach this router from another address than the one
        /// that they are sent to; `check_unicast_src` switches it off.
        public var admitsUnknownPeers = false
        /// The form of the version 3 checksum over IPv4 that is sent until a peer was heard.
        public var coverage = ChecksumCoverage.message
        /// The password of version 2; `nil`: none.
        public var password: Password?
        /// The settings of the authentication trailer; `nil`: none is sent, any is ignored.
        public var authentication: MessageAuthentication?
        /// Whether the virtual router holds no address, and takes advertisements that name none.
        public var isWithoutAddresses = false
        /// Makes the settings of a router without authentication, by multicast.
        ///
        /// - Parameters:
        ///   - vrid: The identifier on the LAN.
        ///   - version: The version that is spoken and taken.
        ///   - source: The address that is sent from; over IPv6 the interface's link-local one.
        public init(vrid: VRID, version: VRRPVersion, source: IPAddress) {
            self.vrid = vrid
            self.version = version
            self.source = source
        }
    }

    /// How the virtual router speaks and listens.
    public private(set) var settings: Settings
    /// The form of checksum that is sent: the peers', once one was heard.
    public private(set) var coverage: ChecksumCoverage
    /// How many datagrams were taken.
    public private(set) var acceptedCount = 0
    /// How many datagrams were refused, by cause.
    public private(set) var refusals = RefusalCounters()
    private var authentication: AuthenticationState?
    /// What was said last; an Active router says the same again and again.
    private var said: Said?

    private struct Said: Hashable {
        let advertisement: Advertisement
        let coverage: ChecksumCoverage
        let messages: [OutgoingMessage]
    }

    /// Makes a channel that has heard nothing.
    public init(settings: Settings) {
        self.settings = settings
        coverage = settings.coverage
        authentication = settings.authentication.map {
            AuthenticationState(settings: $0, senderLimit: settings.transport.senderLimit)
        }
    }

    /// Follows other settings; what was counted and learnt of the peers stays.
    ///
    /// The form of checksum is forgotten only where the configured one changes, the sequence numbers
    /// against replay only where there is no authentication any more: otherwise whoever has recorded
    /// messages could send them again after each reload.
    public mutating func reconfigure(_ next: Settings) {
        if next.coverage != settings.coverage { coverage = next.coverage }
        settings = next
        said = nil
        let limit = next.transport.senderLimit
        guard let wanted = next.authentication else {
            authentication = nil
            return
        }
        if authentication == nil {
            authentication = AuthenticationState(settings: wanted, senderLimit: limit)
        } else {
            authentication?.adopt(wanted, senderLimit: limit)
        }
    }

    /// Makes the messages by which an advertisement is sent.
    ///
    /// - Parameters:
    ///   - advertisement: What to say.
    ///   - now: Real time, for the trailer.
    ///   - authenticator: Has the keys; `nil`: there are none.
    /// - Returns: One message for the group, or one for each unicast peer.
    /// - Throws: `.unknownKey` if a trailer is to be sent and its key is missing.
    ///
    /// RFC 9568 §7.2.
    public mutating func messages(
        for advertisement: Advertisement, at now: Timestamp,
        using authenticator: (any MessageAuthenticator)? = nil
    ) throws(AuthenticationFailure) -> [OutgoingMessage] {
        // What is signed differs each time.
        if authentication == nil, let said, said.coverage == coverage,
            said.advertisement == advertisement
        {
            return said.messages
        }
        let destinations = settings.transport.destinations(family: settings.source.family)
        let trailer = try trailer(for: advertisement, at: now, using: authenticator)
        let messages = destinations.map { destination in
            let payload = advertisement.encoded(
                coverage: coverage, source: settings.source, destination: destination,
                password: settings.password, trailer: trailer)
            return OutgoingMessage(
                source: settings.source, destination: destination, payload: payload)
        }
        said = Said(advertisement: advertisement, coverage: coverage, messages: messages)
        return messages
    }

    /// The time that the last message was signed with; `nil`: none was signed.
    public var lastSigned: Timestamp? { authentication?.lastSigned }

    /// Signs the next messages as the last ones of their time: ``AuthenticationState``.
    ///
    /// - Parameter count: How many of them.
    public mutating func skipToLastNumbers(_ count: UInt16) {
        authentication?.skipToLastNumbers(count)
    }

    /// Judges a datagram.
    ///
    /// - Parameters:
    ///   - payload: The whole IP payload: a message, and possibly a trailer.
    ///   - header: The fields of the IP header.
    ///   - now: Real time, for the trailer.
    ///   - authenticator: Has the keys; `nil`: there are none.
    /// - Returns: What the election may see.
    /// - Throws: The first check that failed, already counted.
    ///
    /// RFC 9568 §7.1, RFC 3768 §7.1.
    public mutating func receive(
        _ payload: Span<UInt8>, header: IPHeader, at now: Timestamp,
        using authenticator: (any MessageAuthenticator)? = nil
    ) throws(AdvertisementRefusal) -> ReceivedAdvertisement {
        do throws(AdvertisementRefusal) {
            let received = try judged(payload, header: header)
            try authenticate(
                payload, byteCount: received.messageByteCount, header: header, at: now,
                using: authenticator)
            acceptedCount += 1
            coverage = received.coverage
            return received
        } catch {
            refusals.count(error.cause)
            throw error
        }
    }

    private func judged(
        _ payload: Span<UInt8>, header: IPHeader
    ) throws(AdvertisementRefusal) -> ReceivedAdvertisement {
        let received: ReceivedAdvertisement
        do {
            var rules = ReceptionRules()
            rules.hopLimits = settings.transport.hopLimits(from: header.source)
            rules.password = settings.password
            rules.admitsGroupChecksum = settings.transport.isUnicast
            rules.admitsNoAddresses = settings.isWithoutAddresses
            received = try ReceivedAdvertisement(
                decodingMessage: payload, header: header, rules: rules)
        } catch {
            throw .malformed(error)
        }
        if let reason = rejection(of: received) { throw .rejected(reason) }
        return received
    }

    private func rejection(of received: ReceivedAdvertisement) -> RejectionReason? {
        let (message, header) = (received.advertisement, received.header)
        guard message.version == settings.version else {
            return .version(message.version, expected: settings.version)
        }
        guard message.vrid == settings.vrid else {
            return .vrid(message.vrid, expected: settings.vrid)
        }
        guard header.source != settings.source else { return .ownAddress(header.source) }
        switch settings.transport {
        case .multicast(let group):
            guard header.destination == group ?? settings.source.family.vrrpGroup else {
                return .destination(header.destination)
            }
        case .unicast(let peers):
            guard !header.destination.isMulticast else { return .destination(header.destination) }
            guard
                settings.admitsUnknownPeers
                    || peers.contains(where: { $0.address == header.source })
            else {
                return .unknownPeer(header.source)
            }
        }
        // Deviation: RFC 9568 §7.1 (erratum 8300) refuses an IPv6 list that begins with no link-local
        // address. keepalived sends such lists, and a refusal would leave two routers Active.
        return nil
    }

    private mutating func authenticate(
        _ payload: Span<UInt8>, byteCount: Int, header: IPHeader, at now: Timestamp,
        using authenticator: (any MessageAuthenticator)?
    ) throws(AdvertisementRefusal) {
        do throws(AuthenticationFailure) {
            try authentication?.verify(
                payload.extracting(0..<byteCount),
                trailer: payload.extracting(byteCount..<payload.count), header: header, at: now,
                using: authenticator ?? NoKeys())
        } catch {
            throw .unauthentic(error)
        }
    }

    /// The trailer covers neither destination nor checksum, so one serves all copies.
    private mutating func trailer(
        for advertisement: Advertisement, at now: Timestamp,
        using authenticator: (any MessageAuthenticator)?
    ) throws(AuthenticationFailure) -> [UInt8] {
        guard authentication != nil else { return [] }
        let message = advertisement.encoded(source: settings.source, password: settings.password)
        let trailer = try authentication?.sign(
            message, header: IPHeader(source: settings.source), at: now,
            using: authenticator ?? NoKeys())
        return trailer?.encoded() ?? []
    }
}

/// What a caller without keys has.
private struct NoKeys: MessageAuthenticator {
    func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]? { nil }
}

extension Transport {
    fileprivate var isUnicast: Bool {
        if case .unicast = self { true } else { false }
    }

    fileprivate var senderLimit: Int {
        switch self {
        case .multicast: AuthenticationState.multicastSenderLimit
        case .unicast(let peers): peers.count
        }
    }

    fileprivate func destinations(family: AddressFamily) -> [IPAddress] {
        switch self {
        case .multicast(let group): [group ?? family.vrrpGroup]
        case .unicast(let peers): peers.map(\.address)
        }
    }

    /// A stranger is refused as one later; here, only what no peer may send is.
    fileprivate func hopLimits(from source: IPAddress) -> ClosedRange<UInt8> {
        switch self {
        case .multicast: 255...255
        case .unicast(let peers):
            peers.first { $0.address == source }?.hopLimits ?? 0...255
        }
    }
}

/// What a router remembers in order to sign its messages and to refuse old ones of its peers.
public struct AuthenticationState: Hashable, Sendable {
    /// How messages are authenticated.
    public private(set) var settings: MessageAuthentication
    private var lastSent: SequenceNumber?
    private var replayGuard: ReplayGuard

    /// Makes a state that has sent and seen nothing.
    ///
    /// - Parameters:
    ///   - settings: How messages are authenticated.
    ///   - senderLimit: How many senders are remembered: the number of unicast peers, or 4.
    public init(settings: MessageAuthentication, senderLimit: Int = Self.multicastSenderLimit) {
        self.settings = settings
        replayGuard = ReplayGuard(senderLimit: senderLimit)
    }

    /// Follows other settings; what was sent and seen stays remembered.
    ///
    /// - Parameters:
    ///   - next: How messages are authenticated from now on.
    ///   - senderLimit: How many senders are remembered from now on, the most recent ones.
    mutating func adopt(_ next: MessageAuthentication, senderLimit: Int) {
        settings = next
        replayGuard.remember(senderLimit)
    }

    /// Senders that are remembered where every station of the LAN may be one.
    public static let multicastSenderLimit = 4

    /// Makes the trailer for a message.
    ///
    /// - Parameters:
    ///   - message: The VRRP message; its checksum does not matter.
    ///   - header: Tells the family and the source.
    ///   - now: Real time.
    ///   - authenticator: Has the keys.
    /// - Returns: The trailer, or `nil` where the mode is not to sign.
    /// - Throws: `.unknownKey` if the active key is missing.
    public mutating func sign(
        _ message: [UInt8], header: IPHeader, at now: Timestamp,
        using authenticator: any MessageAuthenticator
    ) throws(AuthenticationFailure) -> AuthenticationTrailer? {
        guard settings.mode != .receiveOnly else { return nil }
        let sequence = nextSequence(at: now)
        lastSent = sequence
        return try AuthenticationTrailer(
            signing: message, header: header, keyID: settings.activeKeyID, sequence: sequence,
            using: authenticator)
    }

    /// The time that the last trailer was made with; `nil`: none was made.
    ///
    /// Another one means that what was signed ahead is out of date.
    public var lastSigned: Timestamp? {
        lastSent.map {
            Timestamp(seconds: $0.seconds, fraction: UInt16(truncatingIfNeeded: $0.rawValue >> 16))
        }
    }

    /// Has the next trailers be the last ones of their time.
    ///
    /// For a copy that is to have the last word, should this one come to none.
    ///
    /// - Parameter count: How many of them, 65,535 at most.
    public mutating func skipToLastNumbers(_ count: UInt16) {
        lastSent = lastSent.map { SequenceNumber(rawValue: ($0.rawValue | 0xFFFF) - UInt64(count)) }
    }

    /// Judges what follows a message.
    ///
    /// - Parameters:
    ///   - message: The VRRP message, at least 8 bytes.
    ///   - trailer: What follows it in the IP payload, possibly nothing.
    ///   - header: Tells the family and the source.
    ///   - now: Real time.
    ///   - authenticator: Has the keys.
    /// - Throws: The first check that failed; the state moves only if all held.
    public mutating func verify(
        _ message: Span<UInt8>, trailer: Span<UInt8>, header: IPHeader, at now: Timestamp,
        using authenticator: any MessageAuthenticator
    ) throws(AuthenticationFailure) {
        if trailer.count == 0 {
            guard settings.mode != .enforce else { throw .missing }
            return
        }
        let trailer = try AuthenticationTrailer(decoding: trailer)
        let secondsAhead = trailer.sequence.secondsAhead(of: now)
        guard settings.antiReplay == .monotonic || secondsAhead.magnitude <= settings.windowSeconds
        else { throw .stale(secondsAhead: secondsAhead) }
        let bytes = (0..<message.count).map { message[$0] }
        let expected = try AuthenticationTrailer(
            signing: bytes, header: header, keyID: trailer.keyID, sequence: trailer.sequence,
            using: authenticator)
        guard expected.code.span.equalsInConstantTime(trailer.code.span) else { throw .wrongCode }
        guard
            replayGuard.admit(
                trailer.sequence, from: header.source,
                forgetting: { [settings] known in
                    // A remembered number outside the window is from before a clock was set.
                    settings.antiReplay == .time
                        && known.secondsAhead(of: now).magnitude > settings.windowSeconds
                })
        else { throw .replayed }
    }

    private func nextSequence(at now: Timestamp) -> SequenceNumber {
        let clock = SequenceNumber(now)
        // Those of one second count on from its first, so that what is signed ahead as its last comes
        // after all of them and before whatever is sent later, by another process too. Peers compare
        // whole seconds with their clocks.
        guard let lastSent, lastSent.seconds == now.seconds || !clock.isAfter(lastSent) else {
            return clock
        }
        // In time mode peers refuse what is too far ahead; a clock that was set back has to win.
        if settings.antiReplay == .time, lastSent.secondsAhead(of: now) > settings.windowSeconds {
            return clock
        }
        return lastSent.successor
    }
}

/// The last sequence number of each of the most recently heard senders.
struct ReplayGuard: Hashable, Sendable {
    private struct Sender: Hashable {
        let address: IPAddress
        let last: SequenceNumber
    }

    private var senderLimit: Int
    /// The most recently heard sender is the last.
    private var senders: [Sender] = []

    init(senderLimit: Int) { self.senderLimit = max(senderLimit, 1) }

    /// Remembers so many senders from now on, the most recently heard.
    mutating func remember(_ limit: Int) {
        senderLimit = max(limit, 1)
        senders = senders.suffix(senderLimit)
    }

    /// Takes a number that is later than the sender's last, and remembers it.
    mutating func admit(
        _ sequence: SequenceNumber, from address: IPAddress,
        forgetting isForgotten: (SequenceNumber) -> Bool
    ) -> Bool {
        let index = senders.firstIndex { $0.address == address }
        if let index, !isForgotten(senders[index].last),
            !sequence.isAfter(senders[index].last)
        {
            return false
        }
        if let index {
            senders.remove(at: index)
        } else if senders.count >= senderLimit {
            senders.removeFirst()
        }
        senders.append(Sender(address: address, last: sequence))
        return true
    }
}

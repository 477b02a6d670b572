/// What was heard from each station that speaks for one virtual router, taken or refused.
///
/// Bounded: of strangers on the LAN only the most recently heard are kept.
public struct PeerLedger: Hashable, Sendable {
    /// One station.
    public struct Entry: Hashable, Sendable {
        /// Where its datagrams come from.
        public let address: IPAddress
        /// Its last advertisement that was taken; `nil`: none was.
        public fileprivate(set) var advertisement: Advertisement?
        /// When it was last heard, taken or not.
        public fileprivate(set) var lastHeardAt: Instant
        /// Datagrams that were taken.
        public fileprivate(set) var acceptedCount = 0
        /// Datagrams that were refused, by cause.
        public fileprivate(set) var refusals = RefusalCounters()
        /// Why its last datagram was refused; `nil`: it was taken.
        public fileprivate(set) var refusal: AdvertisementRefusal?
    }

    /// Stations that are kept.
    public static let entryLimit = 16

    /// The stations, the most recently heard last.
    public private(set) var entries: [Entry] = []

    /// Makes a ledger without entries.
    public init() {}

    /// Notes a datagram that was taken.
    public mutating func accept(_ received: ReceivedAdvertisement, at now: Instant) {
        note(received.header.source, at: now) { entry in
            entry.advertisement = received.advertisement
            entry.acceptedCount += 1
            entry.refusal = nil
        }
    }

    /// Notes a datagram that was refused.
    ///
    /// - Parameters:
    ///   - refusal: Why.
    ///   - address: Where it came from.
    ///   - now: When.
    /// - Returns: Whether this is news: the station's last datagram was taken, or refused for another
    ///   cause. What is no news need not be logged again.
    public mutating func refuse(
        _ refusal: AdvertisementRefusal, from address: IPAddress, at now: Instant
    ) -> Bool {
        var isNews = false
        note(address, at: now) { entry in
            isNews = entry.refusal?.cause != refusal.cause
            entry.refusals.count(refusal.cause)
            entry.refusal = refusal
        }
        return isNews
    }

    private mutating func note(
        _ address: IPAddress, at now: Instant, _ change: (inout Entry) -> Void
    ) {
        var entry = Entry(address: address, lastHeardAt: now)
        if let index = entries.firstIndex(where: { $0.address == address }) {
            entry = entries.remove(at: index)
        } else if entries.count >= Self.entryLimit {
            entries.removeFirst()
        }
        entry.lastHeardAt = now
        change(&entry)
        entries.append(entry)
    }
}

/// How fast the bytes of all connections of one key may pass together, one way (haproxy's filters `bwlim-in`
/// and `bwlim-out` with `limit` and `key`).
///
/// They take turns, as ``TurnClock`` has it, be they of one reactor or of several.
public struct BandwidthSharing: Hashable, Sendable {
    /// Which of a connection's shares of its direction it is, 0 to ``count`` - 1; the first order for one
    /// counts.
    public var number: Int
    /// Which way.
    public var direction: BandwidthLimit.Direction
    /// What of the connection is the key.
    public var key: ConnectionKey
    /// The position in ``BalancerPlan/tables`` of a table that counts ``StickQuantity/bytesInRate`` or, of
    /// downloads, ``StickQuantity/bytesOutRate``.
    public var tableIndex: Int
    /// Bytes that may pass within the period of that rate, from 1.
    public var byteCount: UInt64
    /// Bytes that may pass in one turn, where as many are there (`min-size`); 0: as many as suit the limit.
    public var leastByteCount = 0

    /// How many shares a connection can have each way.
    public static let count = 4

    /// Makes an order.
    public init(
        _ number: Int, of direction: BandwidthLimit.Direction, by key: ConnectionKey,
        in tableIndex: Int, byteCount: UInt64
    ) {
        self.number = number
        self.direction = direction
        self.key = key
        self.tableIndex = tableIndex
        self.byteCount = byteCount
    }

    /// The rate of the table.
    var quantity: StickQuantity { direction == .upload ? .bytesInRate : .bytesOutRate }
}

/// So many bytes of a period.
struct Bandwidth {
    var byteCount: UInt64 = 1
    /// Milliseconds, above 0.
    var period: UInt64 = 1

    /// How long so many bytes take, in nanoseconds.
    func nanoseconds(for count: Int) -> UInt64 {
        let time = Double(count) * (Double(period) * 1e6 / Double(byteCount))
        return UInt64(min(time, Double(TurnClock.longest)))
    }

    /// Bytes of one turn: what passes in 10 ms, but at least a segment, and at most what a copy moves.
    func turnByteCount(atLeast least: Int) -> Int {
        let even = byteCount / period * 10
        return min(bufferByteCount, max(Int(min(even, 1 << 20)), least, 1460))
    }
}

/// Whose turn it is to move bytes under a limit: each one's begins where the one before ends.
///
/// A turn lasts as long as the limit has its bytes take. Who moves fewer than he asked for gives the rest
/// back, so that what passed in any time is what the limit allows in it, but for one turn and 10 ms.
struct TurnClock {
    /// When the last turn ends, in nanoseconds of the monotonic clock.
    private var end: UInt64 = 0

    /// Gives a turn of so many bytes.
    ///
    /// - Parameters:
    ///   - count: The bytes.
    ///   - bandwidth: The limit.
    ///   - now: Milliseconds.
    /// - Returns: When it begins, in milliseconds; one that is due within 10 ms begins now, so that whole
    ///   milliseconds, in which a reactor wakes, lose nobody anything.
    mutating func give(_ count: Int, of bandwidth: Bandwidth, now: UInt64) -> UInt64 {
        let present = now * 1_000_000
        let start = max(end, present)
        end = min(start + bandwidth.nanoseconds(for: count), TurnClock.last)
        guard start > present + TurnClock.slack else { return now }
        return (start - TurnClock.slack + 999_999) / 1_000_000
    }

    /// Takes back what a turn had too much; below 0: it had too little.
    mutating func takeBack(_ count: Int, of bandwidth: Bandwidth, now: UInt64) {
        if count >= 0 {
            let time = bandwidth.nanoseconds(for: count)
            end -= min(end, time)
        } else {
            _ = give(-count, of: bandwidth, now: now)
        }
    }

    private static let slack: UInt64 = 10_000_000
    /// The longest turn, some fifty days.
    static let longest: UInt64 = 1 << 52
    private static let last: UInt64 = 1 << 62
}

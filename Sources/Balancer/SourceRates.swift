internal import LinuxIO
internal import Synchronization

/// Connections per second of each client address, in a table of fixed size: of each IPv4 address, and
/// of each IPv6 network of 64 bits, within which a host may call itself what it likes.
///
/// 16,384 addresses in sets of four. Of more addresses that meet in one set within a second, those
/// heard of last are known: a flood from many addresses lets some of them exceed their rate, and
/// never bars one that keeps to it.
final class SourceRates: Sendable {
    private struct Entry {
        var address = IPEndpoint.none
        var second: UInt64 = 0
        var current = 0
        var previous = 0
    }

    /// What is known of addresses, which goes on under another limit.
    private final class Table: Sendable {
        /// Nobody can know which addresses meet in a set.
        let seed = UInt64.random(in: 0 ... .max)
        let entries = Mutex(Array(repeating: Entry(), count: setCount * setSize))
    }

    private let limit: Int
    private let table: Table

    /// - Parameters:
    ///   - limit: Most connections within a second, 1 or more.
    ///   - former: Whose counts it goes on from; `nil`: nobody's.
    init(limit: Int, goingOnFrom former: SourceRates? = nil) {
        self.limit = limit
        table = former?.table ?? Table()
    }

    /// Counts a connection, unless its address has had as many as it may.
    ///
    /// - Parameters:
    ///   - client: The client; one without an internet address has no rate.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: Whether it is one too many.
    func isOver(_ client: IPEndpoint, at now: UInt64) -> Bool {
        guard client.isPresent else { return false }
        let address = IPEndpoint(
            high: client.high, low: client.isIPv4 ? client.low : 0, port: 0)
        let second = now / 1000 + 1
        let hash = ((address.high ^ table.seed) &* 0x9e37_79b9_7f4a_7c15) ^ address.low
        let start = Int((hash &* 0xd6e8_feb8_6659_fd93) >> 52) * setSize
        return table.entries.withLock { entries in
            let places = start..<start + setSize
            let place =
                places.first { entries[$0].address == address && entries[$0].second > 0 }
                ?? places.min { entries[$0].second < entries[$1].second } ?? start
            var entry = entries[place]
            if entry.address != address { entry = Entry(address: address, second: second) }
            // Of two reactors' clocks, each read once a turn, the later one holds.
            let second = max(second, entry.second)
            let now = max(now, (second - 1) * 1000)
            if entry.second != second {
                entry.previous = entry.second + 1 == second ? entry.current : 0
                entry.current = 0
                entry.second = second
            }
            // The share of the second before that lies within the last one, as haproxy has it.
            let rate = entry.current + entry.previous * Int(1000 - now % 1000) / 1000
            let isOver = rate >= limit
            if !isOver { entry.current += 1 }
            entries[place] = entry
            return isOver
        }
    }
}

private let setSize = 4
private let setCount = 4096

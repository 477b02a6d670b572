public import LinuxIO

/// A set of networks of both families, each with a number, compiled for looking addresses up.
///
/// The prefixes become a sorted row of disjoint ranges, each with the number of the longest prefix
/// that covers it. A look-up is one binary search over plain numbers: it allocates nothing, and
/// takes as long whether the prefixes are nested or not.
public struct PrefixTable: Hashable, Sendable {
    /// A network: an address and how many of its leading bits count.
    public struct Prefix: Hashable, Sendable {
        /// The 128 bits of the address; those of IPv4 follow `::ffff:0:0/96`.
        public let bits: UInt128
        /// How many leading bits count, 0 to 128; an IPv4 length of 8 is 104 here.
        public let length: Int

        /// Makes a network; bits of the address beyond the length are dropped.
        ///
        /// - Parameters:
        ///   - address: An address of the network.
        ///   - length: Leading bits of the address in its own family that count: 0 to 32 for IPv4, 0
        ///     to 128 for IPv6; one beyond is taken for the greatest.
        public init(_ address: IPEndpoint, length: Int) {
            let own = max(0, length) + (address.isIPv4 ? 96 : 0)
            self.length = min(own, 128)
            bits = address.bits & Prefix.mask(self.length)
        }

        fileprivate var last: UInt128 { bits | ~Prefix.mask(length) }

        /// Whether an address lies in the network.
        func contains(_ address: IPEndpoint) -> Bool {
            address.isPresent && address.bits & Prefix.mask(length) == bits
        }

        private static func mask(_ length: Int) -> UInt128 {
            length == 0 ? 0 : ~0 << UInt128(128 - length)
        }
    }

    /// Where each range begins; it ends where the next one begins.
    private var starts: [UInt128] = [0]
    /// The number of each range; -1: no prefix covers it.
    private var values: [Int32] = [-1]

    /// Makes a table in which each prefix has its position as its number.
    ///
    /// - Parameter prefixes: The networks; of two that are equal the later one counts.
    public init(_ prefixes: [Prefix]) {
        // An outer prefix comes before the inner ones that begin at the same address.
        let order = prefixes.indices.sorted {
            (prefixes[$0].bits, prefixes[$0].length, $0)
                < (prefixes[$1].bits, prefixes[$1].length, $1)
        }
        var open: [(last: UInt128, value: Int32)] = []
        for index in order {
            let prefix = prefixes[index]
            close(&open, before: prefix.bits)
            begin(at: prefix.bits, with: Int32(index))
            open.append((prefix.last, Int32(index)))
        }
        close(&open, before: nil)
    }

    /// The number of the longest prefix that covers an address.
    ///
    /// - Parameter address: The address to look up.
    /// - Returns: The prefix's position; `nil` when none covers it.
    public func value(for address: IPEndpoint) -> Int? {
        let bits = address.bits
        var low = 0
        var high = starts.count
        // The range that begins last among those that begin at or before the address.
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= bits { low = middle } else { high = middle }
        }
        return values[low] < 0 ? nil : Int(values[low])
    }

    /// Ends the ranges of prefixes that lie wholly before an address; all of them without one.
    private mutating func close(
        _ open: inout [(last: UInt128, value: Int32)], before address: UInt128?
    ) {
        while let inner = open.last {
            if let address, inner.last >= address { return }
            open.removeLast()
            guard inner.last < .max else { continue }
            begin(at: inner.last + 1, with: open.last?.value ?? -1)
        }
    }

    private mutating func begin(at start: UInt128, with value: Int32) {
        if starts[starts.count - 1] == start {
            values[values.count - 1] = value
        } else {
            starts.append(start)
            values.append(value)
        }
    }
}

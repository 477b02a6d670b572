#if Program
internal import Balancer

extension CounterVector {
    /// The vector as bytes: three rows of numbers, each after their count, in groups of seven bits
    /// from the lowest on.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for row in [sums, peaks, levels] {
            bytes.append(number: UInt64(row.count))
            for number in row { bytes.append(number: number) }
        }
        return bytes
    }

    /// Reads a vector; `nil`: it is none.
    init?(bytes: ArraySlice<UInt8>) {
        self.init()
        var rest = bytes
        func row() -> [UInt64]? {
            guard let count = rest.takeNumber(), count <= rest.count else { return nil }
            var row: [UInt64] = []
            row.reserveCapacity(Int(count))
            for _ in 0..<count {
                guard let number = rest.takeNumber() else { return nil }
                row.append(number)
            }
            return row
        }
        guard let sums = row(), let peaks = row(), let levels = row(), rest.isEmpty else {
            return nil
        }
        (self.sums, self.peaks, self.levels) = (sums, peaks, levels)
    }
}

extension CounterLedger {
    /// Reads a ``RecordBatch``; `nil`: it is none.
    init?(batch bytes: [UInt8]) {
        self.init()
        var vectors: [String: CounterVector] = [:]
        var isWhole = true
        let isBatch = RecordBatch.read(bytes) { name, value in
            if let vector = CounterVector(bytes: value) {
                vectors[name] = vector
            } else {
                isWhole = false
            }
        }
        guard isBatch, isWhole else { return nil }
        self.vectors = vectors
    }

    /// The ledger in batches of a few tens of kilobytes.
    var batches: [RecordBatch] { RecordBatch.batches(of: vectors.mapValues(\.bytes)) }
}

extension [UInt8] {
    fileprivate mutating func append(number: UInt64) {
        var rest = number
        while rest > 0x7f {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func takeNumber() -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = popFirst() {
            guard shift < 64 else { return nil }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }
}
#endif

#if Program
/// Named values in a row of bytes.
///
/// Each is the length of its name (2 bytes, network order), the length of its value (4 bytes), the
/// name and the value.
struct RecordBatch {
    private(set) var bytes: [UInt8] = []

    /// Makes an empty batch.
    init() {}

    /// Adds a record.
    ///
    /// - Parameters:
    ///   - name: At most 65,535 bytes.
    ///   - value: Anything.
    mutating func append(_ name: String, _ value: [UInt8]) {
        let name = Array(name.utf8.prefix(Int(UInt16.max)))
        bytes += [
            UInt8(truncatingIfNeeded: name.count >> 8), UInt8(truncatingIfNeeded: name.count),
        ]
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: value.count >> (24 - 8 * $0)) }
        bytes += name
        bytes += value
    }

    /// Whether it is large enough to be sent.
    var isFull: Bool { bytes.count >= RecordBatch.sizeLimit }

    /// Makes batches of a few tens of kilobytes of any number of records.
    static func batches(of records: [String: [UInt8]]) -> [RecordBatch] {
        var full: [RecordBatch] = []
        var batch = RecordBatch()
        for (name, value) in records {
            batch.append(name, value)
            guard batch.isFull else { continue }
            full.append(batch)
            batch = RecordBatch()
        }
        return batch.bytes.isEmpty ? full : full + [batch]
    }

    /// Reads records.
    ///
    /// - Parameters:
    ///   - bytes: A batch.
    ///   - body: Called with each record, in order.
    /// - Returns: Whether the bytes are a batch to their end.
    static func read(
        _ bytes: [UInt8], _ body: (_ name: String, _ value: ArraySlice<UInt8>) -> Void
    ) -> Bool {
        var place = 0
        while place < bytes.count {
            guard bytes.count - place >= 6 else { return false }
            let head = bytes[place..<place + 6].map(Int.init)
            let nameEnd = place + 6 + (head[0] << 8 | head[1])
            let end = nameEnd + (head[2] << 24 | head[3] << 16 | head[4] << 8 | head[5])
            guard end <= bytes.count else { return false }
            body(
                String(decoding: bytes[place + 6..<nameEnd], as: UTF8.self), bytes[nameEnd..<end])
            place = end
        }
        return true
    }

    private static let sizeLimit = 32_768
}
#endif

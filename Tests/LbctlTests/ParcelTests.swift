#if Program
import Balancer
import Testing

@testable import lbctl

@Suite struct `Bytes between the processes` {
    @Test func `records come back as they were, and a cut batch is none`() {
        var batch = RecordBatch()
        batch.append("web/a", [1, 2, 3])
        batch.append("", [])
        batch.append("größe", Array(repeating: 7, count: 300))
        var read: [(String, [UInt8])] = []
        #expect(RecordBatch.read(batch.bytes) { read.append(($0, Array($1))) })
        #expect(read.map(\.0) == ["web/a", "", "größe"])
        #expect(read.map(\.1) == [[1, 2, 3], [], Array(repeating: 7, count: 300)])
        for count in [1, 5, 8, batch.bytes.count - 1] {
            #expect(!RecordBatch.read(Array(batch.bytes.prefix(count))) { _, _ in })
        }
    }

    @Test func `many records travel in batches of a few tens of kilobytes`() {
        var records: [String: [UInt8]] = [:]
        for number in 0..<2_000 { records["server \(number)"] = Array(repeating: 1, count: 100) }
        let batches = RecordBatch.batches(of: records)
        #expect(batches.allSatisfy { $0.bytes.count < 33_000 })
        var read: [String: [UInt8]] = [:]
        for batch in batches { #expect(RecordBatch.read(batch.bytes) { read[$0] = Array($1) }) }
        #expect(read == records)
    }

    @Test func `counters come back as they were, and nothing else is any`() throws {
        var vector = CounterVector()
        vector.sums = [0, 127, 128, .max]
        vector.peaks = [5]
        #expect(
            vector.bytes
                == [4, 0, 127, 128, 1] + Array(repeating: 255, count: 9) + [1, 1, 5, 0])
        #expect(CounterVector(bytes: vector.bytes[...]) == vector)
        for bytes in [[], [1], [0, 0], [0, 0, 0, 0], [200, 0, 0], [1, 128, 0]] as [[UInt8]] {
            #expect(CounterVector(bytes: bytes[...]) == nil, "\(bytes)")
        }
        var ledger = CounterLedger()
        ledger.vectors = ["pool web": vector, "process": vector]
        let batch = try #require(ledger.batches.first)
        #expect(CounterLedger(batch: batch.bytes) == ledger)
        #expect(CounterLedger(batch: Array(batch.bytes.dropLast())) == nil)
    }

    @Test func `a status arrives in pieces, and answers its request`() {
        let status = Array(repeating: UInt8(ascii: "x"), count: 100_000)
        let cut = StatusPieces.cut(status, for: 70_000)
        #expect(cut.count == 4)
        var pieces = StatusPieces()
        for piece in cut.dropLast() { #expect(pieces.append(piece) == nil) }
        let whole = pieces.append(cut[3])
        #expect(whole?.request == 70_000)
        #expect(whole?.status.flatMap(\.self) == status)
        #expect(pieces.append(StatusPieces.cut([], for: nil)[0])?.request == .some(nil))
        #expect(pieces.append([0, 0]) == nil)
    }

    @Test func `what is not a known kind of bytes is a word, or nothing`() {
        #expect(Parcel<BalancerReport>(payload: []) == nil)
        #expect(Parcel<BalancerReport>(payload: [1, 2]) == nil)
        #expect(Parcel<BalancerReport>(payload: Array("{}".utf8)) == nil)
        let word = Parcel<BalancerReport>.word(.backend("web", isUsable: true))
        guard case .word(.backend("web", true)) = Parcel<BalancerReport>(payload: word.payload)
        else {
            Issue.record("another word")
            return
        }
        guard case .bytes(.status, [1, 2]) = Parcel<BalancerReport>(payload: [0x53, 1, 2]) else {
            Issue.record("other bytes")
            return
        }
    }
}
#endif

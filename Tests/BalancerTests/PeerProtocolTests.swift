import LinuxIO
import Testing
import VRRPTestKit

@testable import Balancer

/// haproxy's peers protocol, without sockets.
@Suite struct `The peers protocol` {
    @Test(
        arguments: [
            (0, [0]), (239, [239]), (240, [0xf0, 0]), (241, [0xf1, 0]), (2287, [0xff, 0x7f]),
            (2288, [0xf0, 0x80, 0]), (264_431, [0xff, 0xff, 0x7f]),
            (264_432, [0xf0, 0x80, 0x80, 0]), (33_818_864, [0xf0, 0x80, 0x80, 0x80, 0]),
            (.max, [0xff, 0xf0, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0x0e]),
        ] as [(UInt64, [UInt8])])
    func `a number has as many bytes as it needs`(number: UInt64, bytes: [UInt8]) throws {
        var written: [UInt8] = []
        written.appendPeerInteger(number)
        #expect(written == bytes)
        var reader = PeerReader(bytes[...])
        #expect(try reader.integer() == number)
        #expect(reader.isAtEnd)
        for count in 0..<bytes.count where number >= 240 {
            var cut = PeerReader(bytes[..<count])
            #expect(throws: PeerFault.malformed) { try cut.integer() }
        }
    }

    @Test func `a number without an end is none`() {
        var reader = PeerReader([UInt8](repeating: 0xff, count: 30)[...])
        #expect(throws: PeerFault.malformed) { try reader.integer() }
    }

    private static let table = PeerTable(
        name: "web", keys: .ipv4, lifetime: 10_000, hasServers: true,
        counters: [
            .init(.connectionTotal), .init(.connectionRate, period: 3000), .init(.gpc0),
        ])

    /// Two nodes that have greeted each other.
    private func pair(
        _ tables: [PeerTable], _ others: [PeerTable]? = nil, isOld: Bool = false
    ) throws -> (PeerSession, PeerSession) {
        var first = PeerSession(
            greeting: "b", as: "a", processID: 7, isOld: isOld, tables: tables)
        var second = PeerSession(answering: "b", tables: others ?? tables)
        #expect(try hear(&second, from: &first) == [.hello("a")])
        second.accept()
        #expect(try hear(&first, from: &second) == [.accepted])
        return (first, second)
    }

    private func hear(
        _ session: inout PeerSession, from other: inout PeerSession
    ) throws -> [PeerSession.Event] {
        let bytes = other.output
        other.output = []
        return try hear(&session, bytes)
    }

    private func hear(
        _ session: inout PeerSession, _ bytes: some Sequence<UInt8>
    ) throws -> [PeerSession.Event] {
        session.receive(bytes)
        var events: [PeerSession.Event] = []
        while let event = try session.next() { events.append(event) }
        return events
    }

    @Test func `the greeting is haproxy's, and so are its answers`() throws {
        let first = PeerSession(greeting: "b", as: "a", processID: 7, tables: [])
        #expect(String(decoding: first.output, as: UTF8.self) == "HAProxyS 2.1\nb\na 7 1\n")
        let old = PeerSession(greeting: "b", as: "a", processID: 7, isOld: true, tables: [])
        #expect(String(decoding: old.output, as: UTF8.self) == "HAProxyS 2.0\nb\na 7 1\n")
        for (greeting, answer) in [
            ("HAProxyS 2.1\nb\na 7 1\n", ""), ("HAProxyS 2.0\r\nb\r\na 7 1\r\n", ""),
            ("HAProxyS 2.2\nb\na 7 1\n", "502\n"), ("HAProxyS 3.0\nb\na 7 1\n", "502\n"),
            ("HAProxyS x\nb\na 7 1\n", "502\n"), ("HAProxyS 2.1\nc\na 7 1\n", "503\n"),
            ("HAProxyT 2.1\nb\na 7 1\n", "501\n"), ("HAProxyS 2.1\nb\na\n", "501\n"),
            ("GET / HTTP/1.1\r\nHost: b\r\n\r\n", "501\n"),
            (String(repeating: "x", count: 2000), "501\n"), ("\n\n\n", "501\n"),
        ] {
            var session = PeerSession(answering: "b", tables: [])
            if answer.isEmpty {
                #expect(try hear(&session, greeting.utf8) == [.hello("a")])
            } else {
                #expect(throws: PeerFault.self) { try hear(&session, greeting.utf8) }
            }
            #expect(String(decoding: session.output, as: UTF8.self) == answer)
        }
    }

    @Test(arguments: [300, 501, 502, 503, 504])
    func `who is refused knows why`(status: Int) {
        var first = PeerSession(greeting: "b", as: "a", processID: 7, tables: [])
        #expect(throws: PeerFault.refused(status)) { try hear(&first, "\(status)\n".utf8) }
        #expect(!first.isOpen)
    }

    /// Byte by byte as haproxy 2.6 sends them.
    @Test func `definitions and updates are haproxy's to the byte`() throws {
        var (first, second) = try pair([Self.table])
        first.output = []
        var entry = PeerEntry(
            change: 5, key: [192, 0, 2, 1], remaining: 9000,
            server: .init(number: 2, name: "s2"), numbers: [7, 300, 1, 2, 3])
        first.tell(entry, of: 0, isTimed: true)
        let definition: [UInt8] = [
            10, 130, 18, 1, 3, 0x77, 0x65, 0x62, 4, 4,
            // Bits 0, 2, 4, 5 and 19.
            0xf5, 0xf4, 0xfe, 0, 0xf0, 0xe2, 0x03, 5, 0xf8, 0xac, 0,
        ]
        let update: [UInt8] = [
            10, 133, 24, 0, 0, 0, 5, 0, 0, 0x23, 0x28, 192, 0, 2, 1, 2, 7, 0xfc, 3, 1, 2, 3, 4, 1,
            2,
            0x73, 0x32,
        ]
        #expect(first.output == definition + update)
        #expect(
            try hear(&second, from: &first) == [.update(table: 0, told(entry, [1, 1, 1]))])
        // The next change is not numbered, and the name is known.
        entry.change = 6
        first.tell(entry, of: 0, isTimed: false)
        #expect(
            first.output == [10, 129, 13, 192, 0, 2, 1, 2, 7, 0xfc, 3, 1, 2, 3, 1, 1])
        entry.remaining = nil
        #expect(
            try hear(&second, from: &first) == [.update(table: 0, told(entry, [1, 1, 1]))])
        second.acknowledge()
        #expect(second.output == [10, 132, 5, 1, 0, 0, 0, 6])
    }

    private func told(_ entry: PeerEntry, _ counts: [Int]) -> PeerEntry {
        var entry = entry
        entry.toldCounts = counts
        return entry
    }

    @Test func `of arrays that are not as long, what both have is told`() throws {
        func table(_ count: Int) -> PeerTable {
            PeerTable(
                name: "t", keys: .numbers,
                counters: [
                    .init(.gpcRates, period: 500, count: count), .init(.gpts, count: count + 1),
                    .init(.gpc1),
                ])
        }
        var (first, second) = try pair([table(2)], [table(1)])
        let entry = PeerEntry(
            change: 1, key: [0, 0, 0, 9], numbers: [5, 11, 12, 13, 1, 2, 3, 4, 5, 6])
        first.tell(entry, of: 0, isTimed: false)
        // After the bits 17, 22 and 24: each array's number, how many elements it has, a rate's period.
        let definition: [UInt8] = [
            10, 130, 16, 1, 1, 0x74, 2, 4, 0xf0, 0xf1, 0xbe, 0x4f, 0, 22, 3, 24, 2, 0xf4, 16,
        ]
        #expect(Array(first.output.prefix(definition.count)) == definition)
        #expect(
            try hear(&second, from: &first) == [
                .update(
                    table: 0,
                    told(
                        PeerEntry(
                            change: 1, key: [0, 0, 0, 9], numbers: [5, 11, 12, 1, 2, 3]),
                        [1, 2, 1]))
            ])
        second.tell(
            PeerEntry(change: 1, key: [0, 0, 0, 9], numbers: [5, 11, 12, 1, 2, 3]), of: 0,
            isTimed: false)
        #expect(
            try hear(&first, from: &second) == [
                .update(
                    table: 0,
                    told(
                        PeerEntry(
                            change: 1, key: [0, 0, 0, 9],
                            numbers: [5, 11, 12, 0, 1, 2, 3, 0, 0, 0]), [1, 2, 1]))
            ])
    }

    @Test func `a peer of the version before hears no times`() throws {
        var (first, second) = try pair([Self.table], isOld: true)
        let entry = PeerEntry(
            change: 5, key: [192, 0, 2, 1], remaining: 9000, numbers: [7, 300, 1, 2, 3])
        first.tell(entry, of: 0, isTimed: true)
        guard case .update(_, let heard) = try hear(&second, from: &first).first else {
            Issue.record("no update")
            return
        }
        #expect(heard.remaining == nil)
    }

    @Test func `what one table has more than the other is passed over`() throws {
        let less = PeerTable(name: "web", keys: .ipv4, counters: [.init(.gpc0)])
        var (first, second) = try pair([Self.table], [less])
        let entry = PeerEntry(
            change: 1, key: [1, 2, 3, 4], server: .init(number: 1, name: "s"),
            numbers: [7, 300, 1, 2, 3])
        first.tell(entry, of: 0, isTimed: false)
        guard case .update(0, let heard) = try hear(&second, from: &first).first else {
            Issue.record("no update")
            return
        }
        #expect(heard.numbers == [7] && heard.toldCounts == [1])
        second.tell(
            PeerEntry(change: 1, key: [1, 2, 3, 4], numbers: [9]), of: 0, isTimed: false)
        guard case .update(0, let back) = try hear(&first, from: &second).last else {
            Issue.record("no update")
            return
        }
        #expect(back.numbers == [9, 0, 0, 0, 0] && back.toldCounts == [1, 0, 0])
    }

    @Test func `tables of other keys and unknown tables are not exchanged`() throws {
        let other = PeerTable(name: "web", keys: .ipv6)
        var (first, second) = try pair([Self.table, .init(name: "x", keys: .numbers)], [other])
        first.tell(PeerEntry(change: 1, key: [0, 0, 0, 1]), of: 1, isTimed: false)
        #expect(try hear(&second, from: &first) == [])
        let entry = PeerEntry(change: 1, key: [1, 2, 3, 4], numbers: [0, 0, 0, 0, 0])
        first.tell(entry, of: 0, isTimed: false)
        #expect(try hear(&second, from: &first) == [.unfit("web")])
    }

    @Test func `what is acknowledged is each table's last change`() throws {
        let tables = [Self.table, PeerTable(name: "t", keys: .numbers)]
        var (first, second) = try pair(tables)
        for change in [9, 10, 12] as [UInt32] {
            first.tell(
                PeerEntry(change: change, key: [0, 0, 0, UInt8(change)]), of: 1, isTimed: false)
        }
        #expect(try hear(&second, from: &first).count == 3)
        second.acknowledge()
        #expect(second.output == [10, 132, 5, 2, 0, 0, 0, 12])
        #expect(try hear(&first, from: &second) == [.acknowledged(table: 1, change: 12)])
        second.acknowledge()
        #expect(second.output.isEmpty)
    }

    @Test func `control messages mean what they say, and unknown ones nothing`() throws {
        var (first, _) = try pair([Self.table])
        let bytes: [UInt8] = [
            0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 77, 99, 1, 99, 200, 3, 1, 2, 3, 10, 190, 1, 0, 10, 3,
            0, 4,
        ]
        #expect(
            try hear(&first, bytes) == [
                .wantsAll, .toldAll(isComplete: true), .toldAll(isComplete: false), .confirmed,
                .alive, .alive,
            ])
    }

    @Test func `what is too long or no message ends the session, and the peer is told why`() throws
    {
        for (bytes, fault, answer) in [
            ([10, 128, 0xff, 0xff, 0xff, 0xff, 0xff], .tooLong, [1, 1]),
            ([10, 128, 0xf0, 0x80, 0x80, 0], .tooLong, [1, 1]),
            // 16,385 bytes.
            ([10, 128, 0xf1, 0xf1, 0x06], .tooLong, [1, 1]),
            ([255, 0], .malformed, [1, 0]),
            ([10, 130, 2, 1, 0], .malformed, [1, 0]),
            // 101 elements of an array.
            (
                [10, 130, 12, 1, 1, 0x77, 4, 4, 0xf0, 0xf1, 0xff, 0xff, 0, 22, 101], .malformed,
                [1, 0]
            ),
            ([10, 132, 1, 1], .malformed, [1, 0]),
            ([1, 0], .reported, []),
        ] as [([UInt8], PeerFault, [UInt8])] {
            var (first, _) = try pair([Self.table])
            first.output = []
            #expect(throws: fault) { try hear(&first, bytes) }
            #expect(first.output == answer)
            #expect(try hear(&first, [0, 4]) == [], "it is over")
        }
    }

    /// Any tables and entries, in pieces of any size.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `what is told is heard, however the bytes come`(seed: UInt64) throws {
        var numbers = SeededGenerator(seed: seed)
        let tables = (0..<Int.random(in: 1...4, using: &numbers)).map { index in
            PeerTable.random(name: "t\(index)", using: &numbers)
        }
        var (first, second) = try pair(tables)
        var expected: [PeerSession.Event] = []
        var change: UInt32 = .max - 20
        for _ in 0..<100 {
            let index = Int.random(in: tables.indices, using: &numbers)
            change &+= .random(in: 1...2, using: &numbers)
            var entry = PeerEntry.random(change: change, of: tables[index], using: &numbers)
            let isTimed = Bool.random(using: &numbers)
            first.tell(entry, of: index, isTimed: isTimed)
            if !isTimed { entry.remaining = nil }
            expected.append(
                .update(table: index, told(entry, tables[index].counters.map(\.count))))
        }
        var bytes = first.output[...]
        var heard: [PeerSession.Event] = []
        while !bytes.isEmpty {
            let count = Int.random(in: 1...200, using: &numbers)
            heard += try hear(&second, bytes.prefix(count))
            bytes = bytes.dropFirst(count)
        }
        #expect(heard == expected)
    }

    @Test(arguments: 0..<50 as Range<UInt64>)
    func `no bytes do harm`(seed: UInt64) throws {
        var numbers = SeededGenerator(seed: seed)
        let table = PeerTable.random(name: "t", using: &numbers)
        var known = table
        known.counters.removeAll { counter in
            !StickQuantity.allCases.contains { PeerDatum($0) == counter.datum }
        }
        var (first, second) = try pair([table], [known])
        for change in 0..<50 as Range<UInt32> {
            first.tell(
                .random(change: change, of: table, using: &numbers), of: 0, isTimed: true)
        }
        var bytes = first.output
        for _ in 0..<Int.random(in: 1...20, using: &numbers) {
            let place = Int.random(in: bytes.indices, using: &numbers)
            bytes[place] = .random(in: 0...255, using: &numbers)
        }
        let own = StickTable.counting(known)
        do {
            for event in try hear(&second, bytes) {
                guard case .update(_, let entry) = event else { continue }
                #expect(entry.numbers.count == known.counters.reduce(0) { $0 + $1.width })
                own.learn(entry, now: 1000)
                for now in [0, 1000, .max] as [UInt64] {
                    for quantity in StickQuantity.allCases {
                        _ = own.value(of: quantity, at: 0, now: now)
                    }
                }
                own.add(1, to: .connectionTotal, .connectionRate, at: 0, now: 1001)
            }
        } catch { #expect(error is PeerFault) }
        #expect(own.count(now: .max) <= 50)
    }

    // MARK: Learning

    @Test func `one peer after the other is asked until one knows all`() {
        let start = MonotonicInstant(nanoseconds: 0)
        var learning = PeerLearning(at: start)
        #expect(learning.choose(among: []) == nil)
        #expect(learning.choose(among: ["3"]) == "3")
        #expect(learning.choose(among: ["3", "4"]) == nil, "one at a time")
        #expect(learning.isAsking("3"))
        // Nobody asked it.
        learning.toldAll("4", isComplete: true, at: start)
        #expect(!learning.isComplete)
        learning.toldAll("3", isComplete: false, at: start)
        #expect(learning.choose(among: ["3"]) == nil)
        #expect(learning.choose(among: ["3", "4"]) == "4")
        learning.lost("4", at: start)
        #expect(learning.choose(among: ["3", "5"]) == "5")
        learning.toldAll("5", isComplete: true, at: start)
        #expect(learning.isComplete)
        #expect(learning.choose(among: ["3", "4", "5"]) == nil)
    }

    @Test func `after 5 seconds without anybody to ask a node knows all there is`() {
        let start = MonotonicInstant(nanoseconds: 0)
        var learning = PeerLearning(at: start)
        learning.expire(at: start + .milliseconds(4999))
        #expect(!learning.isComplete)
        learning.expire(at: start + .seconds(5))
        #expect(learning.isComplete)
        #expect(learning.deadline == nil)
    }
}

extension StickTable {
    /// A table like that of a peer, as far as there are such tables.
    fileprivate static func counting(_ table: PeerTable) -> StickTable {
        var plan = StickTablePlan(
            name: table.name, size: 50,
            lifetime: table.lifetime == 0 ? nil : .milliseconds(Int(table.lifetime)))
        plan.keys =
            switch table.keys {
            case .numbers: .numbers
            case .ipv4: .ipv4
            case .ipv6: .addresses
            case .text(let most): .text(most)
            case .bytes(let count): .bytes(count)
            }
        let data = Set(table.counters.map(\.datum))
        plan.counters = StickQuantity.allCases.filter { data.contains(PeerDatum($0)) }.map {
            StickCounter($0, over: $0.isRate ? .seconds(1) : nil)
        }
        return StickTable(plan)
    }
}

extension PeerTable {
    fileprivate static func random(name: String, using numbers: inout SeededGenerator) -> PeerTable
    {
        let kinds: [Keys] = [.numbers, .ipv4, .ipv6, .text(31), .bytes(32)]
        let counters = PeerDatum.allCases.filter {
            $0 != .serverNumber && $0.form != .name && Bool.random(using: &numbers)
        }
        return PeerTable(
            name: name, keys: kinds.randomElement(using: &numbers) ?? .ipv4,
            lifetime: .random(in: 0 ... .max, using: &numbers),
            hasServers: Bool.random(using: &numbers),
            counters: counters.map {
                Counter(
                    $0, period: $0.isRate ? .random(in: 1 ... .max, using: &numbers) : 0,
                    count: $0.isArray ? .random(in: 1...100, using: &numbers) : 1)
            })
    }
}

extension PeerEntry {
    fileprivate static func random(
        change: UInt32, of table: PeerTable, using numbers: inout SeededGenerator
    ) -> PeerEntry {
        var length = Int(table.keys.length)
        if case .text(let most) = table.keys { length = .random(in: 0...most, using: &numbers) }
        let width = table.counters.reduce(0) { $0 + $1.width }
        var server: Server?
        if table.hasServers, Bool.random(using: &numbers) {
            // More than are known by a number at once.
            let number = UInt32.random(in: 1...300, using: &numbers)
            server = Server(number: number, name: "s\(number)")
        }
        return PeerEntry(
            change: change, key: (0..<length).map { _ in .random(in: 0...255, using: &numbers) },
            remaining: .random(in: 0 ... .max, using: &numbers), server: server,
            numbers: (0..<width).map { _ in
                UInt64.random(in: 0 ... .max, using: &numbers)
                    >> UInt64.random(in: 0...63, using: &numbers)
            })
    }
}

import Testing

@testable import HealthCheck

@Suite struct `Messages of DNS` {
    private static let web = [3] + Array("web".utf8) + [7] + Array("example".utf8) + [0]
    /// The number 0x1234, an answer, recursion, one question, two answers.
    private static let head: [UInt8] = [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0]

    private func question(_ type: DNSRecordType = .a) throws -> DNSQuestion {
        DNSQuestion(try DomainName("Web.Example."), type: type)
    }

    private func read(_ bytes: [UInt8], type: DNSRecordType = .a) throws -> DNSAnswer? {
        DNSAnswer(bytes, to: try question(type), 0x1234)
    }

    /// `web.example CNAME www.web.example`, `www.web.example A 192.0.2.7`, both names by pointers.
    private static let aliased: [UInt8] =
        head + web + [0, 1, 0, 1]
        + [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 3] + Array("www".utf8) + [0xC0, 12]
        + [0xC0, 41, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]

    @Test func `a question`() throws {
        #expect(
            try question().query(0x1234)
                == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + Self.web + [0, 1, 0, 1])
        #expect(
            try question(.aaaa).query(1, payloadSize: 1232)
                == [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1] + Self.web + [0, 28, 0, 1]
                + [0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0])
    }

    @Test func `an answer by an alias`() throws {
        let answer = try #require(try read(Self.aliased))
        #expect(answer.addresses == [[192, 0, 2, 7]])
        #expect(answer.status == 0 && !answer.isTruncated)
    }

    @Test func `what is no answer to the question is none`() throws {
        var bytes = Self.aliased
        bytes[1] = 0x35
        #expect(try read(bytes) == nil, "another number")
        bytes = Self.aliased
        bytes[2] = 0x01
        #expect(try read(bytes) == nil, "a question")
        bytes = Self.aliased
        bytes[13] = UInt8(ascii: "x")
        #expect(try read(bytes) == nil, "about another name")
        #expect(try read(Self.aliased, type: .aaaa) == nil, "of another type")
        for length in 0..<Self.aliased.count {
            #expect(try read(Array(Self.aliased.prefix(length))) == nil, "\(length) bytes")
        }
        bytes = Self.aliased
        bytes[2] |= 0x02
        let cut = try #require(try read(Array(bytes.prefix(40))))
        #expect(cut.isTruncated && cut.addresses.isEmpty)
    }

    @Test func `other names' addresses are nobody's here`() throws {
        let other = [5] + Array("other".utf8) + [0xC0, 16]
        let answer = try #require(
            try read(
                Self.head + Self.web + [0, 1, 0, 1]
                    + other + [0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 8]
                    + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9]))
        #expect(answer.addresses == [[192, 0, 2, 9]])
    }

    @Test func `pointers only go back, and aliases in a circle end`() throws {
        var forward = Self.aliased
        forward[46] = 200
        #expect(try read(forward) == nil)
        var itself = Self.aliased
        itself[46] = 45
        #expect(try read(itself) == nil)
        let circle = try #require(
            try read(
                Self.head + Self.web + [0, 1, 0, 1]
                    + [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 12]
                    + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 9]))
        #expect(circle.addresses == [[192, 0, 2, 9]])
    }

    /// A record, the name by a pointer.
    private func record(of name: Int, _ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        pointer(name) + [0, type, 0, 1, 0, 0, 0, 60, 0, UInt8(content.count)] + content
    }

    private func pointer(_ place: Int) -> [UInt8] {
        [0xC0 | UInt8(place >> 8), UInt8(place & 255)]
    }

    /// An answer with records, `web.example` at 12.
    private func answer(_ records: [[UInt8]]) -> [UInt8] {
        var head = Self.head
        (head[6], head[7]) = (UInt8(records.count >> 8), UInt8(records.count & 255))
        return head + Self.web + [0, 1, 0, 1] + records.joined()
    }

    /// `web.example CNAME a.web.example`, `a.web.example CNAME b.web.example` and so on, then the
    /// address of the last.
    private func chain(_ count: Int) -> [UInt8] {
        var records: [[UInt8]] = []
        var (name, end) = (12, 29)
        for number in 0..<count {
            records.append(
                record(of: name, 5, [1, UInt8(ascii: "a") + UInt8(number)] + pointer(12)))
            (name, end) = (end + 12, end + 16)
        }
        return answer(records + [record(of: name, 1, [192, 0, 2, 7])])
    }

    @Test func `sixteen aliases are followed`() throws {
        #expect(try read(chain(16))?.addresses == [[192, 0, 2, 7]])
        #expect(try read(chain(17))?.addresses == [])
    }

    /// Two names lead to each other, and stand behind thousands that differ in their last letter.
    @Test func `an answer full of aliases is read at once`() throws {
        func name(_ last: String) -> [UInt8] {
            let label = [63] + [UInt8](repeating: UInt8(ascii: "x"), count: 63)
            return label + label + label + [1] + Array(last.utf8) + [0]
        }
        let names = ["a", "b", "c"].map(name)
        let places = (0..<3).map { 29 + 12 + $0 * (12 + names[0].count) }
        let begin = names.map { record(of: 12, 5, $0) }
        let other = record(of: places[2], 5, pointer(places[2]))
        let end = [(0, 1), (1, 0)].map { record(of: places[$0], 5, pointer(places[$1])) }
        let message = answer(begin + Array(repeating: other, count: 4600) + end)
        #expect(message.count < 65_536)
        let start = ContinuousClock.now
        #expect(try read(message)?.addresses == [])
        #expect(start.duration(to: .now) < .seconds(10))
    }

    @Test func `a name is read by 128 pointers at most`() throws {
        /// Pointers to each other in a record that nobody looks at, then an address by the last.
        func read(_ count: Int) throws -> DNSAnswer? {
            var content = pointer(12)
            let start = 29 + 12
            for number in 1..<(count - 1) { content += pointer(start + 2 * (number - 1)) }
            let first =
                pointer(12) + [0, 16, 0, 1, 0, 0, 0, 60]
                + [UInt8(content.count >> 8), UInt8(content.count & 255)] + content
            let last = record(of: start + 2 * (count - 2), 1, [192, 0, 2, 7])
            return try self.read(answer([first, last]))
        }
        #expect(try read(128)?.addresses == [[192, 0, 2, 7]])
        #expect(try read(129) == nil)
    }

    @Test func `512 addresses of an answer count, each once`() throws {
        let numbers = [0, 0] + Array(0..<600)
        let records = numbers.map {
            record(of: 12, 1, [192, 0, UInt8($0 >> 8), UInt8($0 & 255)])
        }
        let addresses = try #require(try read(answer(records))).addresses
        #expect(addresses.count == 512)
        #expect(addresses.prefix(2) == [[192, 0, 0, 0], [192, 0, 0, 1]])
        #expect(addresses.last == [192, 0, 1, 255])
    }

    @Test func `a service, with the address of its host beside it`() throws {
        var head = Self.head
        (head[7], head[11]) = (1, 1)
        let one = [3] + Array("one".utf8) + [0xC0, 16]
        let answer = try #require(
            try read(
                head + Self.web + [0, 33, 0, 1]
                    + [0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 12, 0, 10, 2, 0, 0x1F, 0x90] + one
                    + one + [0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 5],
                type: .srv))
        let service = try #require(answer.services.first)
        #expect(answer.services.count == 1)
        #expect((service.priority, service.weight, service.port) == (10, 512, 8080))
        #expect("\(service.target)" == "one.example")
        #expect(answer.furtherAddresses == [service.target: [[192, 0, 2, 5]]])
    }

    @Test(arguments: [
        "", "..", "a..b", String(repeating: "x", count: 64), String(repeating: "a.", count: 130),
    ])
    func `a name that cannot be asked for is none`(text: String) {
        #expect(throws: ProbeSettingsError.notADomainName(text)) { try DomainName(text) }
    }

    @Test func `names are the same in any case, and print what they are`() throws {
        #expect(try DomainName("WWW.Example.ORG.") == DomainName("www.example.org"))
        #expect(try "\(DomainName("Web.example."))" == "web.example")
        #expect(try "\(DomainName("."))" == ".")
        #expect(try "\(DomainName("a b"))" == "a\\032b")
    }
}

@Suite struct `Addresses for servers of one name` {
    private func address(_ last: UInt8) -> ResolvedAddress {
        ResolvedAddress([192, 0, 2, last], port: 80)
    }

    private func six(_ last: UInt8) -> AddressOffer {
        AddressOffer(bytes: [0x20, 1] + [UInt8](repeating: 0, count: 13) + [last])
    }

    private func offers(_ lasts: UInt8...) -> [AddressOffer] {
        lasts.map { AddressOffer(bytes: [192, 0, 2, $0]) }
    }

    private func slot(_ current: UInt8? = nil, group: String = "b") -> AddressChoice.Slot {
        var slot = AddressChoice.Slot(group: group, port: 80)
        slot.current = current.map(address)
        return slot
    }

    private func given(
        _ slots: [AddressChoice.Slot], _ offers: [AddressOffer]
    ) -> [UInt8?] {
        AddressChoice.addresses(for: slots, of: offers).map { $0?.address.bytes.last }
    }

    @Test func `who has one keeps it, others get what is left, in order`() {
        #expect(given([slot(), slot(3), slot()], offers(1, 2, 3)) == [1, 3, 2])
        #expect(given([slot(9), slot(3)], offers(3)) == [nil, 3])
        #expect(given([slot(1), slot(1)], offers(2, 1)) == [1, 2])
    }

    @Test func `another pool may have the same, and one's own by wish`() {
        #expect(given([slot(), slot(group: "c")], offers(1)) == [1, 1])
        var double = slot()
        double.allowsDuplicates = true
        #expect(given([slot(), double], offers(1)) == [1, 1])
    }

    @Test func `a network is better than a family, and that than the order`() {
        #expect(given([slot()], offers(1) + [six(5)]) == [5])
        var four = slot()
        four.prefersIPv6 = false
        #expect(given([four], [six(5)] + offers(1)) == [1])
        var near = slot()
        near.networks = [AddressNetwork([192, 0, 2, 8], prefixLength: 29)]
        #expect(given([near], [six(5)] + offers(7, 16, 15)) == [15])
    }

    @Test func `a service's port and share go with its address`() {
        let offer = AddressOffer(bytes: [192, 0, 2, 1], port: 8080, weight: 7)
        let given = AddressChoice.addresses(for: [slot()], of: [offer])
        #expect(given[0]?.address.port == 8080)
        #expect(given[0]?.weight == 7)
    }
}

#if Program
@Suite struct `What is known of a name` {
    private let one = AddressOffer(bytes: [192, 0, 2, 1])
    private let two = AddressOffer(bytes: [192, 0, 2, 2])

    private func record(
        _ change: (inout ResolverSettings.Holds) -> Void = { _ in }
    )
        -> ResolutionRecord
    {
        var holds = ResolverSettings.Holds()
        change(&holds)
        return ResolutionRecord(holds)
    }

    private func after(
        _ outcomes: [(Int, ResolutionRecord.Outcome)], in record: ResolutionRecord
    ) -> [AddressOffer]? {
        var record = record
        var last: [AddressOffer]?
        for (second, outcome) in outcomes {
            record.take(outcome, at: .seconds(second))
            last = record.addresses(at: .seconds(second))
        }
        return last
    }

    @Test func `an answer replaces the one before, at once or after a while`() {
        #expect(after([(0, .valid([one, two])), (10, .valid([two]))], in: record()) == [two])
        let patient = record { $0.obsolete = .seconds(15) }
        #expect(after([(0, .valid([one])), (10, .valid([two]))], in: patient) == [two, one])
        #expect(
            after([(0, .valid([one])), (10, .valid([two])), (16, .valid([two]))], in: patient)
                == [two])
        #expect(
            after([(0, .valid([one])), (10, .valid([two])), (16, .valid([one]))], in: patient)
                == [one, two])
    }

    @Test func `512 addresses are kept, those that are still told first`() {
        func offers(_ third: UInt8, _ count: Int) -> [AddressOffer] {
            (0..<count).map {
                AddressOffer(bytes: [10, third, UInt8($0 >> 8), UInt8($0 & 255)])
            }
        }
        let patient = record { $0.obsolete = .seconds(1_000) }
        let kept = after(
            [(0, .valid(offers(1, 400))), (1, .valid(offers(2, 400)))], in: patient)
        #expect(kept == offers(2, 400) + offers(1, 112))
        #expect(after([(0, .valid(offers(1, 600)))], in: patient) == offers(1, 512))
    }

    @Test(arguments: [
        ResolutionRecord.Outcome.noSuchName, .timedOut, .refused, .other,
    ])
    func `without an answer, what is known holds for its time`(outcome: ResolutionRecord.Outcome) {
        let known = (0, ResolutionRecord.Outcome.valid([one]))
        #expect(after([known, (29, outcome)], in: record()) == nil)
        #expect(after([known, (10, outcome), (30, outcome)], in: record()) == [])
        #expect(after([(5, outcome)], in: record()) == nil, "what was known before counts too")
        #expect(after([(5, outcome), (35, outcome)], in: record()) == [])
        #expect(
            after([known, (10, outcome), (20, .valid([two])), (49, outcome)], in: record()) == nil)
    }
}
#endif

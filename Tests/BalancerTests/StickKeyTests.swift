import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What can be a key of a table, and how it is kept.
    @Suite struct `Keys of tables` {
        /// How a table keeps a key: an address, a number, or bytes.
        private func kept(_ keys: StickTablePlan.Keys, _ key: StickKey) -> String? {
            var plan = StickTablePlan(name: "t", size: 9)
            plan.keys = keys
            let table = StickTable(plan)
            guard let place = table.track(key, now: 0) else { return nil }
            return table.key(at: place).withKey { key in
                switch key {
                case .none: nil
                case .address(let end): end.description
                case .number(let number): "\(number)"
                case .bytes(let span): span.indices.map { String(UnicodeScalar(span[$0])) }.joined()
                }
            }
        }

        private let four = IPEndpoint(ipv4: 0xc000_0200, port: 7)
        private let six = IPEndpoint(high: 0x2001_0db8_0000_0000, low: 0x1_0000_0000_0010, port: 7)

        @Test func `a part is as long as the bytes before it say`() {
            let bytes: [UInt8] = [0, 3, 9, 1, 2, 3, 4]
            func read(
                _ length: Int, _ width: Int, _ start: Int, of count: Int = 7
            ) -> CountedPayload.Reading {
                let part = CountedPayload(
                    lengthOffset: length, lengthByteCount: width, offset: start)
                let said = Array(bytes.prefix(count))
                return part.read(said.span)
            }
            #expect(read(0, 2, 2) == .complete(2..<5))
            #expect(read(1, 1, 4) == .complete(4..<7))
            #expect(read(1, 1, 5) == .needsMore && read(1, 1, 4, of: 6) == .needsMore)
            #expect(read(0, 2, 2, of: 1) == .needsMore)
            // Nothing, and what never comes.
            #expect(read(0, 1, 1) == .none)
            #expect(read(1, 1, 16_382) == .none && read(1, 4, 0) == .none)
        }

        @Test func `a text is kept up to its room, and to the first byte of zero`() {
            #expect(kept(.text(4), .bytes(Array("abc".utf8).span)) == "abc")
            #expect(kept(.text(4), .bytes(Array("abcdef".utf8).span)) == "abcd")
            #expect(kept(.text(4), .bytes(Array("a\0b".utf8).span)) == "a")
            #expect(kept(.text(4), .none) == nil)
        }

        @Test func `bytes are cut off, or filled up with zeros`() {
            #expect(kept(.bytes(4), .bytes(Array("abcdef".utf8).span)) == "abcd")
            #expect(kept(.bytes(4), .bytes(Array("a\0b".utf8).span)) == "a\0b\0")
        }

        @Test func `addresses and numbers are keys of every kind, as haproxy converts them`() {
            #expect(kept(.text(40), .address(four)) == "192.0.2.0")
            #expect(kept(.text(40), .address(six)) == "2001:db8::1:0:0:10")
            #expect(kept(.text(6), .address(four)) == "192.0.")
            #expect(kept(.text(40), .number(4_294_967_295)) == "4294967295")
            #expect(kept(.bytes(4), .address(four)) == "\u{c0}\0\u{2}\0")
            #expect(kept(.bytes(5), .address(four)) == "\u{c0}\0\u{2}\0\0")
            #expect(kept(.bytes(3), .address(six)) == "\u{20}\u{1}\u{d}")
            #expect(kept(.bytes(8), .number(443)) == "\0\0\0\0\0\0\u{1}\u{bb}")
            #expect(kept(.numbers, .address(four)) == "3221225984")
            #expect(kept(.numbers, .address(six)) == nil)
            #expect(kept(.ipv4, .number(443)) == "0.0.1.187:0")
            #expect(kept(.addresses, .number(443)) == "0.0.1.187:0")
            for keys in [StickTablePlan.Keys.text(9), .bytes(9)] {
                #expect(kept(keys, .address(.none)) == nil)
            }
            for keys in [StickTablePlan.Keys.ipv4, .addresses, .numbers] {
                #expect(kept(keys, .bytes(Array("1".utf8).span)) == nil)
            }
        }

        @Test(
            arguments: [
                (.text(9), "a\\x20b\\x5C\\xFF", "a\\x20b\\x5C\\xFF"),
                (.text(2), "abc", "ab"), (.text(9), "a\\q", nil), (.text(9), "\\x2", nil),
                (.text(9), "\\x+1", nil), (.bytes(3), "6a0B", "6A0B00"), (.bytes(1), "6a0B", nil),
                (.bytes(3), "6", nil), (.bytes(3), "-1", nil),
                (.numbers, "4294967295", "4294967295"),
                (.numbers, "-1", nil), (.ipv4, "192.0.2.1", "192.0.2.1"), (.ipv4, "::1", nil),
                (.addresses, "2001:DB8:0::1", "2001:db8::1"), (.addresses, "192.0.2", nil),
            ] as [(StickTablePlan.Keys, String, String?)])
        func `a key that is shown can be written so`(
            keys: StickTablePlan.Keys, text: String, shown: String?
        ) {
            var plan = StickTablePlan(name: "t", size: 9)
            plan.keys = keys
            let table = StickTable(plan)
            #expect(table.set([], of: text, now: 0) == (shown == nil ? nil : true))
            #expect(table.slice(from: 0, most: 9, now: 0).entries.first?.key == shown)
            if let shown { #expect(table.forget(shown, now: 0) == .forgotten) }
        }

        @Test(arguments: [StickTablePlan.Keys.text(3), .bytes(3)])
        func `a thousand texts come and go in a table of a hundred`(keys: StickTablePlan.Keys) {
            var plan = StickTablePlan(name: "t", size: 100)
            plan.keys = keys
            let table = StickTable(plan)
            for number in 0..<1000 {
                table.bind(.bytes(Array("\(number)".utf8).span), to: number % 7, now: 0)
            }
            for number in 0..<1000 {
                let server = table.server(of: .bytes(Array("\(number)".utf8).span), now: 1)
                #expect(server == (number < 900 ? nil : number % 7))
            }
            // What is beyond the room does not matter.
            #expect(table.server(of: .bytes(Array("9991".utf8).span), now: 1) == 999 % 7)
        }

        /// A TLS hello that asks for a name of sixteen letters.
        private func hello(_ name: String) -> [UInt8] {
            let own = Array("shop.example.org".utf8)
            let place = opensslHello.indices.first { opensslHello[$0...].starts(with: own) } ?? 0
            return opensslHello.prefix(place) + Array(name.utf8)
                + opensslHello.dropFirst(place + own.count)
        }

        private func running(
            by key: ConnectionKey, _ keys: StickTablePlan.Keys = .text(31),
            delay: Duration = .seconds(5)
        ) throws -> (FamilyBalancer, [AnsweringServer]) {
            let named = try ["a", "b", "c"].map { name in try AnsweringServer { _, _ in name } }
            let plans = zip(["a", "b", "c"], named).map { ServerPlan(name: $0, at: $1.address) }
            let running = try FamilyBalancer(pools: [plans]) {
                $0.tables = [StickTablePlan(name: "t", size: 9)]
                $0.tables[0].keys = keys
                $0.pools[0].stickRules = [StickRule(in: 0, by: key)]
                $0.frontends[0].rules.inspectDelay = delay
            }
            return (running, named)
        }

        private func answer(_ running: FamilyBalancer, to bytes: [UInt8]) -> String {
            let client = running.connect()
            client.send(bytes)
            return client.receiveAll().text
        }

        @Test func `all who ask for one name by TLS go to one server, however slowly they ask`()
            throws
        {
            let (running, servers) = try running(by: .serverName)
            defer { servers.forEach { $0.stop() } }
            let names = ["shop.example.org", "mail.example.org", "shop.example.org"]
            #expect(names.map { answer(running, to: hello($0)) } == ["a", "b", "a"])
            // Others take turns.
            #expect(running.answer(to: "GET / HTTP/1.1\r\n\r\n") == "c")
            #expect(running.answer(to: "GET / HTTP/1.1\r\n\r\n") == "a")
            let slow = running.connect()
            for byte in hello("mail.example.org") {
                slow.send([byte])
                Thread.sleep(for: .microseconds(100))
            }
            #expect(slow.receiveAll().text == "b")
            #expect(running.balancer.snapshot().tableCounts == [2])
        }

        @Test func `the first protocol and what a client says are keys too`() throws {
            let (byProtocol, servers) = try running(by: .protocolName)
            defer { servers.forEach { $0.stop() } }
            #expect(
                ["shop.example.org", "mail.example.org"].map {
                    answer(byProtocol, to: hello($0))
                } == ["a", "a"])
            let (byPayload, others) = try running(
                by: .payload(offset: 1, length: 2), .bytes(8))
            defer { others.forEach { $0.stop() } }
            #expect(["1xyz", "2xy", "3yxz"].map { byPayload.answer(to: $0) } == ["a", "a", "b"])
            #expect(byPayload.balancer.snapshot().tableCounts == [2])
        }

        @Test
        func `who never says the key waits no longer than told, and has no server of his own`()
            throws
        {
            let (running, servers) = try running(
                by: .payload(offset: 0, length: 9), delay: .milliseconds(150))
            defer { servers.forEach { $0.stop() } }
            for _ in 0..<2 {
                let start = MonotonicInstant.now
                #expect(["a", "b"].contains(running.answer(to: "hi")))
                let took = MonotonicInstant.now - start
                #expect(took >= .milliseconds(140) && took < .milliseconds(1500))
            }
            #expect(running.balancer.snapshot().tableCounts == [0])
        }

        @Test func `connections are counted by what their clients ask for`() throws {
            let server = try AnsweringServer { _, _ in "a" }
            defer { server.stop() }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.tables = [StickTablePlan(name: "t", size: 9)]
                $0.tables += [StickTablePlan(name: "long", size: 9)]
                $0.tables[0].keys = .text(4)
                $0.tables[1].keys = .bytes(9)
                for index in 0..<2 {
                    $0.tables[index].counters = [StickCounter(.connectionTotal)]
                }
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                // The same key in another table: its own four letters there.
                let question = StickQuestion(.connectionTotal, of: .tracked(0), in: 1)
                $0.frontends[0].rules.content = [
                    Rule(.track(Tracking(0, by: .serverName, in: 0))),
                    Rule(.track(Tracking(1, by: .payload(offset: 0, length: 1), in: 1))),
                    Rule(
                        .reject,
                        if: Condition([
                            [
                                .init([
                                    .counter(
                                        StickQuestion(.connectionTotal, of: .tracked(0)),
                                        [3...Int.max])
                                ])
                            ], [.init([.counter(question, [1...Int.max])])],
                        ])),
                ]
            }
            let names = ["shop.example.org", "shopexample1.org", "mail.example.org"]
            #expect(names.map { answer(running, to: hello($0)) } == ["a", "a", "a"])
            #expect(names.map { answer(running, to: hello($0)) } == ["", "", "a"])
            #expect(running.balancer.snapshot().tableCounts == [2, 1])
            #expect(running.frontend.refusalsByCause == [.deniedContent: 2])
        }
    }
}

import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What tells a connection from all others, and what rules keep of it for its log line.
    @Suite struct `A connection that is followed` {
        private func logging(
            _ adjust: (inout ConnectionLogging) -> Void = { _ in }
        ) -> ConnectionLogging {
            var logging = ConnectionLogging(moment: .ending)
            logging.tellsIdentifier = true
            logging.tellsCaptures = true
            adjust(&logging)
            return logging
        }

        private func records(
            _ count: Int, of balancer: Balancer
        ) -> [(ConnectionRecord, LineTexts)] {
            var found: [(ConnectionRecord, LineTexts)] = []
            _ = eventually {
                balancer.records?.take { found.append(($0, $1)) }
                return found.count >= count
            }
            return found
        }

        private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        @Test func `an identifier has haproxy's forms, and its length`() {
            let facts = IdentifierFormat.Facts(
                source: IPEndpoint(ipv4: 0xc000_0201, port: 80),
                destination: IPEndpoint(high: 0x2001_0db8 << 32, low: 1, port: 443),
                acceptedAt: 1_795_457_678_007_000, requestNumber: 70_000)
            func made(_ pieces: [IdentifierFormat.Piece]) -> String {
                IdentifierFormat(pieces).text(facts).description
            }
            #expect(
                made([
                    .address(.source), .text([58]), .port(.source), .text([95]),
                    .address(.destination), .text([58]), .port(.destination), .text([95]),
                    .timestamp(),
                    .text([46]), .milliseconds(), .text([95]), .requestNumber(),
                ]) == "192.0.2.1:80_2001:db8::1:443_1795457678.007_70000")
            #expect(
                made([
                    .address(.source, isHexadecimal: true), .port(.source, isHexadecimal: true),
                    .text([95]), .address(.destination, isHexadecimal: true),
                    .port(.destination, isHexadecimal: true), .text([95]),
                    .timestamp(isHexadecimal: true), .text([46]),
                    .milliseconds(isHexadecimal: true),
                    .text([95]), .requestNumber(isHexadecimal: true),
                ]) == "C00002010050_20010DB800000000000000000000000101BB_6B04828E.07_11170")
            #expect(made([.text(Array(repeating: 120, count: 300))]).utf8.count == 127)
            let uuids = (0..<100).map { _ in made([.uuid]) }
            #expect(Set(uuids).count == 100)
            #expect(
                uuids.allSatisfy { uuid in
                    let parts = uuid.split(separator: "-")
                    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts[2].hasPrefix("4")
                        && "89ab".contains(parts[3].first ?? "x")
                })
        }

        @Test(arguments: [true, false])
        func `the server and the line say one identifier, be it ours or drawn`(
            isWritten: Bool
        ) throws {
            // The header ends with it.
            let server = try AnsweringServer(after: isWritten ? 67 : 63) { bytes, _ in
                String(decoding: bytes, as: UTF8.self)
            }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.frontends[0].logging = logging()
                if isWritten { $0.frontends[0].identifierFormat = IdentifierFormat([.uuid]) }
                $0.pools[0].servers[0].connection.header = .versionTwo([.identifier])
            }
            var identifiers: Set<String> = []
            for _ in 0..<3 {
                let client = running.connect()
                let heard = client.receiveAll().text
                client.close()
                let told = try #require(records(1, of: running.balancer).first)
                let identifier = text(told.1.kept.identifier)
                #expect(identifier.utf8.count == (isWritten ? 36 : 32))
                #expect(heard.hasSuffix(identifier))
                identifiers.insert(identifier)
            }
            #expect(identifiers.count == 3)
        }

        @Test func `connections are numbered as they come in, and only where that is told`() throws
        {
            let server = try TestServer.named("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].identifierFormat = IdentifierFormat([.requestNumber()])
                $0.frontends[0].logging = logging { $0.tellsRequestNumber = true }
            }
            let first = running.connect()
            #expect(first.receiveAll().text == "a")
            let second = running.connect()
            #expect(second.receiveAll().text == "a")
            second.close()
            let later = try #require(records(1, of: running.balancer).first)
            first.close()
            let earlier = try #require(records(1, of: running.balancer).first)
            #expect([earlier.0.requestNumber, later.0.requestNumber] == [0, 1])
            #expect([earlier, later].map { text($0.1.kept.identifier) } == ["0", "1"])
        }

        @Test func `a capture waits for what is captured, is cut, and is nobody else's`() throws {
            let server = try TestServer.named("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].logging = logging()
                $0.frontends[0].captureLengths = [4, 20]
                $0.frontends[0].rules.inspectDelay = .seconds(10)
                $0.frontends[0].rules.content = [
                    Rule(.capture(.key(.source), 0)), Rule(.capture(.key(.serverName), 1)),
                    // What is not known leaves what was kept.
                    Rule(.capture(.key(.serverName), 0)),
                ]
            }
            let client = running.connect()
            client.send(Array(opensslHello.prefix(40)))
            Thread.sleep(for: .milliseconds(50))
            client.send(Array(opensslHello.dropFirst(40)))
            #expect(client.receiveAll().text == "a")
            client.close()
            let told = try #require(records(1, of: running.balancer).first).1.kept
            #expect([told.capture(0), told.capture(1)].map(text) == ["shop", "shop.example.org"])
            #expect(told.identifier.isEmpty && told.capture(2).isEmpty)
            let other = running.connect()
            other.send("no TLS at all")
            #expect(other.receiveAll().text == "a")
            other.close()
            let next = try #require(records(1, of: running.balancer).first).1.kept
            #expect([next.capture(0), next.capture(1)].map(text) == ["127.", ""])
        }

        @Test func `a capture is not waited for without end`() throws {
            let server = try TestServer.named("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].logging = logging()
                $0.frontends[0].captureLengths = [9]
                $0.frontends[0].rules.inspectDelay = .milliseconds(100)
                $0.frontends[0].rules.content = [Rule(.capture(.key(.serverName), 0))]
            }
            let client = running.connect()
            #expect(client.receiveAll().text == "a")
            client.close()
            #expect(try #require(records(1, of: running.balancer).first).1.kept.capture(0) == [])
        }

        @Test(arguments: [ConnectionLogging.Moment.ending, .connecting])
        func `a rule says how grave a line is, or that there is none`(
            moment: ConnectionLogging.Moment
        ) throws {
            let server = try TestServer.named("a")
            func payload(_ text: String) -> Condition {
                Condition([[.init([.payload(offset: 0, length: 1, [TextPattern(.exact, text)])])]])
            }
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].logging = ConnectionLogging(moment: moment)
                $0.frontends[0].rules.inspectDelay = .seconds(10)
                $0.frontends[0].rules.content = [
                    Rule(.setLogLevel(nil), if: payload("s")),
                    Rule(.setLogLevel(2), if: payload("c")),
                ]
            }
            var severities: [Int?] = []
            for word in ["s", "c", "x"] {
                let client = running.connect()
                client.send(word)
                #expect(client.receiveAll().text == "a")
                client.close()
                guard word != "s" else { continue }
                severities += records(1, of: running.balancer).map(\.0.severity)
            }
            #expect(severities == [2, nil])
        }

        @Test func `over a reload captures stay, unless the frontend has others`() throws {
            let server = try TestServer.holding("a")
            var plan = BalancerPlan(
                frontends: [
                    FrontendPlan(name: "same", poolIndex: 0),
                    FrontendPlan(name: "changed", poolIndex: 0),
                ], pools: [PoolPlan(name: "pool", servers: servers([("a", server)]))])
            for index in 0..<2 {
                plan.frontends[index].listeners = [ListenerPlan()]
                plan.frontends[index].logging = logging()
                plan.frontends[index].captureLengths = [9]
                plan.frontends[index].rules.content = [Rule(.capture(.text(Array("kept".utf8)), 0))]
            }
            let running = try Succession.Running(plan)
            let long = String(repeating: "long ", count: 12)
            let clients = try ["same", "changed"].map { try running.connect($0) }
            #expect(clients.map { $0.receive(exactly: 1) } == ["a", "a"])
            try running.adopt {
                $0.frontends[1].captureLengths = [3, 60]
                $0.frontends[1].rules.content = [Rule(.capture(.text(Array(long.utf8)), 1))]
            }
            let newcomer = try running.connect("changed")
            #expect(newcomer.receive(exactly: 1) == "a")
            var told: [Int: [String]] = [:]
            for client in clients {
                client.close()
                for (record, texts) in records(1, of: running.balancer) {
                    told[record.frontend] = [texts.kept.capture(0), texts.kept.capture(1)].map(text)
                }
            }
            #expect(told == [0: ["kept", ""], 1: ["", ""]])
            newcomer.close()
            let last = try #require(records(1, of: running.balancer).first).1.kept
            #expect([last.capture(0), last.capture(1)].map(text) == ["", long])
        }

        @Test func `texts of places stay apart when each gets more room, or less`() {
            typealias Slot = PlacedTexts.Slot
            func short(_ text: String) -> ShortText {
                ShortText(Array(text.utf8).span) ?? ShortText()
            }
            var texts = PlacedTexts()
            texts.setStride(4)
            texts.keep(short("abcd"), at: 0, Slot(offset: 0, length: 3))
            texts.keep(short("de"), at: 1, Slot(offset: 0, length: 3))
            texts.setStride(9)
            texts.keep(short("wxyz"), at: 0, Slot(offset: 4, length: 4))
            func kept(_ place: Int32, _ offset: Int, _ length: Int) -> String {
                texts.text(at: place, Slot(offset: offset, length: length)).description
            }
            #expect([kept(0, 0, 3), kept(0, 4, 4), kept(1, 0, 3)] == ["abc", "wxyz", "de"])
            #expect([kept(1, 4, 4), kept(2, 0, 3), kept(-1, 0, 3)] == ["", "", ""])
            texts.setStride(3)
            #expect([kept(0, 0, 2), kept(1, 0, 2)] == ["ab", "de"])
            texts.clear(0)
            #expect([kept(0, 0, 2), kept(1, 0, 2)] == ["", "de"])
            texts.setStride(0)
            #expect(kept(1, 0, 2) == "")
        }

        @Test func `a plan whose captures have no room, or that fills none of its own, is refused`()
        {
            func fault(_ adjust: (inout BalancerPlan) -> Void) -> String? {
                var plan = BalancerPlan(
                    frontends: [FrontendPlan(name: "in", poolIndex: 0)],
                    pools: [PoolPlan(name: "out")])
                adjust(&plan)
                return plan.fault
            }
            let rule = Rule(.capture(.number(1), 0))
            #expect(fault { $0.frontends[0].captureLengths = [255, 255] } == nil)
            #expect(
                fault { $0.frontends[0].captureLengths = [255, 255, 1] }
                    == "captures of [255, 255, 1] bytes in in; each may have 1 to 255, and with one more each 512 in all"
            )
            #expect(
                fault { $0.frontends[0].rules.content = [rule] }
                    == "a rule of in fills capture 0, which is not there")
            #expect(
                fault { $0.pools[0].contentRules = [rule] }
                    == "a rule captures before clients are let in, or for those of any frontend")
            let asked = Condition([[.init([.serverIsUp(poolIndex: 1, serverName: "a")])]])
            #expect(
                fault { $0.frontends[0].rules.connection = [Rule(.reject, if: asked)] }
                    == "a rule asks about a pool that is not there")
            for (severity, isThere) in [(0, true), (7, true), (8, false), (-1, false)] {
                let line = Rule(.setLogLevel(severity))
                #expect((fault { $0.pools[0].contentRules = [line] } == nil) == isThere)
                #expect((fault { $0.frontends[0].rules.content = [line] } == nil) == isThere)
            }
        }
    }
}

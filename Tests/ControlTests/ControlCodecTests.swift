import Control
import Testing
import VRRPTestKit

@Suite struct `Control protocol` {
    private func requests(in text: String) throws(ControlProtocolError) -> [ControlRequest] {
        var decoder = ControlDecoder<ControlRequest>()
        decoder.append(Array(text.utf8))
        var requests: [ControlRequest] = []
        while let request = try decoder.next() { requests.append(request) }
        return requests
    }

    private func reason(for text: String) -> String? {
        do {
            _ = try requests(in: text)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test func `a request is a line of JSON`() throws {
        #expect(
            String(decoding: ControlCodec.encode(.status as ControlRequest), as: UTF8.self)
                == "{\"command\":\"status\"}\n")
        #expect(
            try requests(in: "{\"command\":\"status\"}\r\n\n{ \"command\" : \"reload\" }\n")
                == [.status, .reload])
    }

    @Test func `a planned move names the virtual router and where its addresses go`() throws {
        let order = VirtualRouterOrder(name: "VI_1", change: .takeover)
        let line = "{\"command\":\"vrrp\",\"order\":{\"change\":\"takeover\",\"name\":\"VI_1\"}}\n"
        #expect(try requests(in: line) == [.virtualRouter(order)])
        #expect(try requests(in: "{\"command\":\"plan\"}\n") == [.plan])
        let encoded = String(
            decoding: ControlCodec.encode(.virtualRouter(order) as ControlRequest), as: UTF8.self)
        #expect(try requests(in: encoded) == [.virtualRouter(order)])
    }

    @Test func `an order about a pool names the server, and what comes or goes`() throws {
        let line =
            "{\"command\":\"pool\",\"order\":{\"backend\":\"web\",\"change\":{\"remove\":{}},\"server\":\"b\"}}\n"
        #expect(
            try requests(in: line)
                == [.pool(PoolOrder(backend: "web", server: "b", change: .remove))])
        for change in [
            PoolOrder.Change.add(["192.0.2.7:80", "check"]), .remove, .askRemovable,
        ] {
            let order = ControlRequest.pool(
                PoolOrder(backend: "web", server: "b", change: change))
            let encoded = String(decoding: ControlCodec.encode(order), as: UTF8.self)
            #expect(try requests(in: encoded) == [order])
        }
        let answer = ControlResponse.done("web/b: still has 1 connection")
        let bytes = ControlCodec.encode(answer)
        #expect(ControlCodec.response([Array(bytes[..<9]), Array(bytes[9...])]) == answer)
        #expect(ControlCodec.response([Array(bytes[..<9])]) == nil)
    }

    @Test func `an order about a table names it, the key and what is to be done`() throws {
        let line =
            "{\"command\":\"table\",\"order\":{\"action\":{\"show\":{\"from\":7}},\"table\":\"t\"}}\n"
        #expect(
            try requests(in: line) == [.table(TableOrder(table: "t", action: .show(from: 7)))])
        for action in [TableOrder.Action.show(from: 0), .clear, .set(["gpt0": 7])] {
            let order = ControlRequest.table(TableOrder(table: "t", key: "k", action: action))
            let encoded = String(decoding: ControlCodec.encode(order), as: UTF8.self)
            #expect(try requests(in: encoded) == [order])
        }
    }

    @Test func `an order about connections says which, and where to go on`() throws {
        var order = SessionOrder(.kill)
        order.filter.server = "web/s1"
        order.filter.olderThan = 60_000
        order.from = SessionPart.Place(process: 41, reactor: 1, place: 7)
        let line =
            "{\"command\":\"session\",\"order\":{\"action\":\"kill\",\"filter\":{\"olderThan\":60000,\"server\":\"web\\/s1\"},\"from\":{\"place\":7,\"process\":41,\"reactor\":1}}}\n"
        #expect(try requests(in: line) == [.session(order)])
        let encoded = ControlCodec.encode(.session(order) as ControlRequest)
        #expect(try requests(in: String(decoding: encoded, as: UTF8.self)) == [.session(order)])
        order = SessionOrder(.list)
        order.filter.id = SessionID(process: 41, reactor: 1, place: 7, use: 4_294_967_295)
        let named =
            "{\"command\":\"session\",\"order\":{\"action\":\"list\",\"filter\":{\"id\":\"41-1-7-4294967295\"}}}\n"
        #expect(try requests(in: named) == [.session(order)])
        let refusal = reason(for: named.replacing("41-1-7", with: "41-1"))
        #expect(refusal?.contains("must be PROCESS-REACTOR-PLACE-USE, four numbers") == true)
    }

    @Test(arguments: [
        "", "1-2-3", "1-2-3-4-5", "1-2-3-", "1-2-3-4294967296", "4294967295-0-0-1", "-1-0-0-1",
        "+1-0-0-1", "01-0-0-1", "1-0-0-1 ", "1-0-0-x",
    ])
    func `a connection's name has one spelling`(text: String) { #expect(SessionID(text) == nil) }

    @Test func `an answer comes back as it was sent`() throws {
        var part = TablePart(
            of: StickTableStatus(type: "ip", size: 9, used: 1), store: ["conn_rate(10000)"])
        var entry = TablePart.Entry(key: "192.0.2.1", use: 2)
        (entry.exp, entry.server, entry.data) = (9, "s", ["conn_rate": 3])
        (part.entries, part.next) = ([entry], 1024)
        let answers: [ControlResponse] = [
            .status(sampleNode()), .table(part), .sessions(sampleSessions()),
            .done("read 2 files\nagain"),
            .failed(ControlFailure(message: "\"priority 301\" is above 255", exitCode: 2)),
        ]
        var decoder = ControlDecoder<ControlResponse>()
        for answer in answers { decoder.append(ControlCodec.encode(answer)) }
        for answer in answers { #expect(try decoder.next() == answer) }
        #expect(try decoder.next() == nil)
    }

    @Test func `proxies that somebody else put into words are part of the status`() throws {
        var node = sampleNode()
        let words = ControlCodec.encode(proxies: node.proxies)
        // Names that look like the place where they belong.
        node.node = #"","proxies":[]"#
        let cut = [Array(words.prefix(10)), Array(words.dropFirst(10))]
        var decoder = ControlDecoder<ControlResponse>()
        for piece in ControlCodec.encode(node, proxies: cut) { decoder.append(piece) }
        #expect(try decoder.next() == .status(node))
        node.proxies = []
        for piece in ControlCodec.encode(node, proxies: []) { decoder.append(piece) }
        #expect(try decoder.next() == .status(node))
    }

    @Test func `an error is a line with its exit code`() {
        let failure = ControlFailure(message: "no", exitCode: 5)
        #expect(
            String(decoding: ControlCodec.encode(.failed(failure)), as: UTF8.self)
                == "{\"error\":{\"exitCode\":5,\"message\":\"no\"}}\n")
    }

    @Test func `messages survive any cut`() throws {
        let bytes = ControlCodec.encode(.status as ControlRequest) + ControlCodec.encode(.stop)
        for cut in 0...bytes.count {
            var decoder = ControlDecoder<ControlRequest>()
            var requests: [ControlRequest] = []
            for part in [bytes[..<cut], bytes[cut...]] {
                decoder.append(part)
                while let request = try decoder.next() { requests.append(request) }
            }
            #expect(requests == [.status, .stop])
        }
    }

    @Test func `an unknown command is refused with those that are known`() throws {
        let refusal = reason(for: "{\"command\":\"statsu\"}\n")
        let text = try #require(refusal)
        #expect(
            text.contains(
                "unknown command \"statsu\"; known are status, reload, plan, stop, server, pool, vrrp"
            ))
    }

    @Test(arguments: [
        "{}\n", "{\"command\":3}\n", "[]\n", "show stat\n", "{\"command\":\n", "\u{0}\n",
    ])
    func `garbage is refused with what would be right`(text: String) throws {
        let refusal = try #require(reason(for: text))
        #expect(refusal.contains("{\"command\":\"status\"}"))
    }

    @Test func `brackets without end do not end the program`() {
        #expect(reason(for: String(repeating: "[", count: 60_000) + "\n") != nil)
        #expect(reason(for: String(repeating: "{\"command\":", count: 5_000) + "\n") != nil)
    }

    @Test(arguments: [(65_536, true), (65_537, false)])
    func `a request may be 64 KiB long`(length: Int, fits: Bool) {
        let padding = String(repeating: " ", count: length - 20)
        let text = "{\"command\":\"status\"}" + padding
        #expect(reason(for: text + "\n") == (fits ? nil : "the message is longer than 65536 bytes"))
        #expect(reason(for: text) == (fits ? nil : "the message is longer than 65536 bytes"))
    }

    @Test func `after an error nothing more is heard`() throws {
        var decoder = ControlDecoder<ControlRequest>()
        decoder.append(Array("nonsense\n{\"command\":\"stop\"}\n".utf8))
        #expect(throws: ControlProtocolError.self) { try decoder.next() }
        decoder.append(ControlCodec.encode(.stop as ControlRequest))
        #expect(throws: ControlProtocolError.self) { try decoder.next() }
    }

    @Test func `changed and random bytes are refused or read, never fatal`() {
        var generator = SeededGenerator(seed: 20_260_301)
        let model = ControlCodec.encode(.status(sampleNode()))
        for _ in 0..<3_000 {
            var bytes = model
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(
                    in: 0...255, using: &generator)
            }
            bytes.removeLast(Int.random(in: 0...40, using: &generator))
            var answers = ControlDecoder<ControlResponse>()
            answers.append(bytes)
            while (try? answers.next()) != nil {}
            var requests = ControlDecoder<ControlRequest>()
            requests.append(bytes)
            while (try? requests.next()) != nil {}
        }
    }

    @Test func `a document of a release that counted less is read`() throws {
        let sent = ControlCodec.encode(.status(sampleNode()))
        let text = String(decoding: sent, as: UTF8.self).replacing("\"conflicts_won\":0,", with: "")
        #expect(!text.contains("conflicts_won"))
        var decoder = ControlDecoder<ControlResponse>()
        decoder.append(Array(text.utf8))
        guard case .status(let read) = try decoder.next() else {
            Issue.record("no status")
            return
        }
        #expect(read.virtualRouters[0].counters.advertisementsSent == 1_234)
    }

    @Test func `fields are named in one style`() throws {
        var status = sampleNode()
        status.election = ElectionStatus()
        status.startupCountdown = 1
        status.syncGroups = [SyncGroupStatus(name: "g", members: [], stateWord: "MASTER")]
        let text = String(decoding: status.json(), as: UTF8.self)
        let names = text.matches(of: /"([A-Za-z_0-9]+)":/).map { String($0.1) }
        #expect(names.contains("virtual_routers") && names.contains("state_word"))
        #expect(names.filter { $0 != $0.lowercased() } == [])
    }

    @Test func `equal documents give equal bytes, and both read back`() throws {
        let status = sampleNode()
        #expect(status.json() == sampleNode().json())
        let text = String(decoding: status.json(), as: UTF8.self)
        #expect(text.contains("\"version\":1"))
        #expect(text.contains("\"addresses\":[\"172.17.0.5/24\"]"))
        #expect(text.contains("\"scur\":7"))
        #expect(!text.contains("\n"))
    }
}

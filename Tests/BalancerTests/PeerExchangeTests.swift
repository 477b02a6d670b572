import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests {
    /// Nodes that keep tables in common, over sockets.
    @Suite struct `Peers` {
        @Test func `what one node knows the other one knows too, and what changes later`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports)
            first.bind(1, to: 1)
            first.track(2, connections: 3)
            let second = try PeerNode("b", ["a", "b"], ports)
            #expect(eventually { second.server(of: 1) == 1 })
            #expect(eventually { second.value(of: .connectionTotal, for: 2) == 3 })
            #expect(second.value(of: .connectionRate, for: 2) == 3)
            #expect(second.value(of: .connections, for: 2) == 0, "each node has its own")
            #expect(first.value(of: .connections, for: 2) == 3)
            first.bind(1, to: 0)
            #expect(eventually { second.server(of: 1) == 0 })
            second.bind(9, to: 1)
            #expect(eventually { first.server(of: 9) == 1 })
            #expect(eventually { first.acknowledged == first.lastChange })
            let isSynchronised = { (node: PeerNode) in
                node.exchange.status[0].peers[0].isSynchronised
            }
            #expect(eventually { isSynchronised(first) && isSynchronised(second) })
            let table = first.exchange.status[0].peers[0].tables[0]
            #expect((table.learned, table.sent >= 3) == (1, true))
            #expect(first.exchange.status[0].peers[0].sessions == 1)
            let status = second.exchange.status[0]
            #expect((status.name, status.localName, status.peers.map(\.name)) == ("p", "b", ["a"]))
            #expect(status.peers[0].isConnected && status.peers[0].fault == nil)
            #expect(first.news.contains(.came(peer: "b", of: "p")))
        }

        /// It greets as `b`, hears of a change, and says later that it has it.
        @Test func `a peer that has not said that it has all is not synchronised`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            let peer = try #require(BlockingSocket(to: ports[0]))
            peer.send("HAProxyS 2.1\na\nb 1 1\n")
            #expect(peer.receive(exactly: 4) == "200\n")
            // What the node asks for: all that the peer knows, which is nothing.
            #expect(peer.receive(exactly: 2) == "\0\0")
            peer.send([0, 1])
            let table = { node.exchange.status[0].peers[0].tables[0] }
            let isSynchronised = { node.exchange.status[0].peers[0].isSynchronised }
            #expect(eventually(isSynchronised))
            node.bind(1, to: 1)
            #expect(eventually { table().sent == 1 })
            #expect(node.exchange.status[0].peers[0].isConnected)
            #expect(!isSynchronised())
            // Of the first table, the last change.
            let change = UInt8(node.lastChange)
            peer.send([10, 132, 5, 1, 0, 0, 0, change])
            #expect(eventually(isSynchronised))
            #expect(table().acknowledged == UInt64(change))
        }

        /// `b` is asked, and says that it does not know all, or leaves; then `c` is asked.
        @Test(arguments: [true, false])
        func `the next peer is asked where the first one does not know all`(says: Bool) throws {
            let ports = try freePorts(3)
            let node = try PeerNode("a", ["a", "b", "c"], ports)
            func comes(_ name: String) throws -> BlockingSocket {
                let peer = try #require(BlockingSocket(to: ports[0]))
                peer.send("HAProxyS 2.1\na\n\(name) 1 1\n")
                #expect(peer.receive(exactly: 4) == "200\n")
                return peer
            }
            let first = try comes("b")
            #expect(first.receive(exactly: 2) == "\0\0")
            let second = try comes("c")
            if says { first.send([0, 2]) } else { first.close() }
            #expect(second.receive(exactly: 2) == "\0\0")
            _ = node.now
        }

        @Test func `a server is known by its name, wherever it stands`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports)
            let second = try PeerNode("b", ["a", "b"], ports, servers: ["x", "s1", "s0"])
            first.bind(1, to: 0)
            first.bind(2, to: 1)
            #expect(eventually { (second.server(of: 1), second.server(of: 2)) == (2, 1) })
        }

        @Test func `a node that begins anew learns all, also what others had told`() throws {
            let ports = try freePorts(3)
            let names = ["a", "b", "c"]
            let first = try PeerNode("a", names, ports)
            var second: PeerNode? = try PeerNode("b", names, ports)
            for key in 0..<3000 as Range<UInt32> { first.bind(key, to: Int(key % 2)) }
            #expect(eventually { second?.count == 3000 })
            second?.stop()
            #expect(eventually { !first.exchange.status[0].peers[0].isSynchronised })
            #expect(
                eventually {
                    first.news.contains(.left(peer: "b", of: "p", "it has closed the connection"))
                })
            second = nil
            first.bind(3000, to: 1)
            second = try PeerNode("b", names, ports)
            #expect(eventually { second?.count == 3001 && second?.server(of: 3000) == 1 })
            #expect(first.exchange.status[0].peers[0].sessions == 2)
            first.stop()
            let third = try PeerNode("c", names, ports)
            #expect(eventually { third.count == 3001 })
            #expect(third.server(of: 17) == 1)
        }

        @Test func `two that connect to each other at once have one session`() throws {
            for _ in 0..<5 {
                let ports = try freePorts(2)
                let first = try PeerNode("a", ["a", "b"], ports)
                let second = try PeerNode("b", ["a", "b"], ports)
                first.bind(1, to: 1)
                second.bind(2, to: 1)
                #expect(eventually { first.server(of: 2) == 1 && second.server(of: 1) == 1 })
            }
        }

        @Test func `a time is told, so that nothing lives longer for having moved`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports)
            first.table.bind(.address(PeerNode.key(1)), to: 1, now: first.now - 9000)
            let second = try PeerNode("b", ["a", "b"], ports)
            #expect(eventually { second.count == 1 })
            #expect(second.table.count(now: first.now + 1100) == 0)
        }

        @Test func `another plan keeps the session, or begins a new one without loss`() throws {
            let ports = try freePorts(2)
            let first = try PeerNode("a", ["a", "b"], ports)
            let second = try PeerNode("b", ["a", "b"], ports)
            first.bind(1, to: 1)
            #expect(eventually { second.server(of: 1) == 1 })
            let arrivals = { first.news.filter { $0 == .came(peer: "b", of: "p") }.count }
            let before = arrivals()
            try first.adopt { $0.pools[0].servers[1].weight = 7 }
            first.bind(2, to: 1)
            #expect(eventually { second.server(of: 2) == 1 })
            #expect(arrivals() == before)
            try first.adopt { $0.tables[0].lifetime = .seconds(20) }
            first.bind(3, to: 1)
            #expect(eventually { second.server(of: 3) == 1 })
            #expect(arrivals() == before + 1)
            #expect(first.server(of: 1) == 1)
            // Servers stand elsewhere in the pool from then on, and where they were in the table.
            try first.adopt { $0.pools[0].servers.swapAt(0, 1) }
            first.bind(4, to: 1)
            #expect(eventually { second.server(of: 4) == 1 })
        }

        @Test func `who connects after a change speaks as it has it`() throws {
            let certificates = try #require(TLSCertificates.shared)
            let listener = try TLSListener(
                TLSListenerSettings([
                    .init(name: "good", pem: certificates.good + certificates.key)
                ]))
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            let greeting = "HAProxyS 2.1\na\nb 1 1\n"
            try node.adopt { $0.peers[0].listenerSecurities = [listener] }
            let visitor = try #require(TLSVisitor(to: ports[0]))
            visitor.send(greeting)
            #expect(visitor.receive(exactly: 4) == "200\n")
            try node.adopt { $0.peers[0].listenerSecurities = [] }
            let peer = try #require(BlockingSocket(to: ports[0]))
            peer.send(greeting)
            #expect(peer.receive(exactly: 4) == "200\n")
        }

        @Test func `of a table that pools have in common peers are told of each one's servers`()
            throws
        {
            let ports = try freePorts(2)
            let nodes = try ["a", "b"].map { try PeerNode($0, ["a", "b"], ports) }
            for node in nodes {
                try node.adopt {
                    var other = PoolPlan(
                        name: "other",
                        servers: ["y", "z"].map {
                            ServerPlan(
                                name: $0, address: SocketAddress(address: 0x7f00_0001, port: 1))
                        })
                    other.stickRules = $0.pools[0].stickRules
                    $0.pools.append(other)
                }
            }
            for server in 0..<4 { nodes[0].bind(UInt32(server + 1), to: server) }
            func servers(_ node: PeerNode) -> [String?] {
                node.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries
                    .sorted { $0.key < $1.key }.map(\.server)
            }
            #expect(eventually { servers(nodes[1]) == ["s0", "s1", "y", "z"] })
        }

        @Test func `a peer goes on from what it has acknowledged`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            for key in 1...3 as ClosedRange<UInt32> { node.bind(key, to: 1) }
            /// Connects as the peer, and hears so many updates.
            func hear(_ count: Int, acknowledging: Bool) throws -> [UInt8] {
                let client = try #require(BlockingSocket(to: ports[0]))
                defer { client.close() }
                var session = PeerSession(
                    greeting: "a", as: "b", processID: 1,
                    tables: node.balancer.view.sharedTables.map(\.plan))
                var keys: [UInt8] = []
                while true {
                    client.send(session.output)
                    session.output = []
                    guard keys.count < count else { return keys }
                    guard case .bytes(let bytes) = client.receive() else { return keys }
                    session.receive(bytes)
                    while let event = try session.next() {
                        if event == .wantsAll { session.endTelling(isComplete: true) }
                        if case .update(0, let entry) = event { keys.append(entry.key[3]) }
                    }
                    if acknowledging { session.acknowledge() }
                }
            }
            #expect(try hear(3, acknowledging: false) == [1, 2, 3])
            #expect(try hear(3, acknowledging: true) == [1, 2, 3])
            #expect(eventually { node.acknowledged == 3 })
            node.bind(2, to: 0)
            #expect(try hear(1, acknowledging: true) == [2])
        }

        // MARK: Strangers

        @Test(arguments: [
            ("HAProxyS 2.1\na\nb 1 1\n", "200\n"), ("HAProxyS 2.1\na\nc 1 1\n", "504\n"),
            ("HAProxyS 2.1\na\na 1 1\n", "504\n"), ("HAProxyS 2.1\nb\na 1 1\n", "503\n"),
            ("HAProxyS 9.1\na\nb 1 1\n", "502\n"), ("hello\n\n\n", "501\n"),
        ])
        func `whoever connects hears whether he is known`(greeting: String, answer: String) throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            let client = try #require(BlockingSocket(to: ports[0]))
            client.send(greeting)
            if answer == "200\n" {
                #expect(client.receive(exactly: 4) == "200\n")
            } else {
                #expect(client.receiveAll().text == answer)
                #expect(
                    eventually {
                        node.news.contains { if case .refused = $0 { true } else { false } }
                    })
            }
            client.close()
        }

        @Test func `garbage ends a session, whose peer is heard again at once`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            for garbage in [[255, 255], [10, 128, 0xff, 0xff, 0xff, 0xff, 0xff]] as [[UInt8]] {
                let client = try #require(BlockingSocket(to: ports[0]))
                client.send("HAProxyS 2.1\na\nb 1 1\n")
                #expect(client.receive(exactly: 4) == "200\n")
                client.send(garbage)
                let end = client.receiveAll().text
                #expect(end.hasSuffix(garbage.count == 2 ? "\u{1}\u{0}" : "\u{1}\u{1}"))
                client.close()
            }
            let second = try PeerNode("b", ["a", "b"], ports)
            node.bind(1, to: 1)
            #expect(eventually { second.server(of: 1) == 1 })
        }

        @Test func `a peer that asks and takes nothing costs others nothing`() throws {
            let ports = try freePorts(3)
            let node = try PeerNode("a", ["a", "b", "c"], ports)
            for key in 0..<9000 as Range<UInt32> { node.bind(key, to: 1) }
            let client = try #require(BlockingSocket(to: ports[0], receiveBuffer: 4096))
            client.send("HAProxyS 2.1\na\nb 1 1\n")
            #expect(client.receive(exactly: 4) == "200\n")
            for _ in 0..<10_000 { client.send([0, 0, 0, 4]) }
            let third = try PeerNode("c", ["a", "b", "c"], ports)
            #expect(eventually { third.count == 9000 })
            client.close()
        }

        @Test func `who does not say who he is makes room for others`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "b"], ports)
            let idle = (0..<17).compactMap { _ in BlockingSocket(to: ports[0]) }
            #expect(idle[0].receiveAll().text.isEmpty)
            // Not because the time of all is over.
            var byte: UInt8 = 0
            #expect(recv(idle[1].number, &byte, 1, Int32(MSG_DONTWAIT)) == -1)
            let second = try PeerNode("b", ["a", "b"], ports)
            node.bind(1, to: 1)
            #expect(eventually { second.server(of: 1) == 1 })
            for client in idle { client.close() }
        }

        // MARK: haproxy

        private static let sections = """
            backend t
                stick-table type ip size 1k expire 10s peers p store gpc0,conn_cnt,conn_cur,conn_rate(10s),bytes_in_cnt
                stick on src
                server s0 127.0.0.1:1
                server s1 127.0.0.1:2 id 77
            backend six
                stick-table type ipv6 size 1k expire 10s peers p store gpc0
            backend number
                stick-table type integer size 1k expire 10s peers p store gpc0_rate(10s)
            backend text
                stick-table type string len 20 size 1k expire 10s peers p store gpc0
            backend binary
                stick-table type binary len 4 size 1k expire 10s peers p store gpc0
            backend arrays
                stick-table type ipv6 size 1k expire 10s peers p store gpc(4),gpc_rate(2,10s),gpt(2)
            """

        @Test func `haproxy is taught, with all types of keys`() throws {
            let ports = try freePorts(2)
            let node = try PeerNode("a", ["a", "h"], ports)
            node.bind(0x7f00_0001, to: 1)
            node.track(0x7f00_0002, connections: 3)
            node.mark("six", .address(IPEndpoint(high: 0x2001_0db8_0000_0000, low: 1, port: 0)))
            node.mark("six", .address(IPEndpoint(ipv4: 0x0102_0304, port: 0)))
            node.mark("number", .number(4711), .markRate)
            let text = Array("www.example.org".utf8)
            node.mark("text", .bytes(text.span))
            let bytes: [UInt8] = [1, 2, 3]
            node.mark("binary", .bytes(bytes.span))
            for _ in 0..<3 { node.ask(.increase(.markArray, 1), of: 9) }
            node.ask(.increase(.markArray, 2), of: 9)
            let haproxy = try PeerHAProxy(
                name: "h", peers: [("a", ports[0]), ("h", ports[1])], sections: Self.sections)
            func shows(_ table: String, _ words: String...) -> Bool {
                let shown = haproxy.ask("show table \(table)")
                return words.allSatisfy(shown.contains)
            }
            #expect(
                eventually {
                    shows("t", "key=127.0.0.1 ", "server_id=77", "server_key=s1")
                })
            #expect(shows("t", "key=127.0.0.2 ", "conn_cnt=3", "conn_rate(10000)=3", "conn_cur=0"))
            #expect(
                eventually { shows("six", "key=2001:db8::1 ", "key=::ffff:1.2.3.4 ", "gpc0=1") })
            #expect(eventually { shows("number", "key=4711 ", "gpc0_rate(10000)=1") })
            #expect(eventually { shows("text", "key=www.example.org ", "gpc0=1") })
            #expect(eventually { shows("binary", "key=01020300 ", "gpc0=1") })
            // What it has more stays as it was.
            #expect(
                eventually {
                    shows(
                        "arrays", "key=::ffff:0.0.0.9 ", " gpc0=0 gpc1=3 gpc2=1 gpc3=0",
                        "gpc0_rate(10000)=0 gpc1_rate(10000)=3", "gpt0=0 gpt1=0")
                })
            // A change.
            node.bind(0x7f00_0001, to: 0)
            #expect(eventually { shows("t", "key=127.0.0.1 ", "server_key=s0", "server_id=1 ") })
        }

        @Test func `haproxy teaches, what it knew and what changes`() throws {
            let ports = try freePorts(3)
            // Its arrays can be set by rules alone.
            let rules = """

                listen counting
                    bind 127.0.0.1:\(ports[2])
                    tcp-request connection track-sc0 src table arrays
                    tcp-request connection sc-inc-gpc(1,0)
                    tcp-request connection sc-inc-gpc(3,0)
                    tcp-request connection sc-set-gpt(1,0) 4294967295
                    tcp-request connection reject
                """
            let haproxy = try PeerHAProxy(
                name: "h", peers: [("h", ports[1]), ("a", ports[0])],
                sections: Self.sections + rules)
            _ = haproxy.ask(
                "set table t key 127.0.0.9 data.conn_cnt 5 data.bytes_in_cnt 5000000000 data.conn_cur 4"
                    + " data.server_id 77 data.conn_rate 9")
            _ = haproxy.ask("set table six key 2001:db8::7 data.gpc0 6")
            _ = haproxy.ask("set table number key 99 data.gpc0_rate 8")
            _ = haproxy.ask("set table text key abc data.gpc0 7")
            for _ in 0..<3 {
                let client = try #require(BlockingSocket(to: ports[2], from: 0x7f00_0009))
                #expect(client.receiveAll().text.isEmpty)
            }
            let node = try PeerNode("a", ["a", "h"], ports)
            #expect(eventually { node.server(of: 0x7f00_0009) == 1 })
            #expect(node.value(of: .connectionTotal, for: 0x7f00_0009) == 5)
            #expect(node.value(of: .bytesIn, for: 0x7f00_0009) == 5_000_000_000)
            #expect(node.value(of: .connections, for: 0x7f00_0009) == 0)
            #expect(
                eventually {
                    node.marks(
                        "six", .address(IPEndpoint(high: 0x2001_0db8_0000_0000, low: 7, port: 0)))
                        == 6
                })
            #expect(eventually { node.marks("number", .number(99), .markRate) == 8 })
            let text = Array("abc".utf8)
            #expect(eventually { node.marks("text", .bytes(text.span)) == 7 })
            #expect(eventually { node.ask(.value(.markArray, 1), of: 0x7f00_0009) == 3 })
            let asked: [StickQuestion.Asked] = [
                .value(.markArray, 2), .value(.tags, 1), .value(.markRateArray, 1), .value(.tag),
            ]
            #expect(
                asked.map { node.ask($0, of: 0x7f00_0009) } == [0, 4_294_967_295, 3, 0])
            _ = haproxy.ask("set table t key 127.0.0.9 data.server_id 1")
            #expect(eventually { node.server(of: 0x7f00_0009) == 0 })
            #expect(
                eventually {
                    haproxy.ask("show peers").contains("last_status=ESTA")
                })
        }
    }
}

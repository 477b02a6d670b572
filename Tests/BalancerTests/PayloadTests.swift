import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// `req.payload(OFFSET,LENGTH)`: what clients say, compared byte for byte.
    @Suite struct `What a client says first` {
        /// What is asked, in haproxy's words and in ours.
        private struct Case {
            let words: String
            let question: Question
            /// What clients say, in pieces; whether haproxy rejects each of them.
            let clients: [([String], isRejected: Bool)]
        }

        private static let cases = [
            Case(
                words: "req.payload(0,3) -m bin 414243",
                question: .payload(
                    offset: 0, length: 3, [.init(.exact, bytes: [0x41, 0x42, 0x43])]),
                clients: [
                    (["ABC"], true), (["ABCD"], true), (["ABD"], false), (["A", "BC"], true),
                    (["AB"], false),
                ]),
            Case(
                words: "req.payload(1,2) -m str BC",
                question: .payload(offset: 1, length: 2, [.init(.exact, "BC")]),
                clients: [(["ABC"], true), (["BCA"], false)]),
            Case(
                words: "req.payload(0,3) -m found",
                question: .payload(offset: 0, length: 3, [.init(.found, "")]),
                clients: [(["xyz"], true), (["xy"], false)]),
            Case(
                words: "req.payload(0,4) -i -m beg shop cart",
                question: .payload(
                    offset: 0, length: 4,
                    [
                        .init(.beginning, "shop", ignoresCase: true),
                        .init(.beginning, "cart", ignoresCase: true),
                    ]),
                clients: [(["CArt"], true), (["hop!"], false)]),
            Case(
                words: "payload(0,4) -m end op",
                question: .payload(offset: 0, length: 4, [.init(.end, "op")]),
                clients: [(["shop"], true), (["shops"], true), (["oops"], false)]),
            Case(
                words: "req.payload(0,0) -m sub needle",
                question: .payload(offset: 0, length: 0, [.init(.part, "needle")]),
                clients: [(["hay needle"], true), (["hay nee", "dle"], true), (["hay"], false)]),
        ]

        /// Whether a client is sent away.
        private func isRejected(_ pieces: [String], _ client: BlockingSocket) -> Bool {
            for (index, piece) in pieces.enumerated() {
                if index > 0 { Thread.sleep(for: .milliseconds(20)) }
                client.send(piece)
            }
            return client.receive(exactly: 1) != "k"
        }

        @Test func `rules compare it as haproxy's do, and wait for what is not there yet`() throws {
            let server = try AnsweringServer { _, _ in "k" }
            guard case .ipv4(let end) = server.address else { return }
            let haproxy = try HAProxy(
                sections: Self.cases.map {
                    """
                        timeout client 5s
                        timeout server 5s
                        timeout connect 5s
                        tcp-request inspect-delay 150ms
                        tcp-request content reject if { \($0.words) }
                        server s 127.0.0.1:\(end.port)
                    """
                })
            for (one, port) in zip(Self.cases, haproxy.ports) {
                let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                    $0.frontends[0].rules.inspectDelay = .milliseconds(150)
                    $0.frontends[0].rules.content = [
                        Rule(.reject, if: Condition([[.init([one.question])]]))
                    ]
                }
                for (pieces, wanted) in one.clients {
                    let theirs = isRejected(pieces, try #require(BlockingSocket(to: port)))
                    let ours = isRejected(pieces, running.connect())
                    #expect(theirs == wanted, "haproxy, \(one.words), \(pieces)")
                    #expect(ours == wanted, "\(one.words), \(pieces)")
                }
                // What is no TLS is no fault where nobody asks for TLS.
                #expect(running.frontend.unreadableHellos == 0)
            }
        }

        @Test func `who sends byte by byte is decided on in the end, with what there is`() throws {
            let server = try AnsweringServer { _, _ in "k" }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.frontends[0].rules.inspectDelay = .seconds(60)
                $0.frontends[0].rules.content = [
                    Rule(
                        .reject,
                        if: Condition([
                            [.init([.payload(offset: 0, length: 0, [.init(.part, "needle")])])]
                        ]))
                ]
            }
            let client = running.connect()
            var one: Int32 = 1
            setsockopt(client.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
            // Those that come together count once: on a busy machine it takes a few more.
            var answer = pollfd(fd: client.number, events: Int16(POLLIN), revents: 0)
            for _ in 0..<4000 where poll(&answer, 1, 1) == 0 { client.send("x") }
            #expect(client.receive(exactly: 1) == "k")
        }
    }
}

import Expressions
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What haproxy 2.6, with its own library for expressions, finds in the name that a client asks for.
    @Suite struct `Beside haproxy's expressions` {
        @Test func `an expression finds the same names`() throws {
            let patterns = [
                "^shop", "^shop$", "(?i)^SHOP[.]", "^(www|shop)\\.example\\.org$", "org$", "^org",
                "example", "^[a-z]+\\.example\\.org\\z", "^shop.example.(com|net)$", "^\\d", "x?",
                "^.{16}$", "^.{17}$", "\\bexample\\b", "\\Bshop", "(s|h|o|p)+\\.e", "^$",
            ]
            let named = try ["a", "b"].map(TestServer.named)
            let proxy = try HAProxy(
                sections: patterns.map { pattern in
                    """
                        timeout client 5s
                        timeout server 5s
                        timeout connect 5s
                        tcp-request inspect-delay 5s
                        tcp-request content accept if { req.ssl_hello_type 1 }
                        use-server b if { req.ssl_sni -m reg '\(pattern)' }
                        server a 127.0.0.1:\(named[0].address.port)
                        server b 127.0.0.1:\(named[1].address.port) weight 0
                    """
                })
            let bytes = opensslHello
            guard case .complete(let hello) = ClientHello.read(bytes.span) else {
                Issue.record("not complete")
                return
            }
            #expect(hello.serverName.description == "shop.example.org")
            var ours: [Bool] = []
            var theirs: [Bool] = []
            for (pattern, port) in zip(patterns, proxy.ports) {
                let table = try RegularExpression(pattern).automaton()
                let text = TextPattern(
                    TextAutomaton(
                        symbols: table.symbols, lastLineEnd: table.lastLineEnd, end: table.end,
                        next: table.next, symbolCount: table.symbolCount))
                ours.append(
                    hello.serverName.withBytes(in: 0..<hello.serverName.count) { text.matches($0) })
                let client = try #require(BlockingSocket(to: port))
                client.send(opensslHello)
                theirs.append(client.receive(exactly: 1) == "b")
            }
            #expect(ours == theirs)
            #expect(
                ours == [
                    true, false, true, true, true, false, true, true, false, false, true, true,
                    false, true, false, true, false,
                ])
        }

        @Test func `a part of a text is searched as if it were all of it`() throws {
            let table = try RegularExpression("^h2$").automaton()
            let automaton = TextAutomaton(
                symbols: table.symbols, lastLineEnd: table.lastLineEnd, end: table.end,
                next: table.next, symbolCount: table.symbolCount)
            let text = Array("xh2\ny".utf8)
            func isFound(_ range: Range<Int>) -> Bool {
                automaton.isFound(in: text.span.extracting(range))
            }
            #expect(isFound(1..<3))
            #expect(!isFound(0..<3))
            // In front of a line end that is the last byte, but of no other.
            #expect(isFound(1..<4))
            #expect(!isFound(1..<5))
            #expect(!isFound(2..<2))
        }
    }
}

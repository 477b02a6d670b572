import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What lines of connections tell of who was never relayed, or of what he asked for by TLS.
    @Suite struct `What lines tell of clients` {
        private func names(
            logging: (inout ConnectionLogging) -> Void, saying bytes: [UInt8]
        ) throws -> (ConnectionRecord, LineTexts)? {
            let server = try TestServer.named("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                var own = ConnectionLogging(moment: .ending)
                logging(&own)
                $0.frontends[0].logging = own
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.frontends[0].rules.content = [
                    Rule(.accept, if: Condition([[.init([.helloType([1...1])])]]))
                ]
            }
            let client = running.connect()
            client.send(bytes)
            #expect(client.receiveAll().text == "a")
            // Until then it may be half open.
            client.close()
            var found: (ConnectionRecord, LineTexts)?
            _ = eventually {
                running.balancer.records?.take { found = ($0, $1) }
                return found != nil
            }
            return found
        }

        @Test func `lines say what a client asks for by TLS, where they are to`() throws {
            let form = LineFormat([
                .variable(.clientAddress, isQuoted: false), .text(" "),
                .variable(.helloServerName, isQuoted: true), .text(" "),
                .variable(.helloProtocols, isQuoted: false),
            ])
            #expect(form.tellsNames)
            let line = ConnectionLine(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                    pools: [PoolPlan(name: "p")]))
            let told = try #require(
                try names(logging: { $0.tellsNames = true }, saying: opensslHello))
            let text = line.text(
                told.0, told.1, as: form, acceptedAt: CivilTime(microseconds: 0))
            #expect(text == "127.0.0.1 \"shop.example.org\" h2,http/1.1")
            let untold = try #require(try names(logging: { _ in }, saying: opensslHello))
            #expect(untold.1 == .none)
            let nothing = line.text(untold.0, as: form, acceptedAt: CivilTime(microseconds: 0))
            // As haproxy has it: in quotes there is nothing.
            #expect(nothing == "127.0.0.1 \"\" -")
        }

        @Test func `nobody has the name of who was there before him`() throws {
            let server = try AnsweringServer { _, _ in "a" }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                var logging = ConnectionLogging(moment: .ending)
                logging.tellsNames = true
                $0.frontends[0].logging = logging
                $0.frontends[0].listeners[0].acceptsProxyHeader = true
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.frontends[0].rules.content = [
                    Rule(.accept, if: Condition([[.init([.helloType([1...1])])]]))
                ]
            }
            var names: [String] = []
            for said in [opensslHello, Array("no TLS at all".utf8)] {
                let client = running.connect()
                client.send(Array("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n".utf8) + said)
                #expect(client.receiveAll().text == "a")
                let count = names.count + 1
                _ = eventually {
                    running.balancer.records?.take {
                        names.append("\($0.client) \($1.names.serverNameText ?? "-")")
                    }
                    return names.count == count
                }
            }
            #expect(names == ["192.0.2.1:56324 shop.example.org", "192.0.2.1:56324 -"])
        }

        @Test func `a name that a client made up ends no field`() {
            var names = ClientNames()
            for byte in "a \"b\\\n\u{7f}".utf8 { _ = names.serverName.append(byte) }
            #expect(names.serverNameText == "a??b???")
        }

        @Test(arguments: [false, true])
        func `a header that is none is told of at once, where that is asked for`(
            isTold: Bool
        ) throws {
            let server = try TestServer.named("a")
            let logged = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].listeners[0].acceptsProxyHeader = true
                var logging = ConnectionLogging(moment: .accepting)
                logging.tellsBrokenHeaders = isTold
                $0.frontends[0].logging = logging
            }
            #expect(logged.answer(to: "GET / HTTP/1.1\r\n\r\n") == "")
            #expect(logged.answer(to: "PROXY UNKNOWN\r\n") == "a")
            var kinds: [String] = []
            _ = eventually {
                logged.balancer.records?.take { record, _ in
                    kinds.append("\(record.kind) \(record.hasBrokenHeader) \(record.ending)")
                }
                return kinds.count == (isTold ? 2 : 1)
            }
            #expect(kinds == (isTold ? ["ended true CR"] : []) + ["accepted false --"])
        }
    }
}

import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// The ends that one time-out or rule alone brings about, as haproxy 2.6 writes them.
    @Suite struct `Beside haproxy's states` {
        /// A section, a server, and what a client does.
        struct Case: Sendable, CustomTestStringConvertible {
            let state: String
            let testDescription: String
            var settings = ProxySettings.patient
            /// A line of haproxy's, and the same rule of ours.
            var line = ""
            var rules: @Sendable (inout BalancerPlan) -> Void = { _ in }
            /// What a server does; `nil`: it does not answer.
            var server: (@Sendable (BlockingSocket) -> Void)?
            let client: @Sendable (BlockingSocket) -> Void
        }

        private static let cases = [
            Case(
                state: "sC", testDescription: "timeout connect",
                settings: ProxySettings(client: 60_000, server: 60_000, connect: 200)
            ) { _ = $0.receiveAll() },
            Case(
                state: "PR", testDescription: "tcp-request content reject",
                line: "tcp-request content reject",
                rules: { $0.frontends[0].rules.content = [Rule(.reject)] },
                server: { _ in }
            ) { _ = $0.receiveAll() },
            Case(
                state: "sD", testDescription: "timeout server-fin",
                settings: ProxySettings(client: 60_000, server: 60_000, serverFin: 200),
                server: { socket in
                    socket.send("a")
                    _ = socket.receiveAll()
                    // It takes the client's end, and does not end itself.
                    Thread.sleep(for: .seconds(2))
                }
            ) { socket in
                _ = socket.receive(exactly: 1)
                socket.endSending()
                _ = socket.receiveAll()
            },
            Case(
                state: "cD", testDescription: "timeout client-fin",
                settings: ProxySettings(client: 60_000, server: 60_000, clientFin: 200),
                server: { socket in
                    socket.send("a")
                    socket.endSending()
                    _ = socket.receiveAll()
                }
            ) { socket in
                _ = socket.receiveAll()
                // It takes the server's end, and does not end itself.
                Thread.sleep(for: .seconds(2))
            },
        ]

        @Test(arguments: cases) func `a line says the same`(trial: Case) throws {
            let silent = trial.server == nil ? try SilentAddress() : nil
            let server = try trial.server.map { try TestServer($0) }
            let address = try #require(silent?.address ?? server?.address)
            let log = BlockingSocket(
                adopting: Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0))
            #expect(bindLoopback(log.number, 0x7f00_0001, 0))
            let daemon = StreamSocket.localEndpoint(of: log.number)
            let proxy = try HAProxy(sections: [
                trial.settings.section(
                    servers: [address],
                    more: "log \(daemon) format raw local0\n    option tcplog\n    \(trial.line)")
            ])
            let balancer = try LoggedBalancer(servers: ProxySettings.plans([address])) {
                trial.settings.apply(to: &$0)
                trial.rules(&$0)
                $0.frontends[0].name = "proxy"
                $0.pools[0].name = "proxy"
            }
            func line(at port: UInt16, _ read: () throws -> String) throws -> [String] {
                let socket = try #require(BlockingSocket(to: port))
                trial.client(socket)
                return try Self.untimed(read())
            }
            let theirs = try line(at: proxy.port) {
                guard case .bytes(let bytes) = log.receive() else { return "" }
                let text = String(decoding: bytes, as: UTF8.self)
                let bracket = try #require(text.firstIndex(of: "]"))
                return String(text[text.index(bracket, offsetBy: 2)...])
            }
            let ours = try line(at: balancer.running.port) { balancer.lines(1).first ?? "" }
            #expect(ours == theirs)
            #expect(ours.count == 7 && ours[4] == trial.state)
        }

        /// The words of a line, each time that was taken as `t`.
        private static func untimed(_ line: String) -> [String] {
            line.split(whereSeparator: \.isWhitespace).enumerated().map { place, word in
                guard place == 2 else { return String(word) }
                return word.split(separator: "/").map { $0.hasPrefix("-") ? $0 : "t" }
                    .joined(separator: "/")
            }
        }
    }
}

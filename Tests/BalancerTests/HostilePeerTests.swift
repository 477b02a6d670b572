import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Peers that cost more than they are worth: closed in time, and counted by cause.
    @Suite struct `Hostile peers` {
        @Test(arguments: [true, false])
        func `a rate per source is that of the source which the header tells`(byRule: Bool) throws {
            let server = try AnsweringServer { _, _ in "a" }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.frontends[0].listeners[0].acceptsProxyHeader = !byRule
                if byRule { $0.frontends[0].rules.connection = [Rule(.expectProxyHeader)] }
                $0.frontends[0].sessionRateLimitPerSource = 2
            }
            func ask(_ last: Int) -> (text: String, ending: BlockingSocket.Received) {
                let client = running.connect()
                client.send("PROXY TCP4 192.0.2.\(last) 198.51.100.2 56324 443\r\n")
                return client.receiveAll()
            }
            for source in [1, 2, 1, 2] { #expect(ask(source).text == "a") }
            #expect(ask(1).ending == .failed(ECONNRESET))
            #expect(ask(3).text == "a")
            #expect(running.frontend.refusals == 1)
            #expect(running.frontend.refusalsByCause == [.overRate: 1])
            #expect(eventually { running.frontend.currentSessions == 0 })
        }
    }
}

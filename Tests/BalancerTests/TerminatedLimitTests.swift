import BalancerTLS
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// How many connections there may be whose TLS ends here (`maxsslconn`, `maxsslrate`).
    @Suite struct `Limits of terminated TLS` {
        let certificates: TLSCertificates

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private func running(
            reactors: Int, isSecured: Bool = true,
            adjusting adjust: (inout BalancerPlan) -> Void
        ) throws -> RunningBalancer {
            let security = try TLSListener(certificates.listening)
            let server = try TestServer.holding("a")
            return try RunningBalancer(reactors: reactors, servers: servers([("a", server)])) {
                $0.frontends[0].listeners = [ListenerPlan()]
                if isSecured { $0.frontends[0].listeners[0].security = security }
                adjust(&$0)
            }
        }

        @Test(arguments: [1, 2])
        func `so many at once, and the next one as soon as one goes`(reactors: Int) throws {
            let running = try running(reactors: reactors) { $0.securedLimit = 3 }
            var clients = running.connectMany(9)
            #expect(running.wait { running.balancer.connectionCount == 3 })
            for left in stride(from: 6, through: 0, by: -1) {
                Thread.sleep(for: .milliseconds(30))
                #expect(running.frontend.totalSessions == 9 - left)
                #expect(running.balancer.connectionCount == 3)
                // Whoever came first has been let in.
                clients.removeFirst().close()
                #expect(
                    running.wait {
                        running.frontend.totalSessions == min(9, 10 - left)
                            && running.balancer.connectionCount == (left == 0 ? 2 : 3)
                    })
            }
            #expect(running.frontend.peakSessions == 3)
        }

        @Test func `those without TLS are not among them`() throws {
            let running = try running(reactors: 1, isSecured: false) {
                ($0.securedLimit, $0.securedRateLimit) = (3, 3)
            }
            let clients = running.connectMany(9)
            #expect(running.wait { running.balancer.connectionCount == 9 })
            clients.forEach { $0.close() }
        }

        /// A session of the file that is read next may count other sockets, and those that are there.
        @Test func `a reload brings and takes the limit, with those who are there`() throws {
            let running = try running(reactors: 1) { _ in }
            let former = running.connectMany(4)
            #expect(running.wait { running.balancer.connectionCount == 4 })
            var plan = running.balancer.plan
            plan.securedLimit = 5
            try running.balancer.adopt(plan, listeners: [[running.listener]])
            let newcomers = running.connectMany(3)
            #expect(running.wait { running.balancer.connectionCount == 5 })
            Thread.sleep(for: .milliseconds(100))
            #expect(running.balancer.connectionCount == 5)
            former.forEach { $0.close() }
            #expect(running.wait { running.balancer.connectionCount == 3 })
            plan.securedLimit = nil
            try running.balancer.adopt(plan, listeners: [[running.listener]])
            let others = running.connectMany(6)
            #expect(running.wait { running.balancer.connectionCount == 9 })
            (newcomers + others).forEach { $0.close() }
            #expect(running.wait { running.balancer.connectionCount == 0 })
        }

        @Test(arguments: [1, 2])
        func `so many within a second`(reactors: Int) throws {
            let running = try running(reactors: reactors) { $0.securedRateLimit = 20 }
            let start = MonotonicInstant.now
            let clients = running.connectMany(50)
            #expect(running.wait { running.frontend.totalSessions == 50 })
            let taken = MonotonicInstant.now - start
            #expect(running.frontend.peakRate <= 20)
            // 20 at once, the other 30 at 20 a second.
            #expect(taken >= .milliseconds(1200) && taken < .seconds(6))
            clients.forEach { $0.close() }
        }

        @Test func `who comes too fast is asked again when the rate allows the next one`() {
            var admission = Admission(
                processLimit: 10, frontendLimits: [9, 9], listenerLimits: [.max, .max],
                securedRateLimit: 4, securedListeners: [true, false])
            let first = admission.reserve(9, at: 0, by: 0, for: 0, now: 5000)
            #expect(first == .room(4))
            _ = admission.settle(accepted: 4, reserved: 4, at: 0, by: 0, now: 5000)
            let second = admission.reserve(1, at: 0, by: 0, for: 0, now: 5000)
            #expect(second == .tooFast(until: 5250))
            let plain = admission.reserve(5, at: 1, by: 1, for: 0, now: 5000)
            #expect(plain == .room(5))
        }

        @Test func `the gate tells who waits, and lets others through`() {
            var admission = Admission(
                processLimit: 10, frontendLimits: [9, 9], listenerLimits: [.max, .max],
                securedLimit: 2, securedListeners: [true, false])
            let first = admission.reserve(5, at: 0, by: 0, for: 0)
            #expect(first == .room(2))
            let second = admission.reserve(1, at: 0, by: 0, for: 3)
            #expect(second == .full(.secured))
            let plain = admission.reserve(5, at: 1, by: 1, for: 0)
            #expect(plain == .room(5))
            let openings = admission.settle(accepted: 1, reserved: 2, at: 0, by: 0, now: 0)
            #expect(openings == .init(secured: 0b1000))
            let last = admission.reserve(5, at: 0, by: 0, for: 0)
            #expect(last == .room(1))
        }
    }
}

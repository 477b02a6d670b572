import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite(.serialized) struct `Reactors that are asked whether they turn` {
        private final class Counter: Sendable {
            private let count = Atomic(0)
            var value: Int { count.load(ordering: .sequentiallyConsistent) }
            func add() { count.add(1, ordering: .sequentiallyConsistent) }
        }

        /// What holds a reactor up that comes to it.
        private final class Gate: Sendable {
            let lock = Mutex(())
            let entries = Counter()

            func pass() {
                entries.add()
                lock.withLock { _ in }
            }
        }

        @Test(arguments: [1, 2]) func `answer together, once for each question`(
            reactors: Int
        )
            throws
        {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(
                reactors: reactors,
                servers: [
                    ServerPlan(name: "a", address: server.address)
                ])
            let answers = Counter()
            for count in 1...3 {
                running.balancer.callRoll { answers.add() }
                #expect(running.wait { answers.value == count })
            }
            Thread.sleep(for: .milliseconds(50))
            #expect(answers.value == 3)
        }

        @Test func `do not answer while one of them hangs`() throws {
            let (gate, answers) = (Gate(), Counter())
            let running = try gate.lock.withLock { _ in
                // Nobody listens there, which is told on the reactor's thread.
                let nowhere = SocketAddress(address: 0x7f00_0001, port: 1)
                let running = try RunningBalancer(
                    reactors: 2, servers: [ServerPlan(name: "a", address: nowhere)],
                    observer: { _, _, _ in gate.pass() })
                let client = running.connect()
                #expect(running.wait { gate.entries.value > 0 })
                running.balancer.callRoll { answers.add() }
                Thread.sleep(for: .milliseconds(100))
                #expect(answers.value == 0)
                client.close()
                return running
            }
            #expect(running.wait { answers.value == 1 })
        }
    }
}

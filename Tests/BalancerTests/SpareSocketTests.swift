import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Sockets to servers that are used again.
    @Suite struct `Spare sockets` {
        /// Hears all that its client says, then answers and ends.
        private static func answering() throws -> TestServer {
            try TestServer { $0.send($0.receiveAll().text) }
        }

        @Test func `the next connection to a server has the last one's socket`() throws {
            let running = try RunningBalancer(server: try Self.answering())
            let before = openSockets()
            ask(running, "one")
            let spare = openSockets().subtracting(before)
            #expect(spare.count == 1)
            for text in ["two", "three"] { ask(running, text) }
            #expect(openSockets().subtracting(before) == spare)
        }

        @Test func `it is no other server's`() throws {
            let running = try RunningBalancer(
                servers: servers([("a", try Self.answering()), ("b", try Self.answering())]))
            let before = openSockets()
            for text in ["one", "two", "three", "four"] { ask(running, text) }
            #expect(openSockets().subtracting(before).count == 2)
            #expect(running.pool.servers.map(\.totalSessions) == [2, 2])
        }

        @Test func `none is kept of a server that ends first`() throws {
            let running = try RunningBalancer(server: try TestServer.named("a"))
            let before = openSockets()
            let client = running.connect()
            #expect(client.receiveAll().text == "a")
            client.close()
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(openSockets().subtracting(before).isEmpty)
        }

        @Test func `none is kept of a server with options of its own`() throws {
            let server = try Self.answering()
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.userTimeout = .seconds(5)
            let running = try RunningBalancer(servers: [plan])
            let before = openSockets()
            ask(running, "one")
            #expect(openSockets().subtracting(before).isEmpty)
        }

        @Test func `none is kept that a rule has set a bandwidth of`() throws {
            let running = try RunningBalancer(
                servers: servers([("a", try Self.answering())])
            ) {
                $0.frontends[0].rules.connection = [
                    Rule(.limitBandwidth(.init(.upload, bytesPerSecond: 1 << 30)))
                ]
            }
            let before = openSockets()
            ask(running, "one")
            #expect(openSockets().subtracting(before).isEmpty)
        }

        @Test func `they are closed with the plan that they were kept under`() throws {
            let server = try Self.answering()
            let running = try Succession.Running(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [
                        PoolPlan(
                            name: "pool",
                            servers: [ServerPlan(name: "a", address: server.address)])
                    ]))
            let before = openSockets()
            let client = try running.connect()
            client.send("one")
            client.endSending()
            #expect(client.receiveAll().text == "one")
            client.close()
            #expect(eventually { openSockets().subtracting(before).count == 1 })
            try running.adopt { $0.pools[0].servers[0].weight = 2 }
            #expect(eventually { openSockets().subtracting(before).isEmpty })
        }

        @Test func `none is kept that has options of a former plan`() throws {
            var plan = ServerPlan(name: "a", address: try Self.answering().address)
            plan.connection.userTimeout = .seconds(5)
            let running = try Succession.Running(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [PoolPlan(name: "pool", servers: [plan])]))
            let before = openSockets()
            let client = try running.connect()
            client.send("one")
            #expect(eventually { running.balancer.snapshot().frontends[0].bytesIn == 3 })
            try running.adopt { $0.pools[0].servers[0].connection.userTimeout = nil }
            client.endSending()
            #expect(client.receiveAll().text == "one")
            client.close()
            #expect(
                eventually { running.balancer.snapshot().frontends[0].currentSessions == 0 })
            #expect(openSockets().subtracting(before).isEmpty)
        }

        @Test func `newcomers come before them where descriptors are short`() async {
            await #expect(processExitsWith: .success) {
                var limit = rlimit(rlim_cur: 512, rlim_max: 512)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let running = try RunningBalancer(
                    server: try TestServer { $0.send($0.receiveAll().text) })
                let clients = [running.connect(), running.connect()]
                for client in clients {
                    client.send("one")
                    precondition(running.wait { running.pool.servers[0].currentSessions == 2 })
                }
                for client in clients {
                    client.endSending()
                    precondition(client.receiveAll().text == "one")
                }
                for client in clients { client.close() }
                precondition(running.wait { running.frontend.currentSessions == 0 })
                let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                // All that is left are the two sockets that the balancer keeps.
                let held = takeDescriptors(by: late)
                defer { held.forEach { close($0) } }
                precondition(connectLoopback(late, running.port))
                let client = BlockingSocket(adopting: late)
                client.send("two")
                client.endSending()
                precondition(client.receiveAll().text == "two")
            }
        }

        @Test func `as many are kept as there is room for`() {
            var spares = SpareSockets(serverCount: 2)
            let numbers = (0..<64).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            #expect(spares.take(for: 0) == nil)
            for (index, number) in numbers.enumerated() {
                let hasRoom = spares.hasRoom(for: index % 2)
                #expect(hasRoom)
                spares.keep(number, for: index % 2)
            }
            #expect(spares.take(for: 0) == numbers[62])
            #expect(spares.take(for: 0) == numbers[60])
            #expect(spares.take(for: 1) == numbers[63])
            spares.keep(numbers[62], for: 1)
            #expect(spares.take(for: 1) == numbers[62])
            #expect(spares.take(for: 1) == numbers[61])
            #expect(spares.take(for: 0) == numbers[58])
            spares.closeAll()
            #expect(spares.take(for: 0) == nil)
            #expect(spares.take(for: 1) == nil)
            let taken = [58, 60, 61, 62, 63].map { numbers[$0] }
            #expect(numbers.filter { fcntl($0, F_GETFD) >= 0 } == taken)
            for number in taken { close(number) }
        }

        @Test
        func `a full house takes no more of its own, but another server's in the oldest's place`() {
            var spares = SpareSockets(serverCount: 3)
            let numbers = (0..<67).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
            func closed() -> [Int] { numbers.indices.filter { fcntl(numbers[$0], F_GETFD) < 0 } }
            for index in 0..<64 { spares.keep(numbers[index], for: index < 62 ? 0 : 1) }
            for number in numbers[62...63].reversed() {
                #expect(spares.take(for: 1) == number)
                spares.keep(number, for: 0)
            }
            var hasRoom = [0, 1].map { spares.hasRoom(for: $0) }
            #expect(hasRoom == [false, true])
            spares.keep(numbers[64], for: 1)
            spares.keep(numbers[65], for: 2)
            spares.keep(numbers[66], for: 2)
            #expect(closed() == [0, 1, 2])
            // The oldest of all is the one that its server has.
            for _ in 0..<61 { _ = spares.take(for: 0).map { close($0) } }
            #expect(spares.take(for: 0) == nil)
            #expect(spares.take(for: 2) == numbers[66])
            #expect(spares.take(for: 2) == numbers[65])
            #expect(spares.take(for: 1) == numbers[64])
            hasRoom = [0, 1, 2].map { spares.hasRoom(for: $0) }
            #expect(hasRoom == [true, true, true])
            for number in numbers[64...] { close(number) }
        }
    }
}

/// A client that says something, ends, and hears the same.
private func ask(_ running: RunningBalancer, _ text: String) {
    let client = running.connect()
    client.send(text)
    client.endSending()
    let (answer, ending) = client.receiveAll()
    #expect(answer == text)
    #expect(ending == .end)
    client.close()
    #expect(running.wait { running.frontend.currentSessions == 0 })
}

/// The sockets of this process, by number and inode.
func openSockets() -> Set<String> {
    var found: Set<String> = []
    for number in 0..<1024 {
        var target = [UInt8](repeating: 0, count: 64)
        let count = readlink("/proc/self/fd/\(number)", &target, 64)
        guard count > 0 else { continue }
        let name = String(decoding: target[..<count], as: UTF8.self)
        if name.hasPrefix("socket:") { found.insert("\(number) \(name)") }
    }
    return found
}

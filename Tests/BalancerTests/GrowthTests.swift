import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Growth` {
        @Test func `1,000 proxies of 10 servers each start in little time and memory`() throws {
            var listeners: [Int32] = []
            defer { listeners.forEach { close($0) } }
            for _ in 0..<1000 {
                let socket = try Socket.listening(
                    on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
                listeners.append(socket.release())
            }
            let server = try TestServer.named("a")
            let servers = (0..<10).map { ServerPlan(name: "s\($0)", address: server.address) }
            var plan = BalancerPlan(reactorCount: 2, connectionLimit: 1000)
            for number in 0..<1000 {
                plan.frontends.append(FrontendPlan(name: "p\(number)", poolIndex: number))
                plan.pools.append(PoolPlan(name: "p\(number)", servers: servers))
            }
            let start = MonotonicInstant.now
            let before = residentPages()
            let balancer = try Balancer(plan: plan, listeners: listeners.map { [$0] })
            try balancer.start()
            let last = try Socket.localAddress(of: listeners[999]).port
            #expect(BlockingSocket(to: last)?.receiveAll().text == "a")
            let taken = MonotonicInstant.now - start
            let megabytes = ((residentPages() - before) * 4096) >> 20
            print("1,000 proxies × 10 servers: \(taken), \(megabytes) MB")
            #expect(taken < .seconds(5))
            #expect(megabytes < 64)
            balancer.stop()
        }

        @Test func `mixed work leaves no descriptor, no memory and no count behind`() throws {
            let echo = try TestServer.echo()
            let rude = try TestServer { socket in
                socket.send("x")
                socket.reset()
            }
            let running = try RunningBalancer(
                reactors: 2,
                servers: servers([("echo", echo), ("rude", rude)])
                    + [ServerPlan(name: "gone", address: TestServer.refusingAddress())]
            ) {
                $0.pools[0].redispatches = true
                $0.pools[0].servers[0].connectionLimit = 3
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
            }
            try work(on: running, rounds: 150)
            let (descriptors, pages) = (descriptorCount(), residentPages())
            try work(on: running, rounds: 900)
            // Sockets of the test's own servers may close a moment later; a leak would be hundreds.
            #expect(eventually { descriptorCount() <= descriptors + 16 })
            // Six times the work, at most 4 MB more.
            #expect((residentPages() - pages) * 4096 < 1 << 22)
            // A client that left at once may be accepted after it did.
            #expect(
                running.wait {
                    let pool = running.pool
                    return pool.currentSessions == 0 && pool.currentQueue == 0
                        && pool.servers.allSatisfy { $0.currentSessions == 0 }
                        && running.frontend.currentSessions == 0
                })
        }

        /// Clients that echo, break off and say nothing, while servers come and go.
        private func work(on running: RunningBalancer, rounds: Int) throws {
            let bytes = Array(Pattern.bytes[..<5000])
            let clients = try (0..<3).map { client in
                try TestThread {
                    for round in 0..<rounds {
                        guard let socket = BlockingSocket(to: running.port) else { continue }
                        switch (round + client) % 5 {
                        case 0: socket.reset()
                        case 1: socket.close()
                        default:
                            socket.send(bytes)
                            socket.endSending()
                            _ = socket.receiveAll()
                        }
                    }
                }
            }
            for round in 0..<40 {
                running.balancer.setHealth(pool: 0, server: round % 3, isUp: round % 2 == 0)
                running.balancer.setWeight(pool: 0, server: 1, round % 7)
                if round % 10 == 0 { running.balancer.endSessions(pool: 0, server: 0) }
                running.balancer.records?.take { _, _ in }
                Thread.sleep(for: .milliseconds(5))
            }
            for server in 0..<3 { running.balancer.setHealth(pool: 0, server: server, isUp: true) }
            clients.forEach { $0.join() }
            // Those who left without a word may still wait to be accepted; this one comes after them.
            let last = running.connect()
            last.endSending()
            _ = last.receiveAll()
            #expect(running.wait { running.frontend.currentSessions == 0 })
        }
    }
}

private func residentPages() -> Int {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = max(0, read(file, &buffer, 256))
    let words = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
    return words.count > 1 ? Int(words[1]) ?? 0 : 0
}

private func descriptorCount() -> Int {
    var count = 0
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    while readdir(folder) != nil { count += 1 }
    return count
}

import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests.Datagrams {
    @Test func `an idle flow ends like any other connection, and nobody broke it off`() throws {
        let a = try NamedServer("a")
        let running = try Running([a]) {
            $0.frontends[0].clientTimeout = .milliseconds(100)
            $0.frontends[0].logging = ConnectionLogging(moment: .ending)
        }
        let client = DatagramClient(to: running.address)
        #expect(client.ask("1") == "a1")
        var records: [ConnectionRecord] = []
        #expect(
            eventually {
                running.balancer.records?.take { record, _ in records.append(record) }
                return records.count == 1
            })
        #expect(records.map(\.ending.description) == ["--"])
        #expect(records.map(\.connectTime) == [0])
        #expect((records.first?.totalTime ?? 0) >= 100)
        let snapshot = running.balancer.snapshot()
        #expect(snapshot.pools[0].clientAborts == 0 && snapshot.pools[0].serverAborts == 0)
        #expect(snapshot.frontends[0].refusalsByCause == [:])
        #expect(snapshot.pools[0].connectTimes.counts[0] == 1)
        #expect(snapshot.pools[0].sessionTimes.total == 1)
    }

    @Test func `a flow lasts as long as one side speaks, though the other never does`() throws {
        let silent = try DatagramSocket.bound(
            to: .ipv4(SocketAddress(address: 0x7f00_0001, port: 0)),
            options: ListeningOptions(backlog: 0))
        let running = try Running([NamedServer("a")]) {
            $0.pools[0].serverTimeout = .milliseconds(400)
            $0.pools[0].servers[0].address = .ipv4(
                SocketAddress(
                    address: 0x7f00_0001,
                    port: StreamSocket.localEndpoint(of: silent.rawValue).port))
        }
        let client = DatagramClient(to: running.address)
        for _ in 0..<12 {
            client.send("x")
            Thread.sleep(for: .milliseconds(50))
        }
        let snapshot = running.balancer.snapshot()
        #expect(snapshot.frontends[0].totalSessions == 1)
        #expect(snapshot.frontends[0].currentSessions == 1)
    }

    @Test func `a datagram that is lost is counted as lost, and not by its bytes`() throws {
        let a = try NamedServer("a")
        let running = try Running([a])
        let client = DatagramClient(to: running.address)
        #expect(client.ask("123") == "a123")
        guard case .ipv4(let end) = a.address else { return }
        guard case .ipv4(let front) = running.address else { return }
        // The balancer's own sockets are this process's.
        let numbers = 3..<1024 as Range<Int32>
        let server = try #require(
            numbers.first { StreamSocket.peerEndpoint(of: $0).port == end.port })
        let listener = try #require(
            numbers.first { number in
                StreamSocket.localEndpoint(of: number).port == front.port
                    && !StreamSocket.peerEndpoint(of: number).isPresent
            })
        func counts() -> [Int] {
            let front = running.balancer.snapshot().frontends[0]
            return [
                Int(front.bytesIn), Int(front.bytesOut), front.refusalsByCause[.datagramLost] ?? 0,
            ]
        }
        #expect(eventually { counts() == [3, 4, 0] })
        // What is sent to the client fails, and then what is sent to the server.
        shutdown(listener, Int32(SHUT_WR))
        client.send("45")
        #expect(eventually { counts()[2] == 1 })
        #expect(counts() == [5, 4, 1])
        shutdown(server, Int32(SHUT_WR))
        client.send("45678")
        #expect(eventually { counts()[2] == 2 })
        #expect(counts() == [5, 4, 2])
    }

    @Test func `flows go on while there is no descriptor for another one`() async {
        // In a process of its own, whose descriptors are its own to use up.
        await #expect(processExitsWith: .success) { try starveFlows() }
    }

    @Test func `a tunnel's time-out is a flow's`() throws {
        let running = try Running([NamedServer("a")]) {
            $0.frontends[0].clientTimeout = .seconds(60)
            $0.pools[0].serverTimeout = .seconds(60)
            $0.pools[0].tunnelTimeout = .milliseconds(100)
        }
        let client = DatagramClient(to: running.address)
        #expect(client.ask("1") == "a1")
        #expect(eventually { running.balancer.connectionCount == 0 })
    }

    @Test func `flows through an address that leaves the node end`() throws {
        let a = try NamedServer("a")
        let running = try Running([a])
        let client = DatagramClient(to: running.address)
        #expect(client.ask("1") == "a1")
        running.balancer.closeConnections(
            throughLocalAddress: IPEndpoint(ipv4: 0x7f00_0002, port: 0))
        #expect(client.ask("2") == "a2")
        #expect(running.balancer.connectionCount == 1)
        running.balancer.closeConnections(
            throughLocalAddress: IPEndpoint(ipv4: 0x7f00_0001, port: 0))
        #expect(eventually { running.balancer.connectionCount == 0 })
        #expect(running.balancer.snapshot().frontends[0].refusalsByCause == [.addressLeft: 1])
    }

    /// Anybody can begin flows from invented addresses.
    @Test func `flows take at most half of the process's room, where there are connections too`() {
        var admission = Admission(
            processLimit: 10, frontendLimits: [10, 10], takesFlows: [true, false])
        func take(_ count: Int, at frontend: Int) -> Int {
            let room = admission.room(count, at: frontend, for: 0)
            _ = admission.settle(
                accepted: room, reserved: room, at: frontend, by: frontend, now: 0)
            return room
        }
        #expect(take(8, at: 0) == 5)
        #expect(take(1, at: 0) == 0)
        #expect(take(8, at: 1) == 5)
        _ = admission.leave(0, by: 0)
        #expect(take(2, at: 0) == 1)
        var alone = Admission(processLimit: 10, frontendLimits: [10], takesFlows: [true])
        #expect(alone.room(12, at: 0, for: 0) == 10)
    }

    @Test(arguments: ["maxconnrate", "maxsessrate"])
    func `flows take at most half of a rate of the process as well`(bound: String) {
        let (rate, sessionRate) = bound == "maxconnrate" ? (12, Int.max) : (.max, 12)
        func room(_ wishes: [(count: Int, frontend: Int)], takesFlows: [Bool]) -> [Int] {
            var admission = Admission(
                processLimit: 100, processRateLimit: rate, processSessionRateLimit: sessionRate,
                frontendLimits: [100, 100], takesFlows: takesFlows)
            return wishes.map { count, frontend in
                let answer = admission.reserve(count, at: frontend, by: frontend, for: 0, now: 5000)
                guard case .room(let room) = answer else { return 0 }
                _ = admission.settle(
                    accepted: room, reserved: room, at: frontend, by: frontend, now: 5000)
                for _ in 0..<room {
                    admission.noteSession(isFlow: takesFlows[frontend], now: 5000)
                }
                return room
            }
        }
        let wishes = [(100, 0), (1, 0), (100, 1), (1, 1)]
        #expect(room(wishes, takesFlows: [true, false]) == [6, 0, 6, 0])
        #expect(room(wishes, takesFlows: [true, true]) == [12, 0, 0, 0])
        #expect(room(wishes, takesFlows: [false, true]) == [12, 0, 0, 0])
    }

    @Test(arguments: ["maxconnrate", "maxsessrate"])
    func `a flood of datagrams from new sources keeps no connection waiting`(bound: String) throws {
        let (a, b) = (try TestServer.named("a"), try NamedServer("b"))
        let options = ListeningOptions(backlog: 0)
        let datagrams = try DatagramSocket.bound(to: .loopback4, options: options).release()
        defer { close(datagrams) }
        let connections = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64
        ).release()
        defer { close(connections) }
        var plan = BalancerPlan(
            frontends: [
                FrontendPlan(name: "front", poolIndex: 0),
                FrontendPlan(name: "flows", poolIndex: 1),
            ],
            pools: [
                PoolPlan(name: "pool", servers: servers([("a", a)])),
                PoolPlan(name: "hosts", servers: [.at(b.address)]),
            ])
        plan.frontends[1].isDatagram = true
        if bound == "maxconnrate" {
            plan.connectionRateLimit = 20
        } else {
            plan.sessionRateLimit = 20
        }
        let balancer = try Balancer(plan: plan, listeners: [[connections], [datagrams]])
        try balancer.start()
        defer { balancer.stop() }
        // What a second has let pass counts to its end, and less by and by in the next one.
        while MonotonicInstant.now.nanoseconds / 1_000_000 % 1000 > 200 {
            Thread.sleep(for: .milliseconds(5))
        }
        let start = MonotonicInstant.now
        let address = StreamAddress.loopback4.with(
            port: StreamSocket.localEndpoint(of: datagrams).port)
        let clients = (0..<60).map { _ in DatagramClient(to: address) }
        for client in clients { client.send("x") }
        #expect(
            eventually {
                let flows = balancer.snapshot().frontends[1]
                return flows.totalSessions + (flows.refusalsByCause[.datagramLost] ?? 0) == 60
            })
        let port = StreamSocket.localEndpoint(of: connections).port
        for _ in 0..<10 {
            let client = try #require(BlockingSocket(to: port))
            #expect(client.receiveAll().text == "a")
        }
        #expect(MonotonicInstant.now - start < .milliseconds(700))
    }
}

private func starveFlows() throws {
    let a = try BalancerTests.Datagrams.NamedServer("a")
    let running = try BalancerTests.Datagrams.Running([a])
    let client = BalancerTests.Datagrams.DatagramClient(to: running.address)
    let late = BalancerTests.Datagrams.DatagramClient(to: running.address)
    precondition(client.ask("1") == "a1")
    var limit = rlimit(rlim_cur: 400, rlim_max: 400)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    var fillers: [Int32] = []
    while true {
        let filler = dup(0)
        if filler < 0 { break }
        fillers.append(filler)
    }
    late.send("x")
    precondition(eventually { running.balancer.snapshot().frontends[0].totalSessions == 2 })
    for number in 0..<10 {
        precondition(client.ask("\(number)") == "a\(number)", "lost after a shortage")
        Thread.sleep(for: .milliseconds(50))
    }
    for filler in fillers { close(filler) }
}

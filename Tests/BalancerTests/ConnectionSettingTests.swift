import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What rules set of a connection that goes on.
    @Suite struct `Settings by rules` {
        @Test(arguments: [1, 2])
        func `a lower class is served first, and each class in the order of arrival`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: [single(server)]
            ) {
                $0.frontends[0].rules.content = [
                    Rule(.setPriority(7), if: .source(0x7f00_0003)),
                    Rule(.setPriority(-2047), if: .source(0x7f00_0004)),
                    Rule(.setPriority(-5), if: .source(0x7f00_0004)),
                ]
            }
            let order = servingOrder(at: running.port) { number in
                running.wait { running.pool.currentQueue == number }
            }
            #expect(order == [4, 2, 3, 1])
        }

        /// As if .3 had come five minutes later, .2 twenty seconds earlier and .4 thirty.
        @Test(arguments: [1, 2])
        func `who is taken to have come earlier is served first, within his class`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(reactors: reactors, servers: [single(server)]) {
                $0.frontends[0].rules.content = [
                    Rule(.setPriorityOffset(300_000), if: .source(0x7f00_0003)),
                    Rule(.setPriorityOffset(-20_000), if: .source(0x7f00_0002)),
                    Rule(.setPriorityOffset(-30_000), if: .source(0x7f00_0004)),
                ]
            }
            func order(of sources: [UInt32]) -> [Int] {
                servingOrder(at: running.port, of: sources) { number in
                    running.wait { running.pool.currentQueue == number }
                }
            }
            #expect(order(of: [3, 2, 2, 4]) == [4, 2, 3, 1])
            // One without an offset stands where he came.
            #expect(order(of: [3, 5, 5, 2]) == [4, 2, 3, 1])
        }

        @Test func `haproxy's order is the same`() throws {
            let servers = try (0..<2).map { _ in try TestServer.holding("a") }
            func section(_ rules: String, _ server: TestServer) -> String {
                """
                timeout client 10s
                timeout server 10s
                timeout connect 10s
                \(rules)
                server a \(server.address) maxconn 1
                """
            }
            let proxy = try HAProxy(sections: [
                section(
                    """
                    tcp-request content set-priority-class int(7) if { src 127.0.0.3 }
                    tcp-request content set-priority-class int(-2047) if { src 127.0.0.4 }
                    tcp-request content set-priority-class int(-5) if { src 127.0.0.4 }
                    """, servers[0]),
                section(
                    """
                    tcp-request content set-priority-offset int(300000) if { src 127.0.0.3 }
                    tcp-request content set-priority-offset int(-20000) if { src 127.0.0.2 }
                    tcp-request content set-priority-offset int(-30000) if { src 127.0.0.4 }
                    """, servers[1]),
            ])
            func order(at port: UInt16, of sources: [UInt32] = [3, 2, 2, 4]) -> [Int] {
                servingOrder(at: port, of: sources) { _ in
                    // Nobody says how many wait; they arrive one after the other.
                    Thread.sleep(for: .milliseconds(20))
                    return true
                }
            }
            #expect(order(at: proxy.ports[0]) == [4, 2, 3, 1])
            #expect(order(at: proxy.ports[1]) == [4, 2, 3, 1])
            #expect(order(at: proxy.ports[1], of: [3, 5, 5, 2]) == [4, 2, 3, 1])
        }

        @Test func `packets carry the mark and the type of service that a rule sets`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].rules.connection = [
                    Rule(.setMark(0xffff_fffe), if: .source(0x7f00_0002)),
                    Rule(.setServiceType(0x48), if: .source(0x7f00_0003)),
                ]
            }
            let clients = (1...3).map { running.connect(from: 0x7f00_0000 + UInt32($0)) }
            #expect(clients.map { $0.receive(exactly: 1) } == ["a", "a", "a"])
            // SOL_SOCKET, SO_MARK, which is root's to set; SOL_IP, IP_TOS.
            let mark: Int32 = geteuid() == 0 ? -2 : 0
            #expect(clients.map { option(1, 36, ofPeerOf: $0) } == [0, mark, 0])
            #expect(clients.map { option(0, 1, ofPeerOf: $0) } == [0, 0, 0x48])
        }

        /// 4 MiB at 8 MiB a second, of which the kernel does not space the first ten segments.
        @Test func `bytes pass no faster than a rule lets them, each way by itself`() throws {
            let text = String(repeating: "x", count: 4 << 20)
            let server = try AnsweringServer(after: text.utf8.count) { bytes, _ in
                String(decoding: bytes, as: UTF8.self)
            }
            let running = try RunningBalancer(servers: [.at(server.address)]) { plan in
                func limit(_ direction: BandwidthLimit.Direction, _ last: UInt32) -> Rule {
                    Rule(
                        .limitBandwidth(.init(direction, bytesPerSecond: 8 << 20)),
                        if: .source(0x7f00_0000 + last))
                }
                plan.frontends[0].rules.connection = [limit(.upload, 2), limit(.download, 3)]
            }
            /// How long the bytes take to the server, and back; one answer comes after all is there.
            func times(from last: UInt32) throws -> (up: Duration, down: Duration) {
                let client = running.connect(from: 0x7f00_0000 + last)
                let start = MonotonicInstant.now
                client.send(text)
                let first = client.receive(exactly: 1)
                let middle = MonotonicInstant.now
                #expect(first + client.receiveAll().text == text)
                return (middle - start, .now - middle)
            }
            let spaced = (Duration.milliseconds(330)..<(.seconds(3)))
            for (last, isUpSpaced, isDownSpaced) in [
                (1, false, false), (2, true, false), (3, false, true),
            ] as [(UInt32, Bool, Bool)] {
                let spent = try times(from: last)
                #expect(spaced.contains(spent.up) == isUpSpaced, "\(last): \(spent)")
                #expect(spaced.contains(spent.down) == isDownSpaced, "\(last): \(spent)")
            }
        }

        private func single(_ server: TestServer) -> ServerPlan {
            ServerPlan(name: "a", address: server.address, connectionLimit: 1)
        }

        /// Has clients wait, by default of 127.0.0.3, of .2 twice, and of .4; tells the order in which they
        /// are served, each by its number.
        private func servingOrder(
            at port: UInt16, of sources: [UInt32] = [3, 2, 2, 4], whenWaiting: (Int) -> Bool
        ) -> [Int] {
            let first = BlockingSocket(to: port)
            #expect(first?.receive(exactly: 1) == "a")
            var clients: [Int: BlockingSocket] = [:]
            for (number, source) in sources.enumerated() {
                clients[number + 1] = BlockingSocket(to: port, from: 0x7f00_0000 + source)
                #expect(whenWaiting(number + 1))
            }
            first?.close()
            var order: [Int] = []
            while !clients.isEmpty, let number = firstReadable(of: clients) {
                #expect(clients[number]?.receive(exactly: 1) == "a")
                order.append(number)
                clients.removeValue(forKey: number)?.close()
            }
            return order
        }

        /// Waits up to 5 s until one of the clients has something to read, or its end.
        private func firstReadable(of clients: [Int: BlockingSocket]) -> Int? {
            let numbers = Array(clients.keys)
            var wanted = numbers.map {
                pollfd(fd: clients[$0]?.number ?? -1, events: Int16(POLLIN), revents: 0)
            }
            guard poll(&wanted, nfds_t(wanted.count), 5000) > 0 else { return nil }
            return wanted.firstIndex { $0.revents != 0 }.map { numbers[$0] }
        }

        /// An option of the balancer's socket to a client; `nil`: it has none.
        private func option(
            _ level: Int32, _ name: Int32, ofPeerOf client: BlockingSocket
        ) -> Int32? {
            let own = StreamSocket.localEndpoint(of: client.number)
            let socket = (3..<Int32(KernelSettings.openFileLimit)).first {
                StreamSocket.peerEndpoint(of: $0) == own
            }
            guard let socket else { return nil }
            var (value, length): (Int32, UInt32) = (-1, 4)
            return getsockopt(socket, level, name, &value, &length) == 0 ? value : nil
        }
    }
}

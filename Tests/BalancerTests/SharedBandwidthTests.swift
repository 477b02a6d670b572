import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Bandwidths that connections of one key share.
    @Suite struct `Shared bandwidths` {
        private static let text = String(repeating: "x", count: 512 << 10)

        /// A limit within a second, of a table with no more than the rates that it needs.
        private static func share(
            _ direction: BandwidthLimit.Direction, _ byteCount: UInt64, number: Int = 0,
            by key: ConnectionKey = .source, in table: Int = 0
        ) -> Rule {
            Rule(
                .shareBandwidth(
                    BandwidthSharing(
                        number, of: direction, by: key, in: table, byteCount: byteCount)))
        }

        private static func table(_ name: String = "t", size: Int = 100) -> StickTablePlan {
            var table = StickTablePlan(name: name, size: size)
            table.counters = [
                StickCounter(.bytesInRate, over: .seconds(1)),
                StickCounter(.bytesOutRate, over: .seconds(1)),
            ]
            return table
        }

        /// Reads from all at once until each has so many bytes.
        ///
        /// - Returns: How long each one took; those that end before have `nil`.
        private func times(_ clients: [BlockingSocket], for count: Int) -> [Duration?] {
            let start = MonotonicInstant.now
            var missing = clients.map { _ in count }
            var times: [Duration?] = clients.map { _ in nil }
            var open = Set(clients.indices)
            while !open.isEmpty {
                let order = open.sorted()
                var wanted = order.map {
                    pollfd(fd: clients[$0].number, events: Int16(POLLIN), revents: 0)
                }
                guard poll(&wanted, nfds_t(wanted.count), 5000) > 0 else { return times }
                for (place, index) in order.enumerated() where wanted[place].revents != 0 {
                    if case .bytes(let bytes) = clients[index].receive() {
                        missing[index] -= bytes.count
                        guard missing[index] <= 0 else { continue }
                        times[index] = MonotonicInstant.now - start
                    }
                    open.remove(index)
                }
            }
            return times
        }

        /// 4 times 512 KiB at 4 MiB a second, of which two turns of 41,943 bytes may come at once; whoever has
        /// another key has nothing to wait for.
        @Test(arguments: [1, 2])
        func `what the connections of a key are sent passes no faster than the limit`(
            reactors: Int
        ) throws {
            let server = try AnsweringServer(after: 1) { _, _ in Self.text }
            let running = try RunningBalancer(
                reactors: reactors, servers: [.at(server.address)]
            ) {
                $0.tables = [Self.table()]
                $0.frontends[0].rules.content = [Self.share(.download, 4 << 20)]
            }
            let clients = (0..<4).map { running.connect(by: $0) }
            let other = running.connect(from: 0x7f00_0002)
            for client in clients + [other] { client.send("a") }
            let spent = times(clients + [other], for: Self.text.utf8.count)
            let shared = try spent.prefix(4).map { try #require($0) }
            let own = try #require(spent[4])
            #expect(running.busyReactorCount == reactors)
            let last = try #require(shared.max())
            #expect((.milliseconds(470)..<(.milliseconds(1500))).contains(last), "\(shared)")
            // They take turns: none is done long before the others.
            #expect(try #require(shared.min()) > last / 2, "\(shared)")
            // 512 KiB alone take 115 ms at least.
            #expect((.milliseconds(100)..<last / 2).contains(own), "\(own) of \(shared)")
            for client in clients + [other] { client.close() }
            #expect(running.wait { running.balancer.connectionCount == 0 })
            let table = running.balancer.view.shared.tables[0]
            #expect((0..<2).map { table.answer(.trackers, at: $0, now: 0) } == [0, 0])
        }

        /// 1 MiB at 4 MiB a second, of one client and of two.
        @Test func `what the connections of a key send passes no faster than the limit`() throws {
            let half = Self.text.utf8.count
            let server = try AnsweringServer(after: half) { _, _ in "b" }
            let running = try RunningBalancer(servers: [.at(server.address)]) {
                $0.tables = [Self.table()]
                $0.frontends[0].rules.connection = [Self.share(.upload, 4 << 20)]
            }
            let clients = (0..<2).map { _ in running.connect() }
            let first = try Thread(name: "first") { clients[0].send(Self.text) }
            let second = try Thread(name: "second") { clients[1].send(Self.text) }
            let spent = try times(clients, for: 1).map { try #require($0) }
            first.join()
            second.join()
            let last = try #require(spent.max())
            #expect((.milliseconds(220)..<(.milliseconds(1000))).contains(last), "\(spent)")
        }

        @Test func `the slower one of two limits holds, and what passes is counted by both`()
            throws
        {
            let server = try AnsweringServer(after: 1) { _, _ in Self.text }
            let running = try RunningBalancer(servers: [.at(server.address)]) {
                $0.tables = [Self.table("a"), Self.table("b")]
                $0.frontends[0].rules.session = [
                    Self.share(.download, 64 << 20, by: .source),
                    Self.share(.download, 2 << 20, number: 1, by: .destinationPort, in: 1),
                ]
            }
            let client = running.connect()
            client.send("a")
            let spent = try #require(times([client], for: Self.text.utf8.count)[0])
            #expect((.milliseconds(220)..<(.milliseconds(1000))).contains(spent), "\(spent)")
            let now = MonotonicInstant.now.milliseconds
            for table in 0..<2 {
                let count = running.balancer.view.shared.tables[table].answer(
                    .value(.bytesOutRate), at: 0, now: now)
                #expect(try #require(count) > 300 << 10)
            }
        }

        /// A turn is 1,460 bytes, which take 365 ms: longer than anybody may be idle.
        @Test func `who waits for his turn is not idle`() throws {
            let server = try AnsweringServer(after: 1) { _, _ in
                String(repeating: "x", count: 4000)
            }
            let running = try RunningBalancer(servers: [.at(server.address)]) {
                $0.tables = [Self.table()]
                $0.frontends[0].rules.content = [Self.share(.download, 4000)]
                $0.frontends[0].clientTimeout = .milliseconds(100)
                $0.pools[0].serverTimeout = .milliseconds(100)
            }
            let client = running.connect()
            client.send("a")
            #expect(client.receive(exactly: 1460).utf8.count == 1460)
            let start = MonotonicInstant.now
            #expect(client.receiveAll().text.utf8.count == 2540)
            let spent = MonotonicInstant.now - start
            #expect((.milliseconds(500)..<(.seconds(2))).contains(spent), "\(spent)")
        }

        /// 1 MiB each way at 8 MiB a second.
        @Test func `bytes to and from a server by TLS take turns as well`() throws {
            let certificates = try #require(TLSCertificates.shared)
            let count = 1 << 20
            let server = try TLSPeer.server(TLSPeer.Options(certificates)) { peer in
                var place = 0
                while place < count, case .bytes(let bytes) = peer.receive(upTo: 50_000) {
                    let start = place % Pattern.period
                    guard bytes[...] == Pattern.bytes[start..<start + bytes.count] else { return }
                    place += bytes.count
                }
                var sent = 0
                while place == count, sent < count {
                    let start = sent % Pattern.period
                    let length = min(100_000, count - sent)
                    guard peer.send(Pattern.bytes[start..<start + length]) else { return }
                    sent += length
                }
                peer.endSending()
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)]) {
                $0.tables = [Self.table()]
                $0.frontends[0].rules.connection = [
                    Self.share(.upload, 8 << 20), Self.share(.download, 8 << 20),
                ]
            }
            let client = running.connect()
            let start = MonotonicInstant.now
            #expect(Pattern.send(count, to: client))
            #expect(Pattern.receive(from: client, piece: 30_000) == count)
            let spent = MonotonicInstant.now - start
            #expect((.milliseconds(200)..<(.seconds(2))).contains(spent), "\(spent)")
        }

        @Test func `a share goes on where a reload moves its table`() throws {
            let server = try AnsweringServer(after: 1) { _, _ in Self.text }
            let running = try RunningBalancer(servers: [.at(server.address)]) {
                $0.tables = [Self.table()]
                $0.frontends[0].rules.content = [Self.share(.download, 2 << 20)]
            }
            let client = running.connect()
            client.send("a")
            #expect(client.receive(exactly: 1) == "x")
            var plan = running.balancer.plan
            plan.tables = [Self.table("other", size: 7), Self.table()]
            plan.frontends[0].rules.content = []
            try running.balancer.adopt(plan, listeners: [[running.listener]])
            let spent = try #require(times([client], for: Self.text.utf8.count - 1)[0])
            #expect((.milliseconds(150)..<(.seconds(1))).contains(spent), "\(spent)")
            client.close()
            #expect(running.wait { running.balancer.connectionCount == 0 })
            let table = running.balancer.view.shared.tables[1]
            #expect(table.answer(.trackers, at: 0, now: 0) == 0)
        }

        @Test func `a turn begins where the one before ends, and what it left is the next one's`() {
            let limit = Bandwidth(byteCount: 1000, period: 1000)
            var clock = TurnClock()
            #expect(clock.give(500, of: limit, now: 10_000) == 10_000)
            // 10 ms early, as reactors wake in whole milliseconds.
            #expect(clock.give(100, of: limit, now: 10_000) == 10_490)
            #expect(clock.give(100, of: limit, now: 10_100) == 10_590)
            clock.takeBack(150, of: limit, now: 10_100)
            #expect(clock.give(1, of: limit, now: 10_100) == 10_540)
            // What somebody took beyond his turn is everybody's.
            clock.takeBack(-200, of: limit, now: 10_100)
            #expect(clock.give(1, of: limit, now: 10_100) == 10_741)
            // Time in which nobody said anything is not made up for.
            #expect(clock.give(2000, of: limit, now: 20_000) == 20_000)
            #expect(clock.give(1, of: limit, now: 20_000) == 21_990)
        }

        @Test(arguments: [
            (1000, 1000, 0, 1460), (1 << 20, 1000, 0, 10_480), (1 << 40, 1, 0, 65_536),
            (1000, 1000, 4096, 4096), (1000, 1000, 1 << 30, 65_536),
        ])
        func `a turn is as long as suits the limit`(
            byteCount: Int, period: Int, least: Int, expected: Int
        ) {
            let limit = Bandwidth(byteCount: UInt64(byteCount), period: UInt64(period))
            #expect(limit.turnByteCount(atLeast: least) == expected)
        }
    }
}

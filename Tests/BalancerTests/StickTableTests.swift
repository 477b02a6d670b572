import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What is remembered and counted of keys: `stick-table`.
    @Suite struct `Stick tables` {
        private func key(_ number: UInt32) -> IPEndpoint { IPEndpoint(ipv4: number, port: 1) }

        private func table(
            size: Int, lifetime: Duration? = nil, _ counters: StickCounter...,
            servers: StickServers = StickServers(),
            adjusting adjust: (inout StickTablePlan) -> Void = { _ in }
        ) -> StickTable {
            var plan = StickTablePlan(name: "t", size: size, lifetime: lifetime)
            plan.counters = counters
            adjust(&plan)
            return StickTable(plan, servers: servers)
        }

        /// The servers of pools that bind clients by one table.
        private func known(
            _ pools: [String]..., goingOnFrom table: StickTable? = nil
        ) -> StickServers {
            var plan = BalancerPlan()
            plan.tables = [StickTablePlan(name: "t", size: 9)]
            plan.pools = pools.map { names in
                var pool = PoolPlan(
                    name: "p",
                    servers: names.map {
                        ServerPlan(name: $0, address: SocketAddress(address: 1, port: 1))
                    })
                pool.stickRules = [StickRule(in: 0)]
                return pool
            }
            return StickServers.all(of: plan, goingOnFrom: [table?.settledServers])[0]
        }

        @Test func `a table remembers as many keys as it has room for, the latest ones`() {
            let table = table(size: 3)
            for number in 1...3 as ClosedRange<UInt32> {
                table.bind(key(number), to: Int(number), now: 0)
            }
            #expect(table.server(of: key(1), now: 1) == 1)
            table.bind(key(4), to: 4, now: 2)
            #expect((1...4).map { table.server(of: key($0), now: 3) } == [1, nil, 3, 4])
            #expect(table.count(now: 3) == 3)
            // The port does not matter, the family does.
            #expect(table.server(of: IPEndpoint(ipv4: 4, port: 9), now: 3) == 4)
            #expect(table.server(of: IPEndpoint(high: 1, low: 4, port: 1), now: 3) == nil)
            #expect(table.server(of: IPEndpoint.none, now: 3) == nil)
        }

        @Test func `what a peer has known for longer is forgotten first`() {
            let table = table(size: 2, lifetime: .seconds(10)) {
                ($0.keepsAll, $0.keys) = (true, .ipv4)
            }
            for (number, remaining) in [(1, 9_000), (2, 1_000)] as [(UInt8, UInt32)] {
                table.learn(
                    PeerEntry(change: 1, key: [0, 0, 0, number], remaining: remaining), now: 20_000)
            }
            #expect(table.count(now: 20_000) == 2)
            // The second one's time is over, and the first one's is not.
            table.bind(key(3), to: 3, now: 22_000)
            #expect(table.server(of: key(3), now: 22_000) == 3)
            #expect(table.count(now: 22_000) == 2)
        }

        @Test func `a thousand keys come and go in a table of a hundred`() {
            let table = table(size: 100)
            for number in 0..<1000 as Range<UInt32> {
                table.bind(key(number), to: Int(number % 7), now: UInt64(number))
            }
            for number in 0..<1000 as Range<UInt32> {
                #expect(
                    table.server(of: key(number), now: 1000)
                        == (number < 900 ? nil : Int(number % 7)))
            }
        }

        /// Who owns a network chooses any of its addresses.
        @Test func `addresses that differ in a few bits only are found as fast as others`() {
            func time(_ low: (UInt64) -> UInt64) -> Duration {
                let table = table(size: 16_384)
                return ContinuousClock().measure {
                    for number in 0..<16_384 as Range<UInt64> {
                        table.bind(
                            IPEndpoint(high: 1 << 61, low: low(number), port: 1), to: 1, now: 0)
                    }
                }
            }
            let times = [0, 16, 32, 50].map { shift in time { $0 << shift } }
            // One chain of all of them takes hundreds of times as long.
            #expect(times.max().map { $0 < (times.min() ?? .zero) * 20 } == true, "\(times)")
        }

        @Test func `a key is forgotten when its time is over, and each use begins it anew`() {
            let table = table(size: 3, lifetime: .seconds(10), StickCounter(.connectionTotal))
            table.bind(key(1), to: 1, now: 0)
            #expect(table.server(of: key(1), now: 9999) == 1)
            #expect(table.server(of: key(1), now: 19_998) == 1)
            // A question is no use.
            #expect(table.value(of: .connectionTotal, for: key(1), now: 29_997) == 0)
            #expect(table.count(now: 29_997) == 1)
            #expect(table.server(of: key(1), now: 29_998) == nil)
            #expect(table.count(now: 29_998) == 0)
        }

        @Test func `a full table that forgets nobody takes nobody, until somebody's time is over`()
        {
            let table = table(size: 1, lifetime: .seconds(10)) { $0.keepsAll = true }
            table.bind(key(1), to: 1, now: 0)
            table.bind(key(2), to: 2, now: 5000)
            #expect(table.server(of: key(2), now: 5000) == nil)
            #expect(table.track(key(2), now: 5000) == nil)
            table.bind(key(2), to: 2, now: 10_000)
            #expect(table.server(of: key(2), now: 10_000) == 2)
        }

        private func names(in table: StickTable) -> [String?] {
            table.slice(from: 0, most: 9, now: 1).entries.map(\.server)
        }

        @Test func `servers that stay keep their positions, and one that is gone has none`() {
            let plan = StickTablePlan(name: "t", size: 9)
            let table = table(size: 9, servers: known(["a", "b"]))
            table.bind(key(1), to: 0, now: 0)
            table.bind(key(2), to: 1, now: 0)
            let servers = known(["c"], ["d", "e", "b"], goingOnFrom: table)
            table.follow(plan, servers: servers)
            #expect(servers.servers.map { $0?.name } == [nil, "b", "c", "d", "e"])
            #expect(table.server(of: key(2), now: 1) == 1)
            #expect(names(in: table) == [nil, "b"])
            // Whoever gets the place of one that is gone does not get its keys.
            let next = known(["b", "a", "c"], goingOnFrom: table)
            table.follow(plan, servers: next)
            #expect(next.servers.map { $0?.name } == ["a", "b", "c", nil, nil])
            #expect(table.server(of: key(1), now: 1) == nil)
            #expect(names(in: table) == [nil, "b"])
        }

        @Test func `keys of servers that become one have it`() {
            let plan = StickTablePlan(name: "t", size: 9)
            // Two of one name, by their numbers.
            let table = table(size: 9, servers: known(["a"], ["b", "a"]))
            for number in 0..<3 { table.bind(key(UInt32(number)), to: number, now: 0) }
            table.follow(plan, servers: known(["a"], goingOnFrom: table))
            #expect(names(in: table) == ["a", nil, "a"])
            let next = known(["a", "d", "e"], goingOnFrom: table)
            table.follow(plan, servers: next)
            #expect(next.servers.map { $0?.name } == ["a", "d", "e"])
            #expect(names(in: table) == ["a", nil, "a"])
            #expect((0..<3).map { table.server(of: key($0), now: 1) } == [0, nil, 0])
        }

        @Test func `no entry changes with the servers, and 1,000 at a time are settled`() {
            let table = table(size: 2500, servers: known(["a", "b"]))
            for number in 0..<2500 { table.bind(key(UInt32(number)), to: 0, now: 0) }
            let positions = { (table: StickTable) in
                table.withEntries { entries in
                    Set((0..<2500).map { entries.server(at: $0) })
                }
            }
            table.follow(
                StickTablePlan(name: "t", size: 2500), servers: known(["b"], goingOnFrom: table))
            #expect(positions(table) == [0])
            let ends = [0, 1000, 2000].map { start in
                table.withEntries { $0.settle(at: start..<start + 1000, [0, 1]) }
            }
            #expect(ends == [1000, 2000, nil])
            #expect(table.settledServers.servers.map { $0?.name } == [nil, "b"])
            #expect(positions(table) == [-1])
        }

        @Test func `a table of IPv4 holds nobody else`() {
            let table = table(size: 9, StickCounter(.connections)) { $0.keys = .ipv4 }
            let six = IPEndpoint(high: 1, low: 1, port: 1)
            table.bind(six, to: 1, now: 0)
            #expect(table.server(of: six, now: 0) == nil)
            #expect(table.track(six, now: 0) == nil)
            #expect(table.value(of: .connections, for: six, now: 0) == nil)
            #expect(table.count(now: 0) == 0)
            // A mapped address is one of IPv4.
            #expect(table.track(IPEndpoint(high: 0, low: 0xffff_0102_0304, port: 1), now: 0) != nil)
            #expect(table.value(of: .connections, for: key(0x0102_0304), now: 0) == 1)
        }

        @Test
        func `a key is kept as long as a connection is tracked by it, and its time after that`()
            throws
        {
            let table = table(size: 2, lifetime: .seconds(10), StickCounter(.connections))
            let place = try #require(table.track(key(1), now: 0))
            #expect(table.track(key(1), now: 1) == place)
            for number in 2...9 as ClosedRange<UInt32> { table.bind(key(number), to: 1, now: 2) }
            #expect(table.value(of: .connections, for: key(1), now: 50_000) == 2)
            table.release(place, now: 50_000)
            #expect(table.value(of: .connections, for: key(1), now: 90_000) == 1)
            table.release(place, now: 90_000)
            #expect(table.value(of: .connections, for: key(1), now: 99_999) == 0)
            #expect(table.count(now: 99_999) == 1)
            #expect(table.count(now: 100_000) == 0)
        }

        @Test func `a table full of keys that are held takes no other`() throws {
            let table = table(size: 2, StickCounter(.connections))
            let places = try (1...2).map { try #require(table.track(key($0), now: 0)) }
            #expect(table.track(key(3), now: 1) == nil)
            table.release(places[0], now: 2)
            #expect(table.track(key(3), now: 3) == places[0])
            #expect(
                (1...3).map { table.value(of: .connections, for: key($0), now: 3) } == [0, 1, 1])
        }

        @Test func `a place that is taken again counts from nothing`() throws {
            let table = table(
                size: 1, StickCounter(.connectionTotal),
                StickCounter(.connectionRate, over: .seconds(10)), StickCounter(.bytesIn))
            let first = try #require(table.track(key(1), now: 1))
            table.add(1 << 40, to: .bytesIn, .bytesInRate, at: first, now: 1)
            #expect(table.value(of: .bytesIn, at: first, now: 1) == 1 << 40)
            #expect(table.value(of: .bytesInRate, at: first, now: 1) == nil)
            table.release(first, now: 2)
            let second = try #require(table.track(key(2), now: 3))
            let counted = [StickQuantity.connectionTotal, .connectionRate, .bytesIn].map {
                table.value(of: $0, at: second, now: 3)
            }
            #expect(second == first && counted == [1, 1, 0])
        }

        @Test func `what is asked may count, clear, and tell who holds a key`() throws {
            let table = table(
                size: 2, StickCounter(.marks), StickCounter(.markRate, over: .seconds(10)),
                StickCounter(.secondMarkRate, over: .seconds(10)), StickCounter(.tag))
            func answer(_ asked: StickQuestion.Asked, mayEnter: Bool = true) -> Int? {
                table.answer(asked, for: .address(key(1)), mayEnter: mayEnter, now: 1)
            }
            #expect(answer(.presence) == 0)
            #expect(answer(.increase(.marks), mayEnter: false) == 0)
            #expect(table.count(now: 1) == 0)
            #expect((0..<3).map { _ in answer(.increase(.marks)) } == [1, 2, 3])
            #expect(answer(.presence) == 1)
            #expect(answer(.clear(.marks)) == 3)
            #expect(answer(.value(.marks)) == 0)
            #expect(answer(.value(.markRate)) == 3)
            #expect(answer(.increase(.secondMarks)) == 1)
            #expect(answer(.increase(.connectionTotal)) == nil)
            #expect(answer(.trackers) == 0)
            let place = try #require(table.track(key(1), now: 1))
            #expect(answer(.trackers) == 1)
            table.set(.tag, to: 7, at: place, now: 1)
            #expect(answer(.value(.tag)) == 7)
        }

        @Test func `elements of an array count by themselves, and the first by single names too`() {
            let table = table(
                size: 2, StickCounter(.connectionTotal), StickCounter(.tags, count: 1),
                StickCounter(.markArray, count: 3),
                StickCounter(.markRateArray, over: .seconds(10), count: 2),
                StickCounter(.connections))
            func answer(_ asked: StickQuestion.Asked) -> Int? {
                table.answer(asked, for: .address(key(1)), mayEnter: true, now: 1)
            }
            #expect(table.track(key(1), now: 1) == 0)
            #expect((0..<4).map { answer(.increase(.markArray, $0)) } == [1, 1, 1, nil])
            #expect(answer(.increase(.secondMarks)) == 2)
            #expect((0..<4).map { answer(.value(.markArray, $0)) } == [1, 2, 1, nil])
            #expect((0..<3).map { answer(.value(.markRateArray, $0)) } == [1, 2, nil])
            #expect(
                [.marks, .secondMarks, .secondMarkRate].map { answer(.value($0)) } == [1, 2, 2])
            #expect(answer(.clear(.markArray, 1)) == 2)
            table.set(.tags, to: 7, at: 0, now: 1)
            table.set(.tags, 1, to: 8, at: 0, now: 1)
            #expect((answer(.value(.tag)), answer(.value(.tags, 1))) == (7, nil))
            // What stands before and behind them is as it was.
            #expect(answer(.value(.connectionTotal)) == 1)
            #expect(answer(.value(.connections)) == 1)
            #expect(table.set([(.markArray, 2, 9)], of: "0.0.0.2", now: 1) == true)
            #expect(
                table.slice(from: 0, most: 9, now: 1).entries.map(\.counts) == [
                    [1, 7, 1, 0, 1, 1, 2, 1], [0, 0, 0, 0, 9, 0, 0, 0],
                ])
        }

        @Test func `arrays have bounds`() {
            func fault(_ size: Int, _ counter: StickCounter) -> String? {
                var plan = StickTablePlan(name: "t", size: size)
                plan.counters = [counter]
                return plan.fault
            }
            #expect(fault(1 << 24, StickCounter(.markArray, count: 4)) == nil)
            #expect(fault(9, StickCounter(.tags, count: 100)) == nil)
            #expect(
                fault(9, StickCounter(.tags, count: 101))
                    == "101 counters of one kind; there may be 1 to 100")
            #expect(
                fault(9, StickCounter(.marks, count: 2))
                    == "2 counters of one kind; there may be 1 to 1")
            #expect(
                fault(1 << 24, StickCounter(.markArray, count: 5))
                    == "arrays of more than 67108864 elements in all")
        }

        @Test func `a table is looked at part by part, and holds what stays`() throws {
            let table = table(
                size: 300, lifetime: .seconds(10), StickCounter(.tag), StickCounter(.connections),
                servers: known(["a"]))
            for number in 1...200 as ClosedRange<UInt32> {
                table.bind(key(number), to: Int(number % 7), now: 0)
            }
            let held = try #require(table.track(key(7), now: 5000))
            #expect(table.forget("0.0.0.7", now: 5000) == .held)
            #expect(table.forget("0.0.0.8", now: 5000) == .forgotten)
            #expect(table.forget("0.0.0.8", now: 5000) == .unknown)
            #expect(table.forget("::1", now: 5000) == .unknown)
            #expect(table.forget("x", now: 5000) == nil)
            #expect(table.set([(.tag, 0, 9)], of: "0.0.0.7", now: 5000) == true)
            var (place, entries): (Int?, [StickTableEntry]) = (0, [])
            while let start = place {
                let slice = table.slice(from: start, most: 99, now: 6000)
                entries += slice.entries
                place = slice.next
            }
            #expect(entries.map(\.key) == (1...200).filter { $0 != 8 }.map { "0.0.0.\($0)" })
            var seven = StickTableEntry(key: "0.0.0.7", holders: 1, counts: [9, 1])
            (seven.remaining, seven.server) = (10_000, "a")
            #expect(entries[6] == seven)
            #expect(entries[0].remaining == 4000)
            table.release(held, now: 9000)
            (seven.holders, seven.remaining, seven.counts) = (0, 9000, [9, 0])
            #expect(table.slice(from: 0, most: 99, now: 10_000).entries == [seven])
            #expect(table.slice(from: StickTablePlan.greatestSize, most: 99, now: 1).entries == [])
            _ = try #require(table.track(key(1), now: 10_000))
            #expect(table.forgetAll() > 0)
            #expect(table.count(now: 10_000) == 1)
            #expect(table.value(of: .connections, for: key(1), now: 10_000) == 1)
        }

        @Test func `what is set from outside leaves room for what is counted`() throws {
            let table = table(
                size: 2, StickCounter(.connections), StickCounter(.bytesInRate, over: .seconds(1)))
            let place = try #require(table.track(key(1), now: 1))
            // Another connection's, which is still there.
            let other = try #require(table.track(key(1), now: 1))
            #expect(table.set([(.connections, 0, 1)], of: "0.0.0.1", now: 1) == true)
            table.release(place, now: 2)
            table.release(other, now: 2)
            #expect(table.value(of: .connections, for: key(1), now: 2) == 0)
            #expect(table.set([(.bytesInRate, 0, .max)], of: "0.0.0.1", now: 1000) == true)
            table.add(1, to: .bytesIn, .bytesInRate, at: place, now: 2000)
            #expect(
                table.value(of: .bytesInRate, for: key(1), now: 2000) == 4_611_686_018_427_387_904)
        }

        @Test func `any number of places may be asked for`() {
            let table = table(size: 3)
            for number in 1...3 as ClosedRange<UInt32> {
                _ = table.track(key(number), now: 0)
            }
            let slice = table.slice(from: 1, most: .max, now: 0)
            #expect(slice.entries.map(\.key) == ["0.0.0.2", "0.0.0.3"] && slice.next == nil)
        }

        /// haproxy's `freq_ctr`: periods follow each other from the first event on.
        @Test func `a rate is what passed in this period, and the share of the one before`() {
            var meter = PeriodMeter()
            func rate(_ now: UInt64) -> UInt64 { meter.rate(over: 1000, now: now) }
            meter.note(10, over: 1000, now: 5500)
            #expect([5500, 6500, 6501, 7000, 7500, 7501].map(rate) == [10, 10, 9, 5, 0, 0])
            meter.note(4, over: 1000, now: 7000)
            #expect([7000, 7499, 7750].map(rate) == [9, 4, 3])
            // After two periods without anything it begins anew.
            meter.note(1, over: 1000, now: 20_000)
            #expect([20_000, 21_000, 21_500, 22_000, 22_001].map(rate) == [1, 1, 1, 1, 0])
        }
    }
}

/// Keys that are addresses.
extension StickTable {
    fileprivate func server(of end: IPEndpoint, now: UInt64) -> Int? {
        server(of: .address(end), now: now)
    }

    fileprivate func bind(_ end: IPEndpoint, to server: Int, now: UInt64) {
        bind(.address(end), to: server, now: now)
    }

    fileprivate func track(_ end: IPEndpoint, now: UInt64) -> Int32? {
        track(.address(end), now: now)
    }

    fileprivate func value(
        of quantity: StickQuantity, for end: IPEndpoint, now: UInt64
    ) -> Int? { value(of: quantity, for: .address(end), now: now) }
}

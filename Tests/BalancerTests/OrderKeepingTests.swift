import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// An order goes on where it stood when servers change.
    @Suite struct `Orders of servers that change` {
        /// Connections by number, `-a` and `+a` for a server that goes and comes, `a=2` for a weight.
        @Test(arguments: [
            ([1, 1], "-a 3 +a 4", "bbb baba"), ([1, 1], "a=0 3 a=2 6", "bbb baabaa"),
            ([1, 1, 1, 1], "2 -d +d 4", "ab cabd"),
            ([1, 1, 1], "4 -b 4 +b 9", "abca caca cabcabcab"),
        ])
        func `an order goes on as haproxy's does`(weights: [Int], script: String, order: String) {
            var trial = PoolTrial(.roundrobin, weights: weights) { _ in }
            var answers: [String] = []
            for word in script.split(separator: " ") {
                if let count = Int(word), !"+-".contains(word.first ?? "0") {
                    answers.append((0..<count).map { _ in trial.next() }.joined())
                    continue
                }
                let name = word.first.flatMap { "+-".contains($0) ? word.last : $0 }
                let server = Int(name?.asciiValue ?? 97) - 97
                if let weight = word.split(separator: "=").last.flatMap({ Int($0) }) {
                    _ = trial.pool.setWeight(weight, of: server, at: 0)
                } else {
                    _ = trial.pool.setHealth(word.first == "+", of: server, at: 0)
                }
            }
            #expect(answers.joined(separator: " ") == order)
        }

        @Test func `turns go on when a weight changes with each connection`() {
            var trial = PoolTrial(.roundrobin, weights: [4, 4, 4]) { _ in }
            var order = ""
            for step in 0..<30 {
                order += trial.next()
                _ = trial.pool.setWeight(step % 2 == 0 ? 3 : 4, of: step % 3, at: 0)
            }
            for name in "abc" { #expect((9...11).contains(order.count { $0 == name }), "\(order)") }
        }

        @Test func `one connection per step of a slow start is shared all the same`() {
            var trial = PoolTrial(.roundrobin, weights: [1, 1]) {
                $0.servers[1].slowStart = .seconds(60)
            }
            #expect(trial.next() == "a")
            _ = trial.pool.setHealth(false, of: 1, at: 0)
            _ = trial.pool.setHealth(true, of: 1, at: 0)
            var order = ""
            for second in 1...60 as ClosedRange<UInt64> {
                _ = trial.pool.warm(at: second * 1000)
                order += trial.next()
            }
            // Its share grows from nothing to a half: about a quarter of the connections.
            let (early, late) = (order.prefix(20), order.suffix(20))
            #expect((1...5).contains(early.count { $0 == "b" }), "\(order)")
            #expect((7...10).contains(late.count { $0 == "b" }), "\(order)")
        }

        @Test func `a server that comes back takes its next turn, and no others of the past`() {
            var trial = PoolTrial(.roundrobin, weights: [1, 1, 1]) { _ in }
            #expect((0..<4).map { _ in trial.next() }.joined() == "abca")
            _ = trial.pool.setHealth(false, of: 1, at: 0)
            #expect((0..<4).map { _ in trial.next() }.joined() == "caca")
            _ = trial.pool.setHealth(true, of: 1, at: 0)
            let order = (0..<9).map { _ in trial.next() }.joined()
            #expect(order.count { $0 == "b" } == 3, "\(order)")
            #expect(!order.contains("bb"))
        }

        @Test func `a round of static-rr goes on where it stood`() {
            var trial = PoolTrial(.staticRoundrobin, weights: [1, 1, 1, 1]) { _ in }
            #expect((0..<2).map { _ in trial.next() }.joined() == "ab")
            _ = trial.pool.setHealth(false, of: 3, at: 0)
            _ = trial.pool.setHealth(true, of: 3, at: 0)
            #expect((0..<4).map { _ in trial.next() }.joined() == "cdab")
        }

        @Test func `static-rr passes over full servers without walking past their places`() {
            // 32,257 places, all but one server's full.
            var trial = PoolTrial(
                .staticRoundrobin, weights: [1] + Array(repeating: 63, count: 512)
            ) {
                for index in $0.servers.indices where index != 0 {
                    $0.servers[index].connectionLimit = 1
                }
            }
            #expect((0..<2000).count { _ in trial.next() == "a" } >= 1488)
            let start = MonotonicInstant.now
            for _ in 0..<1000 { _ = trial.next() }
            // Walking would take 32 million steps.
            #expect(MonotonicInstant.now - start < .milliseconds(200))
        }

        @Test func `a change that changes nothing leaves the order alone`() {
            var trial = PoolTrial(.roundrobin, weights: [5, 1, 1]) { _ in }
            var order = ""
            for _ in 0..<14 {
                order += trial.next()
                _ = trial.pool.warm(at: 0)
            }
            #expect(order == "aaabaacaaabaac")
        }
    }

    @Suite struct `No client waits beside a server with room` {
        @Test func `random draws among those with room`() {
            // One of 64 servers has room: two draws of all would hardly ever find it.
            var trial = PoolTrial(.random(draws: 2), weights: Array(repeating: 1, count: 64)) {
                for index in $0.servers.indices { $0.servers[index].connectionLimit = 1 }
                $0.servers[40].connectionLimit = 20
            }
            let given = (0..<83).map { _ in trial.next() }
            #expect(!given.contains("-"))
            #expect(trial.next() == "-")
            #expect(trial.pool.servers[40].served == 20)
        }

        @Test(arguments: [
            PoolPlan.Algorithm.source, .hash(.source), .maglev, .roundrobin,
        ])
        func `who finds the line of his own server full goes to one with room`(
            algorithm: PoolPlan.Algorithm
        ) {
            var trial = PoolTrial(algorithm, weights: [1, 1]) {
                for index in 0..<2 {
                    $0.servers[index].connectionLimit = 1
                    $0.servers[index].queueLimit = 1
                }
            }
            // The same client again and again: its server, its line, the other server, then the
            // pool's line.
            let given = (0..<4).map { _ in trial.next() }
            if algorithm == .roundrobin {
                #expect(given == ["a", "b", "-", "-"])
            } else {
                #expect(given[1] == "-" && given[3] == "-")
                #expect(Set([given[0], given[2]]) == ["a", "b"])
            }
            #expect(trial.pool.waitingCount == 2)
        }

        /// As haproxy (fwlc_get_next_server of lb_fwlc.c), of the algorithms that need no key by this alone.
        @Test func `by the least load a server's own line is filled before the pool's`() {
            var trial = PoolTrial(.leastconn, weights: [1, 1]) {
                for index in 0..<2 {
                    $0.servers[index].connectionLimit = 1
                    $0.servers[index].queueLimit = 2
                }
            }
            #expect((0..<7).map { _ in trial.next() } == ["a", "b", "-", "-", "-", "-", "-"])
            #expect(trial.pool.servers.map(\.line.count) == [2, 2])
            #expect(trial.pool.waitingCount == 5)
        }

        @Test func `a slot that comes free goes to the earlier of two lines`() {
            var trial = PoolTrial(.source, weights: [1]) {
                $0.servers[0].connectionLimit = 1
                $0.servers[0].queueLimit = 1
            }
            let given = (0..<3).map { _ in trial.next() }
            #expect(given == ["a", "-", "-"])
            let notices = (0..<2).map { _ in trial.pool.giveBack(0, at: 0) }
            // Turn 1 stood in the server's line, turn 2 in the pool's.
            let turns = notices.map { notice -> UInt32 in
                guard case .serve(let waiter, 0) = notice else { return 0 }
                return waiter.turn.number
            }
            #expect(turns == [1, 2])
        }
    }

    @Suite struct `Keys whose server fails` {
        @Test func `maglev has one second choice on every node`() {
            let names = (0..<3).map { "server-\($0)" }
            let table = MaglevTable.places(of: [0, 1, 2], names: names, shares: [16, 16, 16])
            let turned = MaglevTable.places(
                of: [0, 1, 2], names: names.reversed(), shares: [16, 16, 16])
            var counts = [0, 0, 0]
            for key in 0..<3000 as Range<UInt32> {
                let hash = KeyHash.avalanche(key)
                let own = MaglevTable.server(of: hash, in: table, skipping: nil)
                let other = MaglevTable.server(of: hash, in: table, skipping: own)
                #expect(other != own)
                let there = MaglevTable.server(
                    of: hash, in: turned, skipping: own.map { 2 - $0 })
                #expect(other == there.map { 2 - $0 })
                if own == 0, let other { counts[other] += 1 }
            }
            // The keys of one server are shared by the two others.
            #expect(counts[1] > 400 && counts[2] > 400)
            let alone = MaglevTable.places(of: [1], names: names, shares: [0, 16, 0])
            #expect(MaglevTable.server(of: 7, in: alone, skipping: 1) == 1)
        }

        @Test(arguments: [
            (PoolPlan.Algorithm.maglev, false, PoolState.NextChoice.other),
            (.source, true, .other), (.hash(.source), true, .other), (.source, false, .byKey),
            (.hash(.source), false, .byKey),
        ])
        func `a key leaves its server where the table has another one for it`(
            algorithm: PoolPlan.Algorithm, isConsistent: Bool, choice: PoolState.NextChoice
        ) {
            let trial = PoolTrial(algorithm, weights: [1, 1]) {
                $0.hashType = HashType(isConsistent: isConsistent)
            }
            #expect(trial.pool.nextChoice(after: 0, mayLeave: true) == choice)
            #expect(trial.pool.nextChoice(after: 0, mayLeave: false) == .same)
            let alone = PoolTrial(algorithm, weights: [1]) {
                $0.hashType = HashType(isConsistent: isConsistent)
            }
            #expect(alone.pool.nextChoice(after: 0, mayLeave: true) == .same)
        }

        @Test(arguments: [
            (-1, [3]), (-2, [2]), (-3, [1, 2, 3]), (-9, [1, 2, 3]), (1, [1, 2, 3]), (2, [2]),
            (3, [3]), (4, []),
        ])
        func `redispatch says at which retries`(interval: Int, retries: [Int]) {
            var pool = PoolPlan(name: "p", servers: [], retries: 3)
            pool.redispatchInterval = interval
            let plan = BalancerPlan(
                frontends: [FrontendPlan(name: "f", poolIndex: 0)], pools: [pool])
            let route = Worker.Route(
                0, to: 0, in: plan, layout: TallyLayout(plan), countsArrivals: false)
            #expect((1...3).filter(route.mayLeave) == retries)
        }
    }
}

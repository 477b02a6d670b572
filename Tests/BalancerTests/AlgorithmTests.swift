import LinuxIO
import Testing

@testable import Balancer

/// Connections that all stay open are given to a pool one after the other.
struct PoolTrial {
    var pool: PoolState
    let key: ClientKey?

    init(
        _ algorithm: PoolPlan.Algorithm, weights: [Int], adjusting adjust: (inout PoolPlan) -> Void
    ) {
        var plan = PoolPlan(name: "p", algorithm: algorithm)
        plan.servers = weights.enumerated().map {
            ServerPlan(
                name: String(UnicodeScalar(UInt8(97 + $0 % 26))) + String($0),
                address: .init(address: 0, port: 1), weight: $1)
        }
        adjust(&plan)
        pool = PoolState(plan)
        key = ClientKey(plan)
    }

    /// Who gets a connection of a client's: a letter, `-` for a place in a line, `!` for nobody.
    mutating func next(_ client: UInt32 = 0x7f00_0001) -> String {
        next(IPEndpoint(ipv4: client, port: 0))
    }

    mutating func next(_ client: IPEndpoint) -> String {
        let waiter = Waiter(reactor: 0, connection: 0, generation: 1)
        let key = key?.value(of: .address(client))
        switch pool.enter(waiter, key: key, at: 0) {
        case .server(let server): return String(UnicodeScalar(UInt8(97 + server % 26)))
        case .waits, .isHeld: return "-"
        case .nobody, .queueIsFull: return "!"
        }
    }
}

private func order(
    _ algorithm: PoolPlan.Algorithm, weights: [Int] = [1, 1, 1], count: Int = 0,
    clients: [UInt32] = [], adjusting adjust: (inout PoolPlan) -> Void = { _ in }
) -> String {
    var trial = PoolTrial(algorithm, weights: weights, adjusting: adjust)
    let clients = clients.isEmpty ? Array(repeating: 0x7f00_0001, count: count) : clients
    return clients.map { trial.next($0) }.joined()
}

/// 60 addresses of 127.0.0.0/8, all octets varied.
private let scattered: [UInt32] = (1...60).map { (number: UInt32) in
    let (second, third): (UInt32, UInt32) = (number * 7 % 250, number * 13 % 250)
    return 0x7f00_0000 | second << 16 | third << 8 | (number + 1)
}

extension BalancerTests {
    /// The orders of the first three are what haproxy 2.6.12 does with the same weights and clients.
    @Suite struct `The algorithms` {
        @Test func `roundrobin and static-rr keep haproxy's order for uneven weights`() {
            #expect(order(.roundrobin, weights: [4, 2, 3], count: 18) == "acabcaacbacabcaacb")
            #expect(order(.roundrobin, weights: [1, 2, 5], count: 16) == "ccbccacbccbccacb")
            #expect(order(.roundrobin, weights: [5, 1, 1], count: 14) == "aaabaacaaabaac")
            #expect(
                order(.staticRoundrobin, weights: [4, 2, 3], count: 18) == "abcaacabcabcaacabc")
            #expect(order(.staticRoundrobin, weights: [1, 2, 5], count: 16) == "acbccbccacbccbcc")
            #expect(order(.staticRoundrobin, weights: [5, 1, 1], count: 14) == "aaabaacaaabaac")
        }

        @Test func `leastconn keeps haproxy's order of held connections`() {
            #expect(order(.leastconn, weights: [2, 1], count: 18) == "abaabaabaabaabaaba")
            #expect(
                order(.leastconn, weights: [3, 2, 1], count: 24) == "abcabaabacbaabacbaabacba")
        }

        @Test(arguments: [
            (HashType(), "bacbacbacbacbacbacbcbacbacbacbacbacbacacbacbacbacbacbacbabac"),
            (
                HashType(function: .djb2),
                "bcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabca"
            ),
            (
                HashType(function: .crc32),
                "babacbbbccbbbbcaaabccabbbcbabbbbacacbcaaccbbcbbabcabbcabacca"
            ),
            (
                HashType(function: .wt6),
                "cababcbcacaaaabbabbabcbbcbaabbabcbbacacaaaaaacbacbacabcacaaa"
            ),
            (
                HashType(function: .wt6, avalanches: true),
                "cbcccbcbccbbababccbaccabccbcacccaaaabaccbcbbabccaabcaabaacab"
            ),
            (
                HashType(isConsistent: true, function: .wt6, avalanches: true),
                "acaabbaabbccbacacaabcbaaaabcbabbabccacbcabaccbbbbbabcccaabab"
            ),
            (
                HashType(isConsistent: true, avalanches: false),
                "baacaaabcaaabcaccccaaaabccaabbbabbccbaacaaabcaaaccaccccaaabb"
            ),
            (
                HashType(isConsistent: true, function: .wt6, avalanches: false),
                "cbabbaaaccacbcccaabbbaccaabcbcbbacacaabcbccccaabacaabccaaaaa"
            ),
        ])
        func `hash src leads where haproxy's does`(type: HashType, expected: String) {
            #expect(order(.hash(.source), clients: scattered) { $0.hashType = type } == expected)
        }

        /// 2001:db8:7::d:1 and so on, as haproxy 2.6.12 spreads them over three servers.
        @Test(arguments: [
            (PoolPlan.Algorithm.hash(.source), HashType(), "abcacabcababcabcbcababcabcbcab"),
            (.hash(.source), HashType(function: .djb2), "bbcccaaabbbcccaabbbcccaaabbbcc"),
            (.hash(.source), HashType(function: .crc32), "bbccbbbcbacbccaacccababbcabccc"),
            (.hash(.destination), HashType(function: .crc32), "bbccbbbcbacbccaacccababbcabccc"),
            (.hash(.source), HashType(isConsistent: true), "baacccaccbbcbccaaaabbacbaababb"),
            (.source, HashType(), "babbaabcaacabcacbbbbccaabcbbaa"),
            (.source, HashType(isConsistent: true), "babcabcbcabcbaacacccbcaaccaabc"),
        ])
        func `addresses of IPv6 lead where haproxy's do`(
            algorithm: PoolPlan.Algorithm, type: HashType, expected: String
        ) {
            var trial = PoolTrial(algorithm, weights: [1, 1, 1]) { $0.hashType = type }
            let given = (1...30 as ClosedRange<UInt64>).map { number in
                let high = 0x2001_0db8_0000_0000 | (number * 7 % 250) << 16
                let client = IPEndpoint(high: high, low: number * 13 << 16 | number, port: 0)
                return trial.next(client)
            }
            #expect(given.joined() == expected)
        }

        @Test func `source leads where haproxy's does, on a map and on a circle`() {
            #expect(
                order(.source, clients: scattered) { $0.hashType.avalanches = true }
                    == "cbbabaacbcaabacbbbbaabbcbbcacccbcccbcacacbccbaaabcabbacbbcac")
            #expect(
                order(.source, clients: scattered) { $0.hashType = HashType(isConsistent: true) }
                    == "abccbbcacaaabaabcbcababaaaaccabbcbaccbccbccbcbcccaabcacaacbc")
            #expect(
                order(.hash(.source), weights: [2, 1, 1], clients: scattered) {
                    $0.hashType = HashType(isConsistent: true)
                } == "caacacccaaaaaabaaacacacbbaacbcbccbaccaaaaabcbcaaaaaabaaacacc")
        }

        /// Who gets each client, by the servers' last octets, where they stand in an order.
        private func owners(
            _ octets: [UInt32], by key: ServerHashKey, isByName: Bool = false
        ) -> [UInt32] {
            let letters = order(.source, clients: scattered) { plan in
                plan.hashType = HashType(isConsistent: true)
                for (index, octet) in octets.enumerated() {
                    plan.servers[index].address = .ipv4(
                        SocketAddress(address: 0x0a00_0000 | octet % 10, port: UInt16(80 + octet)))
                    plan.servers[index].guid = "web-\(octet)"
                    plan.servers[index].hashKey = key
                    plan.servers[index].isByName = isByName
                }
            }
            return letters.unicodeScalars.map { octets[Int($0.value) - 97] }
        }

        @Test(arguments: [ServerHashKey.address, .addressAndPort, .guid])
        func `by hash-key a client keeps its server, whatever the order of the file`(
            key: ServerHashKey
        ) {
            let given = owners([1, 2, 3], by: key)
            #expect(Set(given) == [1, 2, 3])
            #expect(owners([3, 1, 2], by: key) == given)
            // By position, which haproxy's numbers are, it does not.
            #expect(owners([3, 1, 2], by: .number) != owners([1, 2, 3], by: .number))
        }

        @Test func `what a server has not is its number instead`() {
            #expect(
                owners([1, 2, 3], by: .address, isByName: true) == owners([1, 2, 3], by: .number))
            // One address with two ports: told apart by these alone.
            #expect(owners([1, 11, 2], by: .addressAndPort).contains(1))
            #expect(owners([1, 11, 2], by: .addressAndPort).contains(11))
        }

        @Test func `of numbers all 32 bits count where that is asked for`() {
            func given(by key: ServerHashKey) -> String {
                order(.source, clients: scattered) { plan in
                    plan.hashType = HashType(isConsistent: true)
                    for (index, number) in [1, 1 + 1 << 20, 1 + 2 << 20].enumerated() {
                        plan.servers[index].number = number
                        plan.servers[index].hashKey = key
                    }
                }
            }
            // Three servers at the same places: the one in the middle is nobody's neighbour.
            #expect(Set(given(by: .number)) == ["a", "c"])
            #expect(Set(given(by: .wholeNumber)) == ["a", "b", "c"])
        }

        @Test func `hash-balance-factor bounds what one client's server gets, as haproxy does`() {
            let one = [UInt32](repeating: 0x7f00_0009, count: 30)
            #expect(
                order(.source, clients: one) {
                    $0.hashType = HashType(isConsistent: true)
                    $0.balanceFactor = 150
                } == "accacacacacacacacacacacacacaca")
        }

        @Test(arguments: [
            // Who has no place in the line of its own goes to the least loaded.
            (PoolPlan.Affinity.always, Int?.none, "aa-------"), (.always, 1, "aa-bcbc--"),
            (.whileRoom, nil, "aaccbb---"), (.whileRoom, 1, "aaccbb---"),
            (.whilePlace, nil, "aa-------"), (.whilePlace, 1, "aa-cc-bb-"),
        ])
        func `hash-preserve-affinity says when a client goes on to the next on the circle`(
            affinity: PoolPlan.Affinity, queueLimit: Int?, given: String
        ) {
            let one = [UInt32](repeating: 0x7f00_0009, count: 9)
            #expect(
                order(.source, clients: one) { plan in
                    plan.hashType = HashType(isConsistent: true)
                    plan.affinity = affinity
                    for index in plan.servers.indices {
                        plan.servers[index].connectionLimit = 2
                        plan.servers[index].queueLimit = queueLimit
                    }
                } == given)
        }

        @Test func `where all are full a client waits for its own`() {
            var trial = PoolTrial(.source, weights: [1, 1, 1]) { plan in
                plan.hashType = HashType(isConsistent: true)
                plan.affinity = .whileRoom
                for index in plan.servers.indices { plan.servers[index].connectionLimit = 1 }
            }
            #expect((0..<4).map { _ in trial.next(0x7f00_0009) }.joined() == "acb-")
            let waiter = Waiter(reactor: 0, connection: 0, generation: 2)
            let key = trial.key?.value(of: .address(IPEndpoint(ipv4: 0x7f00_0009, port: 0)))
            #expect(trial.pool.enter(waiter, key: key, at: 0).server == 0)
        }

        @Test func `first fills one server after the other`() {
            let order = order(.first, count: 6) { plan in
                for index in plan.servers.indices { plan.servers[index].connectionLimit = 2 }
            }
            #expect(order == "aabbcc")
        }

        @Test func `every algorithm passes over full servers, and waits when all are`() {
            for algorithm: PoolPlan.Algorithm in [
                .roundrobin, .staticRoundrobin, .leastconn, .first, .random(draws: 2),
            ] {
                var trial = PoolTrial(algorithm, weights: [1, 1, 1]) { plan in
                    plan.servers[0].connectionLimit = 2
                    plan.servers[1].connectionLimit = 1
                    plan.servers[2].connectionLimit = 4
                }
                let given = (0..<64).map { _ in trial.next() }.filter { $0 != "-" }.sorted()
                #expect(given.joined() == "aabcccc")
            }
        }

        @Test func `a server that was full takes its turns again, without making up for lost ones`()
        {
            var trial = PoolTrial(.roundrobin, weights: [1, 1]) {
                $0.servers[0].connectionLimit = 1
            }
            #expect((0..<6).map { _ in trial.next() }.joined() == "abbbbb")
            #expect(trial.pool.giveBack(0, at: 0) == nil)
            #expect((0..<3).map { _ in trial.next() }.joined() == "abb")
        }

        @Test func `random spreads by weight, and more evenly with two draws`() {
            let one = order(.random(draws: 1), weights: [3, 1], count: 4000)
            #expect((2800...3200).contains(one.count { $0 == "a" }))
            let two = order(.random(draws: 2), weights: [3, 1], count: 4000)
            #expect((2990...3010).contains(two.count { $0 == "a" }))
        }

        @Test func `a hash map holds each server as often as its weight, in the order of turns`() {
            #expect(TurnMap.round(of: [0, 1, 2], shares: [80, 16, 16]) == [0, 0, 0, 1, 0, 0, 2])
            #expect(TurnMap.round(of: [1], shares: [0, 32]) == [1])
            #expect(TurnMap.round(of: [], shares: [0, 32]) == [])
        }

        @Test func `a maglev table is the same on every node, whatever the order of the file`() {
            let names = (0..<10).map { "server-\($0)" }
            let shares = [Int](repeating: 16, count: 10)
            let table = MaglevTable.places(of: Array(0..<10), names: names, shares: shares)
            let turned = MaglevTable.places(
                of: Array(0..<10), names: names.reversed(), shares: shares)
            #expect(table.map { names[Int($0)] } == turned.map { names[9 - Int($0)] })
            #expect(table[..<6].map { names[Int($0)].last } == ["0", "1", "8", "7", "5", "3"])
        }

        @Test func `a server that leaves a maglev table moves few keys of the others`() {
            let names = (0..<10).map { "server-\($0)" }
            let shares = [Int](repeating: 16, count: 10)
            let table = MaglevTable.places(of: Array(0..<10), names: names, shares: shares)
            let rest = MaglevTable.places(of: Array(0..<9), names: names, shares: shares)
            let counts = (0..<10).map { server in table.count { $0 == UInt16(server) } }
            #expect(counts.allSatisfy { (6_400...6_700).contains($0) })
            let moved = zip(table, rest).count { $0 != $1 && $0 != 9 }
            #expect(moved < 65_537 / 10)
        }

        @Test func `a circle moves the keys of the server that leaves, and no others`() {
            var trial = PoolTrial(.hash(.source), weights: [1, 1, 1]) {
                $0.hashType = HashType(isConsistent: true)
            }
            let before = scattered.map { trial.next($0) }
            _ = trial.pool.setHealth(false, of: 1, at: 0)
            let after = scattered.map { trial.next($0) }
            #expect(zip(before, after).allSatisfy { $0 == $1 || $0 == "b" })
            #expect(!after.contains("b"))
        }

        @Test func `4,096 servers cost a choice little more than 16 do`() {
            for algorithm: PoolPlan.Algorithm in [
                .roundrobin, .staticRoundrobin, .leastconn, .first, .source, .random(draws: 2),
                .maglev,
            ] {
                let few = timeOfChoices(algorithm, servers: 16)
                let many = timeOfChoices(algorithm, servers: 4096)
                // 256 times as many; the rest is a busy machine's.
                #expect(many < few * 24, "\(algorithm): \(few) and \(many)")
            }
        }

        /// The least of five times that 2,000 connections and their ends take.
        private func timeOfChoices(_ algorithm: PoolPlan.Algorithm, servers: Int) -> Duration {
            var trial = PoolTrial(algorithm, weights: Array(repeating: 1, count: servers)) {
                $0.servers[0].connectionLimit = 1
            }
            let waiter = Waiter(reactor: 0, connection: 0, generation: 1)
            let times = (0..<5).map { _ in
                let start = MonotonicInstant.now
                for client in 0..<2000 {
                    let choice = trial.pool.enter(waiter, key: UInt32(client), at: 0)
                    trial.pool.leave()
                    if case .server(let server) = choice, client % 2 == 0 {
                        _ = trial.pool.giveBack(server, at: 0)
                    }
                }
                return MonotonicInstant.now - start
            }
            return times.min() ?? .zero
        }
    }

    @Suite struct `Backups` {
        @Test func `one serves when no other can; all, where that is asked for`() {
            let plan: (BackupUse) -> (inout PoolPlan) -> Void = { use in
                { plan in
                    plan.backupUse = use
                    plan.servers[2].isBackup = true
                    plan.servers[3].isBackup = true
                }
            }
            for (use, ordinary, oneDown, allDown): (BackupUse, String, String, String) in [
                (.first, "abab", "bbbb", "cccc"), (.all, "abab", "bbbb", "cdcd"),
                (.onePerFailure, "abab", "bcbc", "cdcd"),
            ] {
                var trial = PoolTrial(.roundrobin, weights: [1, 1, 1, 1], adjusting: plan(use))
                #expect((0..<4).map { _ in trial.next() }.joined() == ordinary)
                _ = trial.pool.setHealth(false, of: 0, at: 0)
                #expect((0..<4).map { _ in trial.next() }.joined() == oneDown)
                _ = trial.pool.setHealth(false, of: 1, at: 0)
                #expect((0..<4).map { _ in trial.next() }.joined() == allDown)
                _ = trial.pool.setHealth(true, of: 0, at: 0)
                _ = trial.pool.setHealth(true, of: 1, at: 0)
                #expect((0..<4).map { _ in trial.next() }.joined() == ordinary)
            }
        }
    }

    @Suite struct `Slow start` {
        @Test func `share and limit grow in line with the time since the server came up`() {
            var trial = PoolTrial(.roundrobin, weights: [4, 4]) {
                $0.servers[1].slowStart = .seconds(20)
                $0.servers[1].connectionLimit = 100
            }
            // Not at the start of the process.
            #expect(trial.pool.servers[1].share == 64)
            _ = trial.pool.setHealth(false, of: 1, at: 1_000)
            _ = trial.pool.setHealth(true, of: 1, at: 10_000)
            #expect(trial.pool.isWarming && trial.pool.warmingStep == 1000)
            #expect(trial.pool.servers[1].share == 1 && trial.pool.servers[1].limit == 1)
            _ = trial.pool.warm(at: 15_000)
            #expect(trial.pool.servers[1].share == 16 && trial.pool.servers[1].limit == 25)
            #expect((0..<10).map { _ in trial.next() }.joined().count { $0 == "b" } == 2)
            _ = trial.pool.warm(at: 30_000)
            #expect(trial.pool.servers[1].share == 64 && trial.pool.servers[1].limit == 100)
            #expect(!trial.pool.isWarming)
        }

        @Test func `a server that is found well for the first time takes its full share`() {
            var trial = PoolTrial(.roundrobin, weights: [4]) {
                $0.servers[0].slowStart = .seconds(20)
                $0.servers[0].connectionLimit = 100
            }
            _ = trial.pool.setHealth(false, of: 0, at: 0)
            _ = trial.pool.setHealth(true, of: 0, warmsUp: false, at: 10)
            #expect(trial.pool.servers[0].share == 64 && trial.pool.servers[0].limit == 100)
        }

        @Test func `an algorithm without turns lets only the limit grow`() {
            var trial = PoolTrial(.maglev, weights: [4, 4]) {
                $0.servers[1].slowStart = .seconds(20)
                $0.servers[1].connectionLimit = 100
            }
            _ = trial.pool.setHealth(false, of: 1, at: 0)
            _ = trial.pool.setHealth(true, of: 1, at: 0)
            _ = trial.pool.warm(at: 10_000)
            #expect(trial.pool.servers[1].share == 64 && trial.pool.servers[1].limit == 50)
        }
    }
}

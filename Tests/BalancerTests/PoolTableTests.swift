import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Pools that something of a connection names` {
        @Test func `of many texts each is found, and no other`() {
            var random = SystemRandomNumberGenerator()
            let texts = (0..<2_000).map { _ in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    UInt8.random(in: 0x61...0x63, using: &random)
                }
            }
            let table = TextTable(texts)
            for length in 0...7 {
                for _ in 0..<300 {
                    let text = (0..<length).map { _ in UInt8.random(in: 0x61...0x64) }
                    #expect(table.position(of: text.span) == texts.firstIndex(of: text))
                }
            }
            #expect(TextTable().position(of: [0x61].span) == nil)
        }

        @Test func `of several beginnings the longest counts`() {
            let texts = ["b", "ab", "abab", "ab", "aba"].map { Array($0.utf8) }
            let table = TextTable(texts)
            for (text, place) in [
                ("ababab", 2), ("abab", 2), ("abac", 4), ("abb", 1), ("a", nil), ("", nil),
                ("ba", 0), ("cab", nil),
            ] {
                #expect(table.longestBeginning(of: Array(text.utf8).span) == place, "\(text)")
            }
            #expect(TextTable([[]]).longestBeginning(of: [0x61].span) == 0)
            #expect(TextTable().longestBeginning(of: [0x61].span) == nil)
        }

        @Test func `each kind of key has its pool, and what has none another`() {
            var table = PoolTable(
                .destinationPort,
                [
                    (TextPattern(.exact, "443"), 3), (TextPattern(.exact, "4294967295"), 4),
                    (TextPattern(.exact, "0"), nil), (TextPattern(.end, "80"), 5),
                    (TextPattern(.part, "8"), 6),
                ])
            (table.other, table.absent) = (7, 8)
            #expect(table.pool(for: .number(443)) == 3)
            #expect(table.pool(for: .number(.max)) == 4)
            #expect(table.pool(for: .number(0)) == nil)
            #expect(table.pool(for: .number(8080)) == 5)
            #expect(table.pool(for: .number(8081)) == 6)
            #expect(table.pool(for: .number(44)) == 7)
            #expect(table.pool(for: .none) == 8)
            #expect(table.poolIndices == [3, 4, 5, 6, 7, 8])
            let moved = table.mapped { $0 * 10 }
            #expect(moved.pool(for: .number(443)) == 30 && moved.pool(for: .none) == 80)
            #expect(moved.pool(for: .number(0)) == nil && moved.pool(for: .number(44)) == 70)
        }

        @Test func `whole texts hold before beginnings, and of two that are equal the first`() {
            let table = PoolTable(
                .serverName,
                [
                    (TextPattern(.beginning, "ab"), 1), (TextPattern(.exact, "ab"), 2),
                    (TextPattern(.exact, "ab"), 3), (TextPattern(.beginning, "ab"), 4),
                ])
            func pool(_ table: PoolTable, _ text: String) -> Int? {
                let bytes = Array(text.utf8)
                return table.pool(for: .bytes(bytes.span))
            }
            #expect(pool(table, "ab") == 2 && pool(table, "abc") == 1)
            let moved = table.mapped { $0 * 10 }
            #expect(pool(moved, "ab") == 20 && pool(moved, "abc") == 10)
            let end = IPEndpoint(ipv4: 0xc000_0201, port: 0)
            let network = PrefixTable.Prefix(end, length: 24)
            var networks = PoolTable(.source, networks: [(network, 5), (network, 6)])
            (networks.other, networks.absent) = (7, 8)
            #expect(networks.pool(for: .address(end)) == 5)
            #expect(
                networks.pool(for: .address(IPEndpoint(ipv4: 0xc000_0301, port: 0))) == 7)
            #expect(networks.pool(for: .address(.none)) == 8)
        }

        @Test(arguments: [1, 2]) func `clients come to the pool of the name that they ask for`(
            reactors: Int
        ) throws {
            let servers = try ["default", "shop", "other"].map { name in
                try AnsweringServer { _, _ in name }
            }
            func answers(_ table: PoolTable, refusesOthers: Bool = false) throws -> [String] {
                let running = try FamilyBalancer(pools: servers.map { [.at($0.address)] }) {
                    $0.reactorCount = reactors
                    $0.frontends[0].rules.inspectDelay = .milliseconds(200)
                    $0.frontends[0].rules.pools = [PoolRule(.table(table)), PoolRule(2)]
                    $0.frontends[0].rules.refusesOthers = refusesOthers
                }
                return [opensslHello, Array("no TLS".utf8), []].map { said in
                    let client = running.connect()
                    // In two parts, of which the first tells nothing.
                    client.send(Array(said.prefix(4)))
                    Thread.sleep(for: .milliseconds(10))
                    client.send(Array(said.dropFirst(4)))
                    return client.receiveAll().text
                }
            }
            var table = PoolTable(
                .serverName, [(TextPattern(.exact, "shop.example.org"), 1)])
            table.absent = 2
            #expect(try answers(table) == ["shop", "other", "other"])
            table = PoolTable(
                .serverName, [(TextPattern(.exact, "shop.example"), 1)])
            #expect(try answers(table) == ["default", "default", "default"])
            #expect(try answers(table, refusesOthers: true) == ["", "", ""])
        }
    }
}

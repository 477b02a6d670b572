import LinuxIO
import Reactor
import Testing

@testable import Balancer

/// Tables that had keys before they had peers.
@Suite struct `A table that is shared later` {
    private func key(_ number: UInt32) -> IPEndpoint { IPEndpoint(ipv4: number, port: 1) }

    @Test func `orders 1,000 entries at a time, whatever becomes of others meanwhile`() throws {
        var plan = StickTablePlan(name: "t", size: 3000)
        plan.keys = .ipv4
        let table = StickTable(plan)
        func use(_ number: UInt32) { table.bind(.address(key(number)), to: 0, now: 1) }
        for number in 0..<2500 as Range<UInt32> { use(number) }
        let bell = PeerBell(try Waker())
        func order() -> Bool { table.withEntries { $0.orderChanges(bell, atOnce: 1000) } }
        #expect(order())
        // Of those that are ordered and of others one goes and one changes, and new ones take their places.
        for place in [10, 2000] as [Int32] {
            let isGone = table.withEntries { $0.remove(place) }
            #expect(isGone)
        }
        for number in [20, 2020, 3000, 3001, 3002] as [UInt32] { use(number) }
        #expect((order(), order(), order()) == (true, false, false))
        let mark = try #require(table.openMark())
        func told() -> [UInt32] {
            var keys: [UInt32] = []
            while case let entries = table.changes(behind: mark, through: .max, now: 1).entries,
                !entries.isEmpty
            {
                keys += entries.map { $0.key.reduce(0) { $0 << 8 | UInt32($1) } }
            }
            return keys
        }
        let expected = Set(0..<2500 as Range<UInt32>).subtracting([10, 2000])
            .union([3000, 3001, 3002])
        #expect(told().sorted() == expected.sorted())
        for number in [2020, 3001, 7] as [UInt32] { use(number) }
        #expect(told() == [2020, 3001, 7])
    }
}

import Glibc
import LinuxIO
import Reactor
import Testing
import VRRPTestKit

@testable import Balancer

@Suite struct `The order of changes` {
    private func told(
        _ order: inout ChangeOrder, _ mark: Int, through end: UInt64 = .max
    ) -> [Int32] {
        var places: [Int32] = []
        while let next = order.advance(mark, through: end) { places.append(next.place) }
        return places
    }

    private let bell: PeerBell

    init() throws { bell = PeerBell(try Waker()) }

    private func order(of count: Int32 = 0) -> ChangeOrder {
        var order = ChangeOrder(size: 8, bell: bell)
        for place in 0..<count { order.add(place) }
        return order
    }

    private func openMark(_ order: inout ChangeOrder) throws -> Int {
        let mark = order.openMark()
        return try #require(mark)
    }

    private func moveBack(
        _ order: inout ChangeOrder, _ mark: Int, to change: UInt64, _ steps: Int = 99
    ) -> Bool {
        order.moveBack(mark, to: change, steps: steps)
    }

    @Test func `each change is told once, the latest last`() throws {
        var order = order()
        let mark = try openMark(&order)
        for place in 0..<3 as Range<Int32> {
            order.add(place)
            order.note(place)
        }
        #expect(told(&order, mark) == [0, 1, 2])
        order.note(0)
        order.note(2)
        order.note(0)
        #expect(told(&order, mark) == [0, 2], "the second change of 0 is told with its first one")
        let last = order.lastChange
        #expect(last == 5)
        #expect(told(&order, mark) == [])
        order.note(0)
        order.remove(0)
        #expect(told(&order, mark) == [])
    }

    @Test func `what was learned is told to who wants all alone`() throws {
        var order = order()
        let mark = try openMark(&order)
        order.add(3)
        order.add(4)
        #expect(told(&order, mark) == [])
        order.note(4)
        #expect(told(&order, mark) == [4])
        order.moveToStart(mark)
        #expect(told(&order, mark) == [3, 4])
        order.note(3)
        order.moveToStart(mark)
        #expect(told(&order, mark, through: 1) == [4], "up to the change before")
        #expect(told(&order, mark) == [3])
    }

    @Test func `each peer has its own place, and goes back to what it has for sure`() throws {
        var order = order()
        let (first, second) = (try openMark(&order), try openMark(&order))
        for place in 0..<5 as Range<Int32> {
            order.add(place)
            order.note(place)
        }
        #expect(told(&order, first, through: 3) == [0, 1, 2])
        #expect(told(&order, second) == [0, 1, 2, 3, 4])
        #expect(told(&order, first) == [3, 4])
        #expect(moveBack(&order, first, to: 2))
        #expect(told(&order, first) == [2, 3, 4])
        // In steps.
        #expect(!moveBack(&order, second, to: 0, 2))
        #expect(!moveBack(&order, second, to: 0, 2))
        #expect(moveBack(&order, second, to: 0, 9))
        #expect(told(&order, second) == [0, 1, 2, 3, 4])
        order.closeMark(first)
        #expect(try openMark(&order) == first)
        #expect(told(&order, first) == [0, 1, 2, 3, 4])
    }

    @Test func `a bell that is armed rings once`() throws {
        var order = order(of: 5)
        func hasRung() -> Bool {
            var wanted = pollfd(
                fd: bell.waker.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            let result = poll(&wanted, 1, 0)
            bell.waker.reset()
            return result == 1
        }
        order.note(0)
        #expect(!hasRung())
        order.arm()
        #expect(!hasRung())
        order.note(1)
        #expect(hasRung())
        order.note(2)
        #expect(!hasRung())
    }

    @Test func `there are as many marks as peers can be`() throws {
        var order = order(of: 5)
        for _ in 0..<64 { _ = try openMark(&order) }
        let further = order.openMark()
        #expect(further == nil)
    }

    /// Against a list that is kept the plain way.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `nothing is lost, whatever comes after what`(seed: UInt64) throws {
        var numbers = SeededGenerator(seed: seed)
        var order = order()
        let marks = [try openMark(&order), try openMark(&order)]
        var untold: [Set<Int32>] = [[], []]
        var present: Set<Int32> = []
        for _ in 0..<2000 {
            let place = Int32.random(in: 0..<8, using: &numbers)
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0 where present.contains(place):
                order.remove(place)
                present.remove(place)
                for index in untold.indices { untold[index].remove(place) }
            case 1..<7:
                if present.insert(place).inserted { order.add(place) }
                order.note(place)
                for index in untold.indices { untold[index].insert(place) }
            case 7:
                let index = Int.random(in: 0...1, using: &numbers)
                order.moveToStart(marks[index])
                #expect(Set(told(&order, marks[index])) == present)
                untold[index] = []
            default:
                let index = Int.random(in: 0...1, using: &numbers)
                let places = told(&order, marks[index])
                #expect(Set(places) == untold[index])
                #expect(places.count == untold[index].count)
                untold[index] = []
            }
        }
    }
}

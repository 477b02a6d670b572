import LinuxIO
import Reactor
import Testing

@Suite struct `A deadline queue` {
    @Test func `gives what is due, earliest first, equals in the order of setting`() {
        var queue = DeadlineQueue<String>()
        _ = queue.insert("c", at: at(30))
        _ = queue.insert("a", at: at(10))
        _ = queue.insert("b1", at: at(20))
        _ = queue.insert("b2", at: at(20))
        #expect(queue.earliest == at(10))
        #expect(queue.popDue(at: at(9)) == nil)
        #expect(queue.popDue(at: at(20)) == "a")
        #expect(queue.popDue(at: at(20)) == "b1")
        #expect(queue.popDue(at: at(20)) == "b2")
        #expect(queue.popDue(at: at(20)) == nil)
        #expect(queue.popDue(at: at(30)) == "c")
        #expect(queue.earliest == nil)
    }

    @Test func `forgets what is withdrawn, and only that`() {
        var queue = DeadlineQueue<Int>()
        let entries = (0..<100).map { queue.insert($0, at: at(Int64($0 * 37 % 100))) }
        for index in stride(from: 0, to: 100, by: 3) { queue.remove(entries[index]) }
        queue.remove(entries[0])
        var popped: [Int] = []
        while let number = queue.popDue(at: at(1000)) { popped.append(number) }
        let expected = (0..<100).filter { $0 % 3 != 0 }.sorted { $0 * 37 % 100 < $1 * 37 % 100 }
        #expect(popped == expected)
    }

    @Test func `an entry that was given back names no later one in its place`() {
        var queue = DeadlineQueue<String>()
        let old = queue.insert("old", at: at(1))
        #expect(queue.popDue(at: at(1)) == "old")
        _ = queue.insert("new", at: at(2))
        queue.remove(old)
        #expect(queue.popDue(at: at(2)) == "new")
    }

    /// The slots and the heap change places all the time; a sorted list says what must come out.
    @Test func `agrees with a sorted list after thousands of changes`() {
        var seed: UInt64 = 1
        func next(_ bound: UInt64) -> UInt64 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (seed >> 33) % bound
        }
        var queue = DeadlineQueue<Int>()
        var expected: [(due: Int64, number: Int, entry: DeadlineQueue<Int>.Entry)] = []
        for number in 0..<5000 {
            let due = Int64(next(200))
            expected.append((due, number, queue.insert(number, at: at(due))))
            if next(3) == 0 {
                let index = Int(next(UInt64(expected.count)))
                queue.remove(expected.remove(at: index).entry)
            }
            if next(5) == 0, !expected.isEmpty {
                expected.sort { ($0.due, $0.number) < ($1.due, $1.number) }
                #expect(queue.popDue(at: at(200)) == expected.removeFirst().number)
            }
        }
        expected.sort { ($0.due, $0.number) < ($1.due, $1.number) }
        #expect(expected.map { _ in queue.popDue(at: at(200)) } == expected.map(\.number))
        #expect(queue.earliest == nil)
    }

    private func at(_ nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds)
    }
}

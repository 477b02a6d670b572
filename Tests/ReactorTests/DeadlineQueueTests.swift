import LinuxIO
import Reactor
import Testing

private func at(_ nanoseconds: Int64) -> MonotonicInstant {
    MonotonicInstant(nanoseconds: nanoseconds)
}

@Suite struct `A queue of deadlines` {
    @Test func `gives back what is due, the earliest first`() {
        var queue = DeadlineQueue<String>()
        _ = queue.insert("third", at: at(30))
        _ = queue.insert("first", at: at(10))
        _ = queue.insert("second", at: at(20))
        #expect(queue.earliest == at(10))
        #expect(queue.popDue(at: at(9)) == nil)
        #expect(queue.popDue(at: at(20)) == "first")
        #expect(queue.popDue(at: at(20)) == "second")
        #expect(queue.popDue(at: at(20)) == nil)
        #expect(queue.popDue(at: at(30)) == "third")
        #expect(queue.earliest == nil)
    }

    @Test func `gives equal deadlines back in the order in which they were set`() {
        var queue = DeadlineQueue<Int>()
        for number in 0..<9 { _ = queue.insert(number, at: at(5)) }
        #expect((0..<9).map { _ in queue.popDue(at: at(5)) } == [0, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test func `never gives back what was withdrawn`() {
        var queue = DeadlineQueue<Int>()
        let entries = (0..<9).map { queue.insert($0, at: at(Int64($0))) }
        for index in [0, 4, 8] { queue.remove(entries[index]) }
        #expect((0..<7).map { _ in queue.popDue(at: at(9)) } == [1, 2, 3, 5, 6, 7, nil])
    }

    @Test func `an entry that was given back names no later one in its place`() {
        var queue = DeadlineQueue<String>()
        let old = queue.insert("old", at: at(1))
        #expect(queue.popDue(at: at(1)) == "old")
        _ = queue.insert("new", at: at(2))
        queue.remove(old)
        #expect(queue.popDue(at: at(2)) == "new")
    }

    @Test func `an entry that was withdrawn twice takes nothing else along`() {
        var queue = DeadlineQueue<String>()
        let gone = queue.insert("gone", at: at(1))
        _ = queue.insert("kept", at: at(2))
        queue.remove(gone)
        queue.remove(gone)
        #expect(queue.popDue(at: at(2)) == "kept")
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
}

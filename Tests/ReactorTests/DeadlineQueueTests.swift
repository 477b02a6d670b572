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

    private func at(_ nanoseconds: Int64) -> MonotonicInstant {
        MonotonicInstant(nanoseconds: nanoseconds)
    }
}

import LinuxIO
import Reactor
import Testing

/// What was called, in order; handlers run on the thread of the test.
private final class Journal {
    var entries: [String] = []
}

@Suite struct `An event loop` {
    @Test func `handles more than one call can fetch before a deadline that has passed`() throws {
        let loop = try EventLoop()
        let journal = Journal()
        var sockets: [Int32] = []
        defer { sockets.forEach(StreamSocket.close) }
        for _ in 0..<200 {
            let (one, other) = try Socket.pair()
            sockets.append(one)
            // The end of the stream is there to be read, for as long as nobody closes this end.
            StreamSocket.close(other)
            try loop.watch(one, for: .readable) { _ in journal.entries.append("ready \(one)") }
        }
        loop.schedule(at: .now) { journal.entries.append("due") }
        loop.turn()
        let position = try #require(journal.entries.firstIndex(of: "due"))
        #expect(Set(journal.entries[..<position]).count == 200)
    }

    @Test func `handles what became ready after the wait before a deadline that has passed`()
        throws
    {
        let loop = try EventLoop()
        let journal = Journal()
        let first = try Waker()
        let second = try Waker()
        try loop.watch(first.descriptor.rawValue, for: .readable) { _ in
            journal.entries.append("first")
            first.reset()
            // As a packet that comes while the thread is held up, with the deadline past already.
            second.wake()
        }
        try loop.watch(second.descriptor.rawValue, for: .readable) { _ in
            journal.entries.append("second")
            second.reset()
        }
        first.wake()
        loop.schedule(at: .now) { journal.entries.append("due") }
        loop.turn()
        #expect(journal.entries == ["first", "second", "due"])
    }

    @Test func `a descriptor that is always ready does not keep a deadline from its turn`() throws {
        let loop = try EventLoop()
        var isDue = false
        let wakers = [try Socket.pair(), try Socket.pair()]
        for (one, other) in wakers {
            StreamSocket.close(other)
            try loop.watch(one, for: .readable) { _ in }
        }
        loop.schedule(at: .now) { isDue = true }
        loop.turn()
        #expect(isDue)
        for (one, _) in wakers { StreamSocket.close(one) }
    }

    @Test func `a deadline that sets itself again waits for the next turn`() throws {
        let loop = try EventLoop()
        var count = 0
        func again() {
            count += 1
            loop.schedule(at: .now) { again() }
        }
        again()
        loop.turn()
        #expect(count == 2)
    }

    @Test func `a watch that ended in this turn is not handled any more`() throws {
        let loop = try EventLoop()
        let one = try Waker()
        let other = try Waker()
        var handled: [String] = []
        var watches: [EventLoop.Watch] = []
        watches.append(
            try loop.watch(one.descriptor.rawValue, for: .readable) { _ in
                handled.append("one")
                loop.unwatch(watches[1])
            })
        watches.append(
            try loop.watch(other.descriptor.rawValue, for: .readable) { _ in
                handled.append("other")
                loop.unwatch(watches[0])
            })
        one.wake()
        other.wake()
        loop.turn()
        #expect(handled.count == 1)
    }

    @Test func `waits no longer than asked, and not at all for what is past`() throws {
        let loop = try EventLoop()
        let start = MonotonicInstant.now
        loop.turn(longestWait: .milliseconds(20))
        #expect(MonotonicInstant.now - start >= .milliseconds(20))
        loop.schedule(after: .seconds(Int64.min)) {}
        loop.turn()
        loop.schedule(after: .seconds(Int64.max)) {}
        loop.turn(longestWait: .zero)
        #expect(MonotonicInstant.now - start < .seconds(10))
    }

    @Test func `runs what another thread posts, in the order of posting`() throws {
        let loop = try EventLoop()
        let poster = loop.poster
        let journal = Journal()
        // The journal stays on this thread: the loop is turned here.
        nonisolated(unsafe) let unsafeJournal = journal
        let thread = try Thread(name: "poster") {
            for number in 0..<3 { poster.post { unsafeJournal.entries.append("\(number)") } }
        }
        thread.join()
        while journal.entries.count < 3 { loop.turn(longestWait: .seconds(1)) }
        #expect(journal.entries == ["0", "1", "2"])
    }
}

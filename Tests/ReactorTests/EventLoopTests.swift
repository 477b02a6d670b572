import Glibc
import LinuxIO
import Reactor
import Synchronization
import Testing

@Suite struct `An event loop` {
    @Test func `tells a handler what its descriptor is ready for`() throws {
        let loop = try EventLoop()
        let pair = try Pair()
        var seen: [Readiness] = []
        try loop.watch(pair.near, for: .readable) { seen.append($0) }
        loop.turn(longestWait: .zero)
        #expect(seen.isEmpty)
        pair.send()
        loop.turn(longestWait: .seconds(1))
        #expect(seen == [.readable])
    }

    @Test func `drops an event whose watch was ended in the same turn`() throws {
        let loop = try EventLoop()
        let first = try Pair()
        let second = try Pair()
        var calls = 0
        var watches: [EventLoop.Watch] = []
        // Whichever comes first ends both; the other one's event is under way already.
        for number in [first.near, second.near] {
            watches.append(
                try loop.watch(number, for: .readable) { _ in
                    calls += 1
                    for watch in watches { loop.unwatch(watch) }
                })
        }
        first.send()
        second.send()
        loop.turn(longestWait: .seconds(1))
        #expect(calls == 1)
        loop.turn(longestWait: .zero)
        #expect(calls == 1)
    }

    @Test func `does not mistake a new watch for an old one in the same place`() throws {
        let loop = try EventLoop()
        let first = try Pair()
        let second = try Pair()
        let third = try Pair()
        var calls: [String] = []
        var old: [EventLoop.Watch] = []
        var isReplaced = false
        for number in [first.near, second.near] {
            old.append(
                try loop.watch(number, for: .readable) { _ in
                    guard !isReplaced else { return calls.append("stale") }
                    isReplaced = true
                    for watch in old { loop.unwatch(watch) }
                    for _ in 0..<2 {
                        _ = try? loop.watch(third.near, for: .readable) { _ in
                            calls.append("new")
                        }
                    }
                })
        }
        first.send()
        second.send()
        loop.turn(longestWait: .seconds(1))
        #expect(isReplaced)
        #expect(calls.isEmpty)
        for watch in old { loop.change(watch, to: .writable) }
        loop.turn(longestWait: .zero)
        #expect(calls.isEmpty)
    }

    @Test func `runs deadlines in their order, and none that was withdrawn`() throws {
        let loop = try EventLoop()
        var order: [Int] = []
        let now = MonotonicInstant.now
        loop.schedule(at: now + .milliseconds(20)) { order.append(2) }
        loop.schedule(at: now + .milliseconds(10)) { order.append(1) }
        let withdrawn = loop.schedule(at: now + .milliseconds(15)) { order.append(3) }
        loop.cancel(withdrawn)
        while order.count < 2 { loop.turn() }
        #expect(order == [1, 2])
        #expect(MonotonicInstant.now - now >= .milliseconds(20))
    }

    @Test func `a deadline that sets itself again does not keep descriptors waiting`() throws {
        let loop = try EventLoop()
        var runs = 0
        func again() {
            runs += 1
            loop.schedule(after: .zero) { again() }
        }
        again()
        loop.turn(longestWait: .zero)
        #expect(runs <= 2)
    }

    @Test func `runs what other threads post, in their order, and stops when told`() throws {
        let loop = try EventLoop()
        let seen = Mutex<[Int]>([])
        let poster = loop.poster
        let thread = try Thread(name: "poster") {
            for number in 0..<100 { poster.post { seen.withLock { $0.append(number) } } }
        }
        while seen.withLock({ $0.count }) < 100 { loop.turn(longestWait: .seconds(1)) }
        thread.join()
        #expect(seen.withLock { $0 } == Array(0..<100))
        loop.schedule(after: .milliseconds(1)) { loop.stop() }
        loop.run()
    }

    @Test func `refuses what it cannot watch`() throws {
        let loop = try EventLoop()
        #expect(throws: SystemError(call: "epoll_ctl", errno: Errno(rawValue: EBADF))) {
            try loop.watch(-1, for: .readable) { _ in }
        }
    }
}

/// Two ends of a connection, closed when it goes.
private final class Pair {
    let near: Int32
    let far: Int32

    init() throws { (near, far) = try Socket.pair() }

    func send() { #expect(write(far, "x", 1) == 1) }

    deinit {
        close(near)
        close(far)
    }
}

import Glibc
import LinuxIO
import Reactor
import Synchronization
import Testing

@Suite struct `What is done beside a loop` {
    @Test func `its result comes back to the loop's thread`() throws {
        let loop = try EventLoop()
        let own = pthread_self()
        var seen: [Bool] = []
        loop.aside {
            pthread_equal(pthread_self(), own) != 0
        } then: { isOwn in
            seen = [isOwn, pthread_equal(pthread_self(), own) != 0]
            loop.stop()
        }
        #expect(seen.isEmpty)
        let limit = loop.schedule(after: .seconds(10)) { loop.stop() }
        loop.run()
        loop.cancel(limit)
        #expect(seen == [false, true])
    }

    @Test func `what hangs holds up neither the loop nor what is asked for after it`() throws {
        let loop = try EventLoop()
        let isReleased = Atomic(false)
        var ended: [Int] = []
        for number in 0..<3 {
            loop.aside {
                while number < 2 && !isReleased.load(ordering: .relaxed) { usleep(1_000) }
            } then: {
                ended.append(number)
                if number == 2 { isReleased.store(true, ordering: .relaxed) }
                if ended.count == 3 { loop.stop() }
            }
        }
        let limit = loop.schedule(after: .seconds(10)) {
            isReleased.store(true, ordering: .relaxed)
            loop.stop()
        }
        loop.run()
        loop.cancel(limit)
        #expect(ended.first == 2)
        #expect(ended.count == 3)
    }

    @Test func `many at once all come back, each once`() throws {
        let loop = try EventLoop()
        var ended: [Int] = []
        for number in 0..<1_000 {
            loop.aside {
                number
            } then: {
                ended.append($0)
                if ended.count == 1_000 { loop.stop() }
            }
        }
        let limit = loop.schedule(after: .seconds(10)) { loop.stop() }
        loop.run()
        loop.cancel(limit)
        #expect(ended.sorted() == Array(0..<1_000))
    }
}

#if Program
import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Late event loop` {
        private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

        private func watch(looksAt milliseconds: [Int64]) -> LoopWatch {
            var watch = LoopWatch(from: start, timeout: .milliseconds(800))
            for moment in milliseconds { watch.looked(at: start + .milliseconds(moment)) }
            return watch
        }

        private func fair(_ outcome: ProbeOutcome, _ looks: [Int64], end: Int64 = 800) -> String {
            watch(looksAt: looks).fair(outcome, at: start + .milliseconds(end)).code
        }

        @Test func `looks that come in time leave a timeout as it is`() {
            let looks: [Int64] = [100, 201, 302, 403, 504, 605, 706]
            #expect(fair(.timedOut, looks) == "L4TOUT")
            #expect(fair(.answerTimedOut(waitingFor: "x"), looks, end: 805) == "L7TOUT")
        }

        @Test func `a pause over a quarter of the time excuses a timeout and nothing else`() {
            #expect(fair(.timedOut, [100, 450, 550, 650, 750]) == "SOCKERR")
            #expect(fair(.handshakeTimedOut, [100, 450, 550, 650, 750]) == "SOCKERR")
            #expect(fair(.refused, [100, 450, 550, 650, 750]) == "L4CON")
            #expect(fair(.passed, [100, 450, 550, 650, 750]) == "L4OK")
            #expect(fair(.timedOut, [100, 390, 490, 590, 690, 790]) == "L4TOUT")
        }

        @Test func `the pause before the end counts, and each only once`() {
            #expect(fair(.timedOut, [100, 200, 300, 400, 500, 600, 700], end: 1_050) == "SOCKERR")
            #expect(fair(.timedOut, [250, 350, 450, 550, 650, 750], end: 810) == "L4TOUT")
            #expect(watch(looksAt: [250, 350]).lateness == .milliseconds(150))
        }

        @Test func `a server is not taken down by a loop that stood still`() async throws {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            var target = try CheckTarget(id: "a", ipAddress: "127.0.0.1", port: peer.port)
            target.probe = RedisProbe()
            target.interval = .milliseconds(400)
            target.initialState = .up
            let checker = HealthChecker(group: group, targets: [target]) { _ in }
            checker.start()
            // Stands still from before the answer is due until after.
            try await Task.sleep(for: .milliseconds(150))
            group.next().execute { usleep(600_000) }
            try await group.next().submit {}.get()
            try await group.next().scheduleTask(in: .milliseconds(20)) {}.futureResult.get()
            let report = try #require(checker.snapshot().first)
            checker.stop()
            try await group.shutdownGracefully()
            #expect(report.code == "SOCKERR")
            #expect("\(report.record)" == "UP 1/3")
        }
    }
}

@Suite struct `Spread of checks` {
    private func moments(count: Int, round: Int) -> [Double] {
        (0..<count).flatMap { position -> [Double] in
            let spread = CheckSpread(position: position, count: count, interval: .seconds(2))
            let first = spread.first / .seconds(1)
            let second = first + spread.second / .seconds(1)
            return [first] + (0..<round).map { second + 2 * Double($0) }
        }.sorted()
    }

    /// Wherever the clock stands when the checks begin: batches are of the clock, turns of the start.
    @Test(arguments: [0, 0.0013, 0.0025, 0.0049])
    func `of 2,000 checks at most 100 come in any 20 ms`(start: Double) {
        let moments = moments(count: 2_000, round: 3).map { moment in
            let due = 1_000_000 + UInt64(((start + moment) * 1_000_000).rounded())
            let begin = TargetCheck.batch(
                of: .uptimeNanoseconds(due * 1_000), every: .seconds(2),
                at: .uptimeNanoseconds(0))
            return Double(begin.uptimeNanoseconds) / 1_000_000_000
        }
        var (first, most) = (0, 0)
        for (index, moment) in moments.enumerated() {
            // A batch comes at one moment: at both ends of such a span there is one.
            while moments[first] <= moment - 0.02 + 1e-9 { first += 1 }
            most = max(most, index - first + 1)
        }
        #expect(most <= 100)
        #expect(moments.count == 8_000)
    }

    @Test func `after the first round they come all over the interval`() {
        let moments = moments(count: 2_000, round: 2).filter { $0 > 0.7998 }
        for (index, moment) in moments.enumerated().dropFirst() {
            #expect(moment - moments[index - 1] < 0.0015)
        }
        #expect(moments.count == 4_000)
        for position in 0..<4 {
            let spread = CheckSpread(position: position, count: 4, interval: .seconds(2))
            #expect(spread.second > .zero && spread.second <= .seconds(2))
        }
        // One alone is not checked again at once.
        #expect(CheckSpread(position: 0, count: 1, interval: .seconds(60)).second == .seconds(60))
    }

    @Test func `checks that a pause threw together come apart again`() {
        func next(after due: Int64, at now: Int64) -> Int64 {
            let turn = TargetCheck.turn(
                after: .distantPast + .milliseconds(due), every: .seconds(2),
                at: .distantPast + .milliseconds(now))
            return (turn - .distantPast).nanoseconds / 1_000_000
        }
        #expect(next(after: 100, at: 101) == 2_100)
        // One that took as long as the interval is followed at once.
        #expect(next(after: 100, at: 2_101) == 2_100)
        // Both were held up to the same moment, and each has its own turn after it.
        #expect(next(after: 100, at: 3_000) == 2_100)
        #expect(next(after: 500, at: 3_000) == 2_500)
        #expect(next(after: 100, at: 9_000) == 8_100)
    }

    @Test func `what is due within 5 ms, or a 400th of the interval, begins together`() {
        func batch(_ microseconds: UInt64, every interval: Duration) -> UInt64 {
            TargetCheck.batch(
                of: .uptimeNanoseconds(microseconds * 1000), every: interval,
                at: .uptimeNanoseconds(1_000_000)
            ).uptimeNanoseconds / 1000
        }
        #expect(batch(5_001, every: .seconds(2)) == 10_000)
        #expect(batch(9_999, every: .seconds(60)) == 10_000)
        #expect(batch(10_000, every: .seconds(2)) == 10_000)
        #expect(batch(5_001, every: .milliseconds(100)) == 5_250)
        // Due already.
        #expect(batch(999, every: .seconds(2)) == 999)
    }

    @Test func `a pool of a few is known within 50 ms`() throws {
        #expect(try #require(moments(count: 4, round: 0).last) < 0.05)
    }

    @Test func `jitter stays within its share`() throws {
        var target = try CheckTarget(id: "a", ipAddress: "127.0.0.1", port: 1)
        target.interval = .seconds(1)
        target.jitter = 0.2
        let record = HealthRecord(initialState: .fullyUp)
        let intervals = (0..<200).map { _ in target.interval(in: record) }
        #expect(intervals.allSatisfy { $0 >= .milliseconds(800) && $0 <= .milliseconds(1_200) })
        #expect(Set(intervals).count > 100)
    }
}
#endif

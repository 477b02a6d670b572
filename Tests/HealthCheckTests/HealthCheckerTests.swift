#if Program
import NIOCore
import NIOPosix
import Synchronization
import TestServers
import Testing

import HealthCheck

/// Hands reports from the event loops to a test, in order.
private struct Reports: Sendable {
    let stream: AsyncStream<CheckReport>
    private let continuation: AsyncStream<CheckReport>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    @Sendable func hand(_ report: CheckReport) { continuation.yield(report) }
    func end() { continuation.finish() }
}

/// Answers as it is told; counts how often it was asked.
final class ScriptedProbe: HealthProbe {
    private let outcomes: Mutex<[ProbeOutcome]>
    let count = Atomic(0)

    init(_ outcomes: [ProbeOutcome]) { self.outcomes = Mutex(outcomes.reversed()) }

    /// The last outcome of the script is given for ever.
    func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        count.add(1, ordering: .relaxed)
        let outcome = outcomes.withLock { $0.count > 1 ? $0.removeLast() : $0[0] }
        return eventLoop.makeSucceededFuture(outcome)
    }
}

/// Answers after its time limit.
private struct SilentProbe: HealthProbe {
    func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let promise = eventLoop.makePromise(of: ProbeOutcome.self)
        eventLoop.scheduleTask(in: timeout + .milliseconds(70)) { promise.succeed(.passed) }
        return promise.futureResult
    }
}

extension `One after another` {
    // Each waits for reports: where one does not come, it would wait for ever.
    @Suite(.timeLimit(.minutes(1))) struct `Health checker` {
        private func target(
            _ id: String = "web/a", port: Int = 9, probe: any HealthProbe = TCPProbe(),
            interval: Duration = .milliseconds(50)
        ) throws -> CheckTarget {
            var target = try CheckTarget(id: id, ipAddress: "127.0.0.1", port: port)
            target.probe = probe
            target.interval = interval
            return target
        }

        @Test func `a listening server is up with its first check, at once`() async throws {
            let peer = try LoopbackPeer()
            let reports = Reports()
            let checker = HealthChecker(
                targets: [try target(port: peer.port, interval: .seconds(60))],
                onReport: reports.hand)
            #expect(checker.snapshot().map(\.isUp) == [false])
            #expect(checker.snapshot().map(\.code) == ["INI"])
            let begin = ContinuousClock.now
            checker.start()
            let first = try #require(await reports.stream.first { _ in true })
            #expect(begin.duration(to: .now) < .seconds(1))
            #expect(first.transition == .up)
            #expect(first.id == "web/a")
            #expect(first.code == "L4OK")
            #expect("\(first.record)" == "UP")
            checker.stop()
        }

        @Test func `a server that stops is down with the third check and up with the second`()
            async throws
        {
            let reports = Reports()
            let probe = ScriptedProbe([
                .passed, .refused, .refused, .refused, .passed, .passed,
            ])
            let counts = Mutex<[Int]>([])
            let checker = HealthChecker(targets: [try target(probe: probe)]) { report in
                counts.withLock { $0.append(probe.count.load(ordering: .relaxed)) }
                reports.hand(report)
            }
            let begin = ContinuousClock.now
            checker.start()
            var seen: [HealthTransition?] = []
            var times: [Duration] = []
            for await report in reports.stream.prefix(3) {
                seen.append(report.transition)
                times.append(begin.duration(to: .now))
            }
            checker.stop()
            #expect(seen == [.up, .down, .up])
            #expect(counts.withLock { $0 } == [1, 4, 6])
            // Checks start at 0, 50, 100, 150 ms (down), 200, 250 ms (up).
            #expect(times[1] >= .milliseconds(145))
            #expect(times[2] >= .milliseconds(245))
        }

        @Test func `counts failures while up, times down, and the time spent there`() async throws {
            let reports = Reports()
            let probe = ScriptedProbe([.passed, .refused, .refused, .refused, .refused])
            var settings = try target(probe: probe, interval: .milliseconds(20))
            settings.downInterval = .milliseconds(10)
            let checker = HealthChecker(targets: [settings], onReport: reports.hand)
            checker.start()
            for await report in reports.stream where report.transition == .down { break }
            while probe.count.load(ordering: .relaxed) < 8 {
                try await Task.sleep(for: .milliseconds(5))
            }
            let report = try #require(checker.snapshot().first)
            checker.stop()
            #expect(report.failedChecks == 3)
            #expect(report.downTransitions == 1)
            #expect(report.code == "L4CON")
            #expect(report.downtime >= .milliseconds(30))
            #expect(report.transition == nil)
        }

        @Test func `a state from memory that is refuted has the fast interval at once`()
            async throws
        {
            let reports = Reports()
            var settings = try target(probe: ScriptedProbe([.refused]), interval: .seconds(60))
            settings.fastInterval = .milliseconds(10)
            settings.memory = CheckMemory(isUp: true)
            let checker = HealthChecker(targets: [settings], onReport: reports.hand)
            let begin = ContinuousClock.now
            checker.start()
            let report = try #require(await reports.stream.first { _ in true })
            checker.stop()
            #expect(report.transition == .down)
            #expect(begin.duration(to: .now) < .seconds(5))
        }

        @Test func `while the state is changing the fast interval counts`() async throws {
            let reports = Reports()
            var settings = try target(
                probe: ScriptedProbe([.passed, .timedOut]), interval: .seconds(1))
            settings.fastInterval = .milliseconds(10)
            let checker = HealthChecker(targets: [settings], onReport: reports.hand)
            let begin = ContinuousClock.now
            checker.start()
            for await report in reports.stream where report.transition == .down { break }
            let took = begin.duration(to: .now)
            checker.stop()
            // One interval to the first failure, and two fast ones; three slow ones take 3 s.
            #expect(took >= .milliseconds(1_020) && took < .milliseconds(2_500))
        }

        @Test func `a probe that forgets its time limit is ended by it, its answer not heard`()
            async throws
        {
            let reports = Reports()
            var settings = try target(probe: SilentProbe(), interval: .milliseconds(100))
            settings.timeout = .milliseconds(50)
            settings.rise = 1
            let checker = HealthChecker(targets: [settings], onReport: reports.hand)
            checker.start()
            // The first answer comes at 120 ms, while the second check is under way.
            try await Task.sleep(for: .milliseconds(500))
            checker.stop()
            reports.end()
            var seen: [String] = []
            // What a pause of this host kept from running says nothing of the target.
            for await report in reports.stream where report.code != "SOCKERR" {
                seen.append("\(report.record) \(report.code)")
            }
            #expect(seen == ["DOWN L4TOUT"])
        }

        @Test func `a check that this host could not run leaves the state alone`() async throws {
            let reports = Reports()
            let probe = ScriptedProbe([.passed, .notRun(reason: "Too many open files")])
            let checker = HealthChecker(
                targets: [try target(probe: probe, interval: .milliseconds(5))],
                onReport: reports.hand)
            checker.start()
            while probe.count.load(ordering: .relaxed) < 10 {
                try await Task.sleep(for: .milliseconds(5))
            }
            let report = try #require(checker.snapshot().first)
            checker.stop()
            #expect("\(report.record)" == "UP")
            #expect(report.code == "SOCKERR")
            #expect(report.failedChecks == 0)
        }

        @Test func `new targets keep the state of those that stay`() async throws {
            let reports = Reports()
            let stays = try target("web/a", port: try closedPort())
            let checker = HealthChecker(targets: [stays], onReport: reports.hand)
            checker.start()
            _ = await reports.stream.first { _ in true }
            var changed = stays
            changed.interval = .seconds(60)
            let added = try target("web/b", probe: SilentProbe(), interval: .seconds(60))
            checker.update(targets: [changed, added])
            #expect(
                checker.snapshot().map { "\($0.id) \($0.record)" } == ["web/a DOWN", "web/b INI"])
            #expect(checker.snapshot().map(\.downTransitions) == [1, 0])
            checker.stop()
        }

        @Test func `another target of the same name and address begins anew`() throws {
            var known = try target("web/a", probe: SilentProbe(), interval: .seconds(60))
            known.memory = CheckMemory(isUp: true)
            let checker = HealthChecker(targets: [known]) { _ in }
            known.memory = nil
            checker.update(targets: [known])
            #expect(checker.snapshot().map { "\($0.record)" } == ["UP"])
            checker.update(targets: [known]) { $0 == "web/a" }
            #expect(checker.snapshot().map { "\($0.record)" } == ["INI"])
        }

        @Test func `a report holds for as long as its target is the same`() throws {
            let known = try target("web/a", probe: SilentProbe(), interval: .seconds(60))
            let checker = HealthChecker(targets: [known]) { _ in }
            let report = try #require(checker.report(of: "web/a"))
            checker.update(targets: [known])
            #expect(checker.isInForce(report))
            checker.update(targets: [known]) { $0 == "web/a" }
            #expect(!checker.isInForce(report))
            let next = try #require(checker.report(of: "web/a"))
            #expect(checker.isInForce(next))
            checker.update(targets: [])
            #expect(!checker.isInForce(next))
        }

        @Test func `what is held back is not asked before its time, and one that goes never`()
            async throws
        {
            let probes = (0..<3).map { _ in ScriptedProbe([.passed]) }
            func counts() -> [Int] { probes.map { $0.count.load(ordering: .relaxed) } }
            let targets = try zip(["known", "new", "gone"], probes).map {
                try target($0, probe: $1, interval: .milliseconds(20))
            }
            let checker = HealthChecker(targets: [targets[0]]) { _ in }
            checker.start()
            checker.update(targets: targets, holdsNew: true)
            checker.update(targets: Array(targets.prefix(2)), holdsNew: true)
            let limit = ContinuousClock.now + .seconds(5)
            while counts()[0] < 5, ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(Array(counts().dropFirst()) == [0, 0])
            checker.startHeld()
            while counts()[1] < 5, ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(counts()[1] >= 5 && counts()[2] == 0)
            checker.stop()
        }

        @Test func `settings that change again and again put no check off`() async throws {
            let probe = ScriptedProbe([.passed])
            let checked = try target(probe: probe, interval: .milliseconds(300))
            let checker = HealthChecker(targets: [checked]) { _ in }
            checker.start()
            let end = ContinuousClock.now + .seconds(2)
            while ContinuousClock.now < end, probe.count.load(ordering: .relaxed) < 4 {
                checker.update(targets: [checked])
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(probe.count.load(ordering: .relaxed) >= 4)
            // A shorter interval holds at once.
            var sooner = checked
            sooner.interval = .milliseconds(5)
            checker.update(targets: [sooner])
            let before = probe.count.load(ordering: .relaxed)
            let limit = ContinuousClock.now + .seconds(5)
            while probe.count.load(ordering: .relaxed) < before + 20, ContinuousClock.now < limit {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(probe.count.load(ordering: .relaxed) >= before + 20)
            checker.stop()
        }

        @Test func `failed connections of clients take a target down without a check`() async throws
        {
            let scripted = ScriptedProbe([.passed])
            // Longer than this test may take.
            var observed = try target(probe: scripted, interval: .seconds(600))
            observed.observation = TrafficObservation(errorLimit: 3, reaction: .markDown)
            observed.fastInterval = .milliseconds(30)
            let reports = Reports()
            let checkCount = Atomic(0)
            let checker = HealthChecker(targets: [observed]) { report in
                // Here, where checks begin: whoever waits for the report may be woken after the next.
                if report.transition == .down {
                    checkCount.store(scripted.count.load(ordering: .relaxed), ordering: .relaxed)
                }
                reports.hand(report)
            }
            checker.start()
            var iterator = reports.stream.makeAsyncIterator()
            #expect(await iterator.next()?.transition == .up)
            for succeeded in [false, false, true, false, false, false] {
                checker.noteConnection(to: "web/a", succeeded: succeeded)
            }
            let down = await iterator.next()
            #expect(down?.transition == .down)
            #expect(down?.code == "HANA")
            #expect(checkCount.load(ordering: .relaxed) == 1)
            // The next check comes after the fast interval, and not after ten minutes.
            let up = await iterator.next()
            #expect(up?.transition == .up)
            checker.stop()
            reports.end()
        }

        @Test func `what an agent said is remembered until it says otherwise`() async throws {
            func said(_ line: String) -> ProbeOutcome {
                var facts = ProbeFacts()
                facts.agent = AgentReport(line: line)
                return .answered(facts)
            }
            var agent = try target(
                probe: ScriptedProbe(
                    ["drain maxconn:30 50%", "down", "weight:7 maxconn:0", "up ready"].map(said)),
                interval: .milliseconds(5))
            agent.reportsEveryResult = true
            let reports = Reports()
            let checker = HealthChecker(targets: [agent], onReport: reports.hand)
            checker.start()
            defer { checker.stop() }
            var iterator = reports.stream.makeAsyncIterator()
            for sum in [
                "drain maxconn:30 50%", "down drain maxconn:30 50%",
                "down drain maxconn:0 weight:7", "up ready maxconn:0 weight:7",
            ] {
                #expect(await iterator.next()?.memory.agent == AgentReport(line: sum))
            }
        }

        @Test func `what was known before is the state, with its counts`() async throws {
            var remembered = try target(probe: ScriptedProbe([.refused]))
            remembered.memory = CheckMemory(isUp: false)
            remembered.memory?.downTransitions = 4
            remembered.memory?.failedChecks = 9
            let checker = HealthChecker(targets: [remembered]) { _ in }
            let report = try #require(checker.report(of: "web/a"))
            #expect(report.record.isKnown && !report.isUp)
            #expect(report.downTransitions == 4)
            #expect(report.failedChecks == 9)
            #expect(report.memory.downTransitions == 4)
            #expect(checker.report(of: "nobody") == nil)
        }

        @Test func `a target that is left alone is not asked, and asked again after`() async throws
        {
            let scripted = ScriptedProbe([.passed])
            let checker = HealthChecker(
                targets: [try target(probe: scripted, interval: .milliseconds(20))]
            ) { _ in }
            checker.setPaused("web/a", true)
            checker.start()
            try await Task.sleep(for: .milliseconds(200))
            #expect(scripted.count.load(ordering: .relaxed) == 0)
            checker.setPaused("web/a", false)
            for _ in 0..<200 where scripted.count.load(ordering: .relaxed) == 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(scripted.count.load(ordering: .relaxed) > 0)
            checker.stop()
        }

        @Test func `the probe says what it waited for before the watch ends it`() async throws {
            let peer = try await FaultyPeer(.silent)
            defer { peer.stop() }
            var silent = try target(
                port: peer.port, probe: RedisProbe(), interval: .milliseconds(100))
            silent.reportsEveryResult = true
            let reports = Reports()
            let checker = HealthChecker(targets: [silent], onReport: reports.hand)
            checker.start()
            var iterator = reports.stream.makeAsyncIterator()
            var codes: [String] = []
            for _ in 0..<5 { codes.append(await iterator.next()?.code ?? "") }
            checker.stop()
            reports.end()
            // SOCKERR is what a busy machine may say instead.
            #expect(codes.allSatisfy { $0 == "L7TOUT" || $0 == "SOCKERR" }, "\(codes)")
        }

        @Test func `stopped means no further check`() async throws {
            let probe = ScriptedProbe([.passed])
            let checker = HealthChecker(
                targets: [try target(probe: probe, interval: .milliseconds(5))]) { _ in }
            checker.start()
            while probe.count.load(ordering: .relaxed) < 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            checker.stop()
            try await Task.sleep(for: .milliseconds(20))
            let count = probe.count.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(60))
            #expect(probe.count.load(ordering: .relaxed) == count)
            #expect(checker.snapshot().isEmpty)
        }

        @Test func `an address or a port that makes no sense is refused with a reason`() {
            #expect(throws: CheckTargetError.notAnAddress("web01")) {
                try CheckTarget(id: "x", ipAddress: "web01", port: 80)
            }
            #expect(throws: CheckTargetError.notAPort(0)) {
                try CheckTarget(id: "x", ipAddress: "127.0.0.1", port: 0)
            }
            #expect(throws: CheckTargetError.notAPort(65_536)) {
                try CheckTarget(id: "x", ipAddress: "127.0.0.1", port: 65_536)
            }
        }
    }
}
#endif

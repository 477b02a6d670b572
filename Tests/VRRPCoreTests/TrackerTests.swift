import Testing
import VRRPCore

private func effective(
    _ base: UInt8, _ trackers: (weight: Int, verdict: TrackerRecord.Verdict)...
) -> EffectivePriority {
    EffectivePriority(
        base: priority(base),
        trackers: trackers.map { TrackerStanding(weight: $0.weight, verdict: $0.verdict) })
}

@Suite struct `Effective priority` {
    @Test func `without trackers it is the configured one`() {
        #expect(effective(100) == .priority(priority(100)))
    }

    @Test(
        arguments: [
            (20, .good, 120), (20, .failed, 100), (20, .unknown, 100),
            (-20, .good, 100), (-20, .failed, 80), (-20, .unknown, 100),
        ] as [(Int, TrackerRecord.Verdict, UInt8)])
    func `a weight counts while its side holds`(
        weight: Int, verdict: TrackerRecord.Verdict, total: UInt8
    ) {
        #expect(effective(100, (weight, verdict)) == .priority(priority(total)))
    }

    @Test func `weights add up before the limits hold`() {
        #expect(
            effective(200, (100, .good), (-60, .failed), (-10, .failed))
                == .priority(priority(230)))
    }

    @Test(
        arguments: [
            (100, -99, 1), (100, -100, 1), (100, -253, 1), (100, -98, 2),
        ] as [(UInt8, Int, UInt8)])
    func `the sum does not fall below 1`(base: UInt8, weight: Int, total: UInt8) {
        #expect(effective(base, (weight, .failed)) == .priority(priority(total)))
    }

    @Test(arguments: [(153, 253), (154, 254), (155, 254), (253, 254)] as [(Int, UInt8)])
    func `the sum does not rise above 254`(weight: Int, total: UInt8) {
        #expect(effective(100, (weight, .good)) == .priority(priority(total)))
    }

    @Test func `the owner's priority never changes`() {
        #expect(effective(255, (-100, .failed)) == .priority(.owner))
    }

    @Test(
        arguments: [(.good, false), (.failed, true), (.unknown, true)]
            as [(TrackerRecord.Verdict, Bool)])
    func `weight 0 faults unless good, the owner too`(
        verdict: TrackerRecord.Verdict, isFault: Bool
    ) {
        #expect((effective(100, (0, verdict)) == .fault) == isFault)
        #expect((effective(255, (0, verdict)) == .fault) == isFault)
        #expect((effective(100, (0, verdict), (5, .good)) == .fault) == isFault)
    }

    @Test func `weights beyond all sense do not overflow`() {
        #expect(effective(100, (.max, .good), (.max, .good)) == .priority(priority(254)))
        #expect(effective(100, (.min, .failed), (.min, .failed)) == .priority(priority(1)))
    }

    @Test func `a change of standing becomes the router's events`() {
        let (fault, low, high) = (
            EffectivePriority.fault, EffectivePriority.priority(priority(80)),
            EffectivePriority.priority(priority(100))
        )
        #expect(high.events(from: fault) == [.priorityChanged(priority(100)), .startup])
        #expect(fault.events(from: high) == [.shutdown])
        #expect(low.events(from: high) == [.priorityChanged(priority(80))])
        #expect(high.events(from: high) == [])
        #expect(fault.events(from: fault) == [])
    }
}

@Suite struct `Tracker record` {
    private func verdicts(
        rise: Int, fall: Int, startsFailed: Bool = false, _ results: String
    ) -> [TrackerRecord.Verdict] {
        var record = TrackerRecord(rise: rise, fall: fall, startsFailed: startsFailed)
        return results.map { result in
            record.record(result == "+" ? .success : .failure)
            return record.verdict
        }
    }

    @Test func `the first result decides at once`() {
        #expect(TrackerRecord(rise: 3, fall: 3).verdict == .unknown)
        #expect(verdicts(rise: 3, fall: 3, "+") == [.good])
        #expect(verdicts(rise: 3, fall: 3, "-") == [.failed])
    }

    @Test func `fall failures in a row make it failed`() {
        #expect(verdicts(rise: 1, fall: 3, "+---") == [.good, .good, .good, .failed])
    }

    @Test func `one success starts the count of failures again`() {
        #expect(
            verdicts(rise: 1, fall: 3, "+--+--").allSatisfy { $0 == .good })
        #expect(verdicts(rise: 1, fall: 3, "+--+---").last == .failed)
    }

    @Test func `rise successes in a row make it good`() {
        #expect(verdicts(rise: 2, fall: 1, "-++") == [.failed, .failed, .good])
    }

    @Test func `one failure starts the count of successes again`() {
        #expect(verdicts(rise: 2, fall: 1, "-+-+") == [.failed, .failed, .failed, .failed])
    }

    @Test func `a fresh verdict counts from nothing`() {
        #expect(
            verdicts(rise: 2, fall: 2, "+--+-++")
                == [.good, .good, .failed, .failed, .failed, .failed, .good])
    }

    @Test func `what starts failed needs all successes`() {
        #expect(TrackerRecord(rise: 2, fall: 1, startsFailed: true).verdict == .failed)
        #expect(verdicts(rise: 2, fall: 1, startsFailed: true, "++") == [.failed, .good])
    }

    @Test func `only a change is returned`() {
        var record = TrackerRecord(rise: 1, fall: 1)
        #expect(record.record(.success) == .good)
        #expect(record.record(.success) == nil)
        #expect(record.record(.failure) == .failed)
        #expect(record.record(.failure) == nil)
    }

    @Test(arguments: [0, -1])
    func `counts below 1 count as 1`(count: Int) {
        #expect(verdicts(rise: count, fall: count, "+-+") == [.good, .failed, .good])
    }
}

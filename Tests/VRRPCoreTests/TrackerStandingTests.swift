import Testing
import VRRPCore

@Suite struct `Effect of a tracker` {
    @Test(arguments: [
        (10, TrackerRecord.Verdict.good, TrackerStanding.Effect.adds(-10)),
        (10, .failed, .adds(0)), (-10, .failed, .adds(10)), (-10, .good, .adds(0)),
        (0, .good, .faults), (0, .failed, .adds(0)), (0, .unknown, .faults),
        (10, .unknown, .adds(0)),
    ])
    func `reversed`(
        weight: Int, verdict: TrackerRecord.Verdict, effect: TrackerStanding.Effect
    ) {
        let standing = TrackerStanding(weight: weight, verdict: verdict, isReversed: true)
        #expect(standing.effect == effect)
    }

    @Test(arguments: [
        (3, 5, TrackerStanding.Effect.adds(15)), (-3, 5, .adds(-15)), (0, 5, .adds(0)),
        (253, -1, .adds(-253)), (254, -1, .faults), (255, -1, .faults), (127, -2, .faults),
        (Int.min, 1, .faults), (Int.max, -1, .faults), (Int.max, 1, .adds(254)),
        (0, 0, .adds(0)), (1, 0, .faults), (-1, 0, .faults),
    ])
    func `a number counts times its weight`(
        number: Int, weight: Int, effect: TrackerStanding.Effect
    ) {
        #expect(TrackerStanding(number: number, weight: weight).effect == effect)
    }

    @Test func `a reversed number counts with the other sign`() {
        let standing = TrackerStanding(number: 3, weight: 5, isReversed: true)
        #expect(standing.effect == .adds(-15))
        let nonzero = TrackerStanding(number: 1, weight: 0, isReversed: true)
        #expect(nonzero.effect == .adds(0))
    }

    @Test func `an Active router tells of a priority that fell at once, of a higher one in time`() {
        var active = router(priority: 100)
        _ = active.handle(.startup, at: second(0))
        _ = active.handle(.wake, at: second(4))
        _ = active.handle(.priorityChanged(priority(120)), at: second(4.5))
        #expect(active.nextWake == second(5))
        _ = active.handle(.priorityChanged(priority(90)), at: second(4.75))
        #expect(active.nextWake ?? second(9) <= second(4.75))
        let actions = active.handle(.wake, at: second(4.75))
        #expect(actions == [.advertise(priority(90))])
        #expect(active.nextWake == second(5.75))
    }

    @Test func `also long after it answered anybody, and not more often than it answers`() {
        var active = router().promoted()
        for moment in 11...60 { _ = active.handle(.wake, at: second(Double(moment))) }
        _ = active.handle(.priorityChanged(priority(90)), at: second(60.5))
        #expect(active.nextWake == second(60.5))
        #expect(active.handle(.wake, at: second(60.5)) == [.advertise(priority(90))])
        for number in 1...80 as ClosedRange<UInt8> {
            _ = active.handle(.priorityChanged(priority(90 - number)), at: second(60.51))
        }
        // A sixteenth of the interval later.
        #expect(active.nextWake == second(60.5625))
        #expect(active.handle(.wake, at: second(60.5625)) == [.advertise(priority(10))])
    }
}

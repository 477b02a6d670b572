import HealthCheck
import Testing

@Suite struct `Observed traffic` {
    @Test func `the limit counts errors in a row, and begins anew`() {
        var observation = TrafficObservation(errorLimit: 3, reaction: .markDown)
        #expect(observation.record(connected: false) == nil)
        #expect(observation.record(connected: false) == nil)
        #expect(observation.record(connected: true) == nil)
        #expect(observation.consecutiveErrors == 0)
        #expect(observation.record(connected: false) == nil)
        #expect(observation.record(connected: false) == nil)
        #expect(observation.record(connected: false) == .markDown)
        #expect(observation.record(connected: false) == nil)
    }

    @Test func `haproxy's defaults are ten errors and a failed check`() {
        var observation = TrafficObservation()
        for _ in 0..<9 { #expect(observation.record(connected: false) == nil) }
        #expect(observation.record(connected: false) == .failCheck)
        var least = TrafficObservation(errorLimit: -1)
        #expect(least.record(connected: false) == .failCheck)
    }

    @Test func `each reaction takes off what haproxy's does`() {
        func after(_ reaction: TrafficObservation.Reaction) -> (String, HealthTransition?) {
            var record = HealthRecord(rise: 2, fall: 5, initialState: .fullyUp)
            let transition = record.react(to: reaction)
            return ("\(record)", transition)
        }
        #expect(after(.fastInterval) == ("UP", nil))
        #expect(after(.failCheck) == ("UP 4/5", nil))
        #expect(after(.suddenDeath) == ("UP 1/5", nil))
        #expect(after(.markDown) == ("DOWN", .down))
    }

    @Test(arguments: [HealthRecord.InitialState.waiting, .down, .fullyDown])
    func `what is not up is left to the checks`(state: HealthRecord.InitialState) {
        let before = HealthRecord(initialState: state)
        for reaction in [TrafficObservation.Reaction.failCheck, .suddenDeath, .markDown] {
            var record = before
            #expect(record.react(to: reaction) == nil)
            #expect(record == before)
        }
    }
}

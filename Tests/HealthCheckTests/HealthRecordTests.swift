import HealthCheck
import Testing

@Suite struct `Rise and fall` {
    @Test func `three failures in a row take it down, and the third says so`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .fullyUp)
        #expect(record.health == 4)
        #expect(record.record(passed: false) == nil)
        #expect("\(record)" == "UP 2/3")
        #expect(record.record(passed: false) == nil)
        #expect("\(record)" == "UP 1/3")
        #expect(record.record(passed: false) == .down)
        #expect("\(record)" == "DOWN")
        #expect(record.health == 0)
    }

    @Test func `one success among failures fills the counter`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .fullyUp)
        _ = record.record(passed: false)
        _ = record.record(passed: false)
        #expect(record.record(passed: true) == nil)
        #expect(record.health == 4)
        #expect("\(record)" == "UP")
    }

    @Test func `two successes in a row bring it up, and the second says so`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .fullyDown)
        #expect(record.record(passed: true) == nil)
        #expect("\(record)" == "DOWN 1/2")
        #expect(!record.isUp)
        #expect(record.record(passed: true) == .up)
        #expect(record.health == 4)
        #expect("\(record)" == "UP")
    }

    @Test func `one failure among successes empties the counter`() {
        var record = HealthRecord(rise: 3, fall: 3, initialState: .fullyDown)
        _ = record.record(passed: true)
        _ = record.record(passed: true)
        #expect("\(record)" == "DOWN 2/3")
        #expect(record.record(passed: false) == nil)
        #expect(record.health == 0)
    }

    @Test func `a target that waits is not up, and its first result decides`() {
        var passing = HealthRecord()
        #expect("\(passing)" == "INI")
        #expect(!passing.isUp)
        #expect(passing.record(passed: true) == .up)
        #expect(passing.health == 4)

        var failing = HealthRecord()
        #expect(failing.record(passed: false) == .down)
        #expect(failing.health == 0)
        #expect("\(failing)" == "DOWN")
        #expect(failing.record(passed: false) == nil)
    }

    @Test func `haproxy's start is up and one failure from down`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .up)
        #expect(record.health == 2)
        #expect("\(record)" == "UP 1/3")
        #expect(!record.isSettled)
        #expect(record.record(passed: false) == .down)
    }

    @Test func `a start down is one success from up`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .down)
        #expect(record.health == 1)
        #expect(record.record(passed: true) == .up)
    }

    @Test func `the state is settled only at both ends of the counter`() {
        var record = HealthRecord(rise: 2, fall: 2, initialState: .fullyUp)
        #expect(record.isSettled)
        _ = record.record(passed: false)
        #expect(!record.isSettled)
        _ = record.record(passed: false)
        #expect(record.isSettled)
        _ = record.record(passed: true)
        #expect(!record.isSettled)
        #expect(!HealthRecord().isSettled)
    }

    @Test(arguments: [(0, 0), (-5, Int.min), (Int.max, Int.max)])
    func `thresholds that make no sense are taken into their range`(rise: Int, fall: Int) {
        var record = HealthRecord(rise: rise, fall: fall, initialState: .fullyUp)
        _ = record.record(passed: false)
        _ = record.record(passed: true)
        #expect(record.isUp)
    }

    @Test func `rise 1 and fall 1 turn with every result`() {
        var record = HealthRecord(rise: 1, fall: 1, initialState: .fullyUp)
        #expect(record.health == 1)
        #expect(record.record(passed: false) == .down)
        #expect(record.record(passed: true) == .up)
    }

    @Test func `other thresholds keep the state and settle it`() {
        var record = HealthRecord(rise: 2, fall: 3, initialState: .fullyUp)
        _ = record.record(passed: false)
        #expect(record.adopting(rise: 2, fall: 3) == record)
        #expect("\(record.adopting(rise: 2, fall: 5))" == "UP")
        #expect(record.adopting(rise: 2, fall: 5).health == 6)
        let waiting = HealthRecord().adopting(rise: 4, fall: 4)
        #expect(!waiting.isKnown)
        let down = HealthRecord(initialState: .fullyDown).adopting(rise: 4, fall: 4)
        #expect("\(down)" == "DOWN")
        #expect(down.isKnown)
    }
}

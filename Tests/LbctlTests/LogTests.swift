#if Program
import LinuxIO
import Testing

@testable import lbctl

@Suite struct `Lines of one kind` {
    @Test func `are eight at once, and then one in ten seconds with the count of the others`() {
        let budget = LineBudget()
        let start = MonotonicInstant.now
        #expect(
            (0..<10).map { _ in budget.take(at: start) } == Array(repeating: 0, count: 8) + [
                nil, nil,
            ])
        #expect(budget.take(at: start + .seconds(11)) == 2)
        #expect(budget.take(at: start + .seconds(11)) == nil)
    }
}

@Suite struct `The log` {
    @Test(arguments: [
        ("one\ntwo", "one two"), ("one\r\ntwo", "one  two"),
        ("a\u{85}b\u{2028}c\u{2029}d", "a b c d"),
        ("\u{1b}[31mred\u{7}", " [31mred "), ("naïve — 東京 👩‍👩‍👧", "naïve — 東京 👩‍👩‍👧"), ("", ""),
    ])
    func `a line is one line and drives no terminal`(text: String, line: String) {
        #expect(Log.singleLine(text) == line)
    }

    @Test func `the numbers of the severities are those of syslog`() {
        #expect(Log.Severity.emergency.rawValue == 0)
        #expect(Log.Severity.alert.rawValue == 1)
        #expect(Log.Severity.error.rawValue == 3)
        #expect(Log.Severity.warning.rawValue == 4)
        #expect(Log.Severity.notice.rawValue == 5)
        #expect(Log.Severity.information.rawValue == 6)
        #expect(Log.Severity.detail.rawValue == 7)
    }
}

@Suite struct `The back-off` {
    @Test func `the waits are 0, then 100 ms doubled up to 10 s`() {
        var backOff = BackOff()
        let delays = (0..<10).map { _ in
            backOff.processEnded(after: .seconds(1))
            return backOff.nextDelay()
        }
        let milliseconds = [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        #expect(delays == milliseconds.map { .milliseconds($0) })
    }

    @Test func `a process that lived for a minute begins the row anew`() {
        var backOff = BackOff()
        for _ in 0..<5 { _ = backOff.nextDelay() }
        backOff.processEnded(after: .seconds(60))
        #expect(backOff.nextDelay() == .milliseconds(1600))
        backOff.processEnded(after: .seconds(61))
        #expect(backOff.nextDelay() == .zero)
    }

    @Test func `who ends again and again must last as long as the wait before it`() {
        var backOff = BackOff()
        _ = backOff.nextDelay()
        #expect(backOff.provingTime == .seconds(2))
        for _ in 0..<7 { _ = backOff.nextDelay() }
        #expect(backOff.provingTime == .milliseconds(6400))
    }
}
#endif

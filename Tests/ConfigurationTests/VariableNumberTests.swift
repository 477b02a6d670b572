import Testing

@testable import NodeConfiguration

@Suite struct `Numbers that variables are compared with` {
    @Test(arguments: [
        ("-- -1", -1 ... -1), ("-- -1 3", -1 ... -1), ("3", 3...3), ("-- -1:5", -1...5),
        ("0:5", 0...5), (":5", Int.min...5), (":-1", Int.min ... -1), ("5:", 5...Int.max),
        ("le -1", Int.min ... -1), ("lt -1", Int.min ... -2), ("lt 0", Int.min ... -1),
        ("le 5", Int.min...5), ("ge -1", -1...Int.max), ("gt -1", 0...Int.max),
        ("eq -1", -1 ... -1),
    ])
    func `have no least one, and -1 is one of them`(text: String, range: ClosedRange<Int>) {
        let loaded = load(
            proxy(
                """
                tcp-request connection set-var(sess.x) src_port
                tcp-request connection reject if { var(sess.x) -m int \(text) }
                """))
        #expect(loaded.diagnostics.isEmpty)
        let rules = loaded.model?.frontends[0].rules.connection
        let question = rules?.last?.condition.alternatives[0][0].questions.first
        guard case .variable(_, .numbers(let ranges))? = question else {
            Issue.record("\(text) is read as \(String(describing: question))")
            return
        }
        #expect(ranges.first == range)
    }
}

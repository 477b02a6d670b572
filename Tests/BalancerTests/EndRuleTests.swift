import Balancer
import LinuxIO
import Testing

@Suite struct `Rules asked of the ends of a connection alone` {
    private let inside = Question.source(
        PrefixTable([.init(IPEndpoint(ipv4: 0x0a00_0000, port: 0), length: 8)]))
    private let near = IPEndpoint(ipv4: 0x0a01_0203, port: 1000)
    private let far = IPEndpoint(ipv4: 0xc000_0201, port: 2000)
    private let server = IPEndpoint(ipv4: 0xc000_02ff, port: 80)

    private func verdicts(_ change: (inout RulePlan) -> Void) -> [Bool] {
        var plan = RulePlan()
        change(&plan)
        return [near, far].map { plan.admits($0, at: server) }
    }

    private func when(_ question: Question, isNot: Bool = false) -> Condition {
        Condition([[.init([question], isNegated: isNot)]])
    }

    @Test func `the first rule that holds decides, in each list`() {
        #expect(verdicts { _ in } == [true, true])
        #expect(
            verdicts { $0.connection = [Rule(.reject, if: when(inside, isNot: true))] }
                == [true, false])
        #expect(
            verdicts { $0.connection = [Rule(.accept, if: when(inside)), Rule(.reject)] }
                == [true, false])
        // What one list accepts another one may still refuse.
        #expect(
            verdicts {
                $0.connection = [Rule(.accept)]
                $0.session = [Rule(.reject, if: when(.sourcePort([2000...2000])))]
            } == [true, false])
        #expect(
            verdicts { $0.content = [Rule(.reject, if: when(.destinationPort([80...80])))] }
                == [false, false])
    }

    @Test func `conditions are and, or, not and unless`() {
        let low = Question.sourcePort([0...1500])
        let both = Condition([[.init([inside]), .init([low])]])
        let either = Condition([[.init([inside])], [.init([.constant(true)])]])
        #expect(verdicts { $0.connection = [Rule(.reject, if: both)] } == [false, true])
        #expect(verdicts { $0.connection = [Rule(.reject, if: either)] } == [false, false])
        let unless = Condition([[.init([inside])]], isNegated: true)
        #expect(verdicts { $0.connection = [Rule(.reject, if: unless)] } == [true, false])
    }

    @Test func `what the ends do not tell admits nobody`() {
        #expect(
            verdicts { $0.content = [Rule(.accept, if: when(.waitIsOver))] } == [false, false])
    }
}

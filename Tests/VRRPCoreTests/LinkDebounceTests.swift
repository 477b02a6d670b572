import Testing
import VRRPCore

@Suite struct `Delays of an interface` {
    private let delays = LinkDelays(down: .seconds(2), up: .seconds(5))

    @Test func `a change counts once it has lasted`() {
        var link = LinkDebounce(isUp: true, delays: delays, at: second(100))
        #expect(link.isUp)
        link.observe(isUp: false, delays: delays, at: second(101))
        #expect(link.isUp)
        #expect(link.changesAt == second(103))
        link.observe(isUp: false, delays: delays, at: nanosecond(102_999_999_999))
        #expect(link.isUp)
        #expect(link.changesAt == second(103))
        link.observe(isUp: false, delays: delays, at: second(103))
        #expect(!link.isUp)
        #expect(link.changesAt == nil)
        link.observe(isUp: true, delays: delays, at: second(104))
        #expect(link.changesAt == second(109))
        link.observe(isUp: true, delays: delays, at: second(109))
        #expect(link.isUp)
    }

    @Test func `who changes back has not changed, and begins anew`() {
        var link = LinkDebounce(isUp: true, delays: delays, at: second(100))
        link.observe(isUp: false, delays: delays, at: second(101))
        link.observe(isUp: true, delays: delays, at: second(102))
        #expect(link.changesAt == nil)
        link.observe(isUp: false, delays: delays, at: second(102.5))
        #expect(link.isUp)
        #expect(link.changesAt == second(104.5))
    }

    @Test func `without a delay a change counts at once`() {
        let none = LinkDelays(down: .zero, up: .zero)
        var link = LinkDebounce(isUp: true, delays: none, at: second(0))
        #expect(link.isUp)
        link.observe(isUp: false, delays: none, at: second(1))
        #expect(!link.isUp)
    }

    @Test func `right after the start of the host, an interface has just come up`() {
        var link = LinkDebounce(isUp: true, delays: delays, at: second(3))
        #expect(!link.isUp)
        #expect(link.changesAt == second(5))
        link.observe(isUp: true, delays: delays, at: second(5))
        #expect(link.isUp)
        #expect(LinkDebounce(isUp: true, delays: delays, at: second(5)).isUp)
        #expect(!LinkDebounce(isUp: false, delays: delays, at: second(60)).isUp)
    }
}

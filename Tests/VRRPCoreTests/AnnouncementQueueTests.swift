import Testing
import VRRPCore

private func announcement(
    _ last: UInt8, _ isInBothForms: Bool = false
)
    -> AnnouncementQueue.Announcement
{
    .init(of: .v4(IPv4Address(192, 0, 2, last)), isInBothForms: isInBothForms)
}

@Suite struct `Announcements that take turns` {
    @Test func `each leaves after the spacing, in order`() {
        var queue = AnnouncementQueue(spacing: .milliseconds(20))
        #expect(queue.isEmpty)
        #expect(queue.nextWake == nil)
        queue.add(announcement(1, true))
        queue.add(announcement(2))
        #expect(queue.next(at: second(10)) == announcement(1, true))
        #expect(queue.nextWake == second(10.02))
        #expect(queue.next(at: nanosecond(10_019_999_999)) == nil)
        #expect(queue.next(at: second(10.02)) == announcement(2))
        #expect(queue.isEmpty)
        // Also from a burst that has ended.
        queue.add(announcement(3))
        #expect(queue.nextWake == second(10.04))
        #expect(queue.next(at: second(10.03)) == nil)
        #expect(queue.next(at: second(11)) == announcement(3))
        #expect(queue.next(at: second(12)) == nil)
    }

    @Test func `what is given up does not leave`() {
        var queue = AnnouncementQueue(spacing: .milliseconds(20))
        for number in [1, 2, 3, 2] as [UInt8] { queue.add(announcement(number)) }
        _ = queue.next(at: second(10))
        queue.withdraw([.v4(IPv4Address(192, 0, 2, 2))])
        #expect(queue.next(at: second(11)) == announcement(3))
        #expect(queue.isEmpty)
    }
}

import Testing
import VRRPCore

@Suite struct `Epochs of notified states` {
    @Test func `the real time, as long as it goes forward`() {
        var epoch = NotificationEpoch()
        let numbers = [1_700_000_000_000_000, 1_700_000_000_000_007].map {
            epoch.next(realTime: $0)
        }
        #expect(numbers == [1_700_000_000_000_000, 1_700_000_000_000_007])
    }

    @Test func `one more than the last when the clock stands or was set back`() {
        var epoch = NotificationEpoch()
        let numbers = [500, 500, 100, 501, 504].map { epoch.next(realTime: $0) }
        #expect(numbers == [500, 501, 502, 503, 504])
    }
}

import VRRPCore

/// One step of the election: what a router does for an advertisement, and for its timer.
struct Election {
    let plan: Plan
    let report: Report

    func run() {
        report.add(
            "election: one step",
            [
                row("Backup, an advertisement of the Active router", makeRouter(priority: 100)) {
                    .received(self.advertisement(priority: 200), from: .v4(self.peer))
                },
                row("Active, an advertisement of a lower priority", makeActive(priority: 200)) {
                    .received(self.advertisement(priority: 100), from: .v4(self.peer))
                },
                row("Active, its timer", makeActive(priority: 200)) { .wake },
            ])
    }

    private func row(
        _ work: String, _ start: VirtualRouter, _ event: () -> VirtualRouter.Event
    ) -> Row {
        let event = event()
        let (time, check) = plan.time { count in
            var router = start
            var now = Instant(nanoseconds: 10_000_000_000)
            var sum: UInt64 = 0
            for _ in 0..<count {
                now = now + .seconds(1)
                let actions = router.handle(event, at: now)
                sum = fold(sum, UInt64(actions.count))
            }
            return fold(sum, router.role == .active ? 2 : router.role == .backup ? 1 : 0)
        }
        return Row(benchmark: "election", work: work, summaries: [time], check: check)
    }

    private func makeRouter(priority: UInt8) -> VirtualRouter {
        let advertisement = advertisement(priority: priority)
        var router = VirtualRouter(
            configuration: VirtualRouter.Configuration(
                vrid: advertisement.vrid, priority: advertisement.priority,
                interval: advertisement.interval, primaryAddress: IPv4Address(172, 17, 0, 6),
                addresses: advertisement.addresses))
        _ = router.handle(.startup, at: Instant(nanoseconds: 0))
        return router
    }

    private func makeActive(priority: UInt8) -> VirtualRouter {
        var router = makeRouter(priority: priority)
        // Past the takeover and the second burst of announcements.
        for second in [4, 10] as [Int64] {
            _ = router.handle(.wake, at: Instant(nanoseconds: second * 1_000_000_000))
        }
        return router
    }

    private func advertisement(priority: UInt8) -> Advertisement {
        guard let vrid = VRID(51) else { preconditionFailure("51 is a VRID") }
        return Advertisement(
            vrid: vrid, priority: Priority(rawValue: priority), interval: .v3(.oneSecond),
            addresses: VirtualAddressList(IPv4Address(172, 17, 0, 5)))
    }

    private var peer: IPv4Address { IPv4Address(172, 17, 0, 7) }
}

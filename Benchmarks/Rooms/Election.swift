import VRRPCore

/// One step of the election: what a router does for an advertisement, and for its timer.
struct Election {
    let plan: Plan
    let report: Report

    func run() {
        report.add(
            "election: one step",
            [
                row(
                    "Backup, an advertisement of the Active router", makeRouter(priority: 100),
                    hears: 200),
                row(
                    "Active, its timer and an advertisement of a lower priority",
                    makeActive(priority: 200), hears: 100),
                row("Active, its timer", makeActive(priority: 200), hears: nil),
            ])
    }

    /// Each second: the timer if it is due, and half a second later what is heard.
    ///
    /// Nobody is ever late, since a router that stood still does something else.
    private func row(_ work: String, _ start: VirtualRouter, hears number: UInt8?) -> Row {
        let heard = number.map {
            VirtualRouter.Event.received(advertisement(priority: $0), from: .v4(peer))
        }
        let (time, check) = plan.time { count in
            var router = start
            var now = Self.beginning
            var sum: UInt64 = 0
            for _ in 0..<count {
                now = now + .milliseconds(500)
                if let heard { sum = fold(sum, UInt64(router.handle(heard, at: now).count)) }
                now = now + .milliseconds(500)
                while let due = router.nextWake, due <= now {
                    sum = fold(sum, UInt64(router.handle(.wake, at: due).count))
                }
            }
            return fold(sum, router.role == .active ? 2 : router.role == .backup ? 1 : 0)
        }
        return Row(benchmark: "election", work: work, summaries: [time], check: check)
    }

    /// When the routers have been made.
    private static let beginning = Instant(nanoseconds: 20_000_000_000)

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
        while let due = router.nextWake, due <= Self.beginning { _ = router.handle(.wake, at: due) }
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

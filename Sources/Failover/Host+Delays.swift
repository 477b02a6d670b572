internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// An interface whose change does not count yet (`interface_up_down_delays`).
public struct SettlingLink: Hashable, Sendable {
    /// The interface.
    public var name: String
    /// What it will count as.
    public var isUp: Bool
    /// How long it still has to stay so.
    public var remaining: Duration
}

extension Host {
    /// Whether an interface counts as up, where a change has to last.
    ///
    /// - Parameters:
    ///   - name: The interface.
    ///   - isRunning: What the kernel says.
    /// - Returns: `nil` where changes count at once.
    func settledState(of name: String, isRunning: Bool) -> Bool? {
        guard let delays = uses.delays[name] else {
            debounces[name] = nil
            return nil
        }
        let now = Instant.now
        var debounce = debounces[name] ?? LinkDebounce(isUp: isRunning, delays: delays, at: now)
        debounce.observe(isUp: isRunning, delays: delays, at: now)
        debounces[name] = debounce
        return debounce.isUp
    }

    /// Looks at the interfaces again when the next change counts.
    func waitForSettling() {
        let due = debounces.values.compactMap(\.changesAt).min()
        guard due != settling?.due else { return }
        if let settling { loop.cancel(settling.deadline) }
        settling = due.map { due in
            let wake = MonotonicInstant(nanoseconds: due.nanoseconds)
            let deadline = loop.schedule(at: wake) { [weak self] in
                self?.settling = nil
                self?.refreshAndTell()
            }
            return (due, deadline)
        }
    }

    /// The interfaces among these whose change does not count yet.
    func settlingLinks(among names: some Sequence<String>) -> [SettlingLink] {
        names.compactMap { name in
            guard let debounce = debounces[name], let due = debounce.changesAt else { return nil }
            return SettlingLink(
                name: name, isUp: !debounce.isUp, remaining: max(.zero, due - .now))
        }
    }
}

extension FailoverConfiguration {
    /// The delays that are kept: those of an interface's going down end before a peer would take
    /// over, which hears nothing meanwhile.
    var keptDelays: [String: LinkDelays] {
        var kept = linkDelays
        for router in routers {
            guard var delays = kept[router.interface] ?? linkDelays[router.interface] else {
                continue
            }
            let silence = router.interval.duration * max(0, router.lostAdvertisements - 1)
            delays.down = min(delays.down, silence)
            kept[router.interface] = delays
        }
        // A link with a virtual hardware address is up and down with the one below.
        for router in routers where router.sender != router.interface {
            kept[router.sender] = kept[router.interface]
        }
        return kept
    }
}

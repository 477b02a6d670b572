internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// The least time between two announcements on one interface; zero: none.
public struct AnnouncementSpacing: Hashable, Sendable {
    /// Between gratuitous ARPs (`vrrp_garp_interval`).
    public var ipv4 = Duration.zero
    /// Between unsolicited Neighbor Advertisements (`vrrp_gna_interval`).
    public var ipv6 = Duration.zero

    /// Makes announcements without a pause.
    public init() {}

    func of(_ family: AddressFamily) -> Duration { family == .ipv4 ? ipv4 : ipv6 }
}

/// Announcements that wait for each other.
struct AnnouncementLane: Hashable {
    let interface: String
    let family: AddressFamily
}

extension Host {
    /// Announces an address when it is its turn on the interface, where turns are taken.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - name: The interface.
    ///   - inBothForms: Whether hosts are told too that heed a reply only.
    /// - Throws: `HostError`, if it was its turn at once.
    func announceInTurn(
        _ address: IPAddress, on name: String, inBothForms: Bool
    ) throws(HostError) {
        let spacing = announcementSpacing.of(address.family)
        guard spacing > .zero else {
            try announce(address, on: name, inBothForms: inBothForms)
            return emit(.announced(address, interface: name))
        }
        let lane = AnnouncementLane(interface: name, family: address.family)
        var queue = announcements[lane] ?? AnnouncementQueue(spacing: spacing)
        queue.spacing = spacing
        queue.add(.init(of: address, isInBothForms: inBothForms))
        announcements[lane] = queue
        setAnnouncementTimer()
    }

    /// Forgets the announcements that wait of an address.
    func withdrawAnnouncements(of addresses: some Sequence<IPAddress>, on name: String) {
        let addresses = Set(addresses)
        for lane in announcements.keys where lane.interface == name {
            announcements[lane]?.withdraw(addresses)
        }
    }

    private func setAnnouncementTimer() {
        guard let due = announcements.values.compactMap(\.nextWake).min() else { return }
        if let announcementTimer {
            // Another interface's turn may be earlier than that which is waited for.
            guard due < announcementTimer.due else { return }
            loop.cancel(announcementTimer.deadline)
        }
        let wake = max(MonotonicInstant(nanoseconds: due.nanoseconds), loop.now)
        let deadline = loop.schedule(at: wake) { [weak self] in
            guard let self else { return }
            announcementTimer = nil
            makeDueAnnouncements()
            setAnnouncementTimer()
        }
        announcementTimer = (due, deadline)
    }

    private func makeDueAnnouncements() {
        for lane in announcements.keys {
            guard let next = announcements[lane]?.next(at: .now) else { continue }
            do throws(HostError) {
                try announce(
                    next.address, on: lane.interface, inBothForms: next.isInBothForms)
                emit(.announced(next.address, interface: lane.interface))
            } catch { emit(.failed(error)) }
        }
        announcements = announcements.filter { !$0.value.isEmpty }
    }
}

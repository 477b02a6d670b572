/// What is told of virtual routers.
enum RouterMetrics {
    /// Of each one.
    static let families: [MetricFamily<VirtualRouterStatus>] =
        [
            // keepalived's numbers, as in its JSON.
            .number(.gauge, "state", "0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT") { $0.state.number },
            .number(.gauge, "priority", "The priority, with what trackers add and subtract") {
                $0.effectivePriority
            },
            .number(.gauge, "base_priority", "The priority in the configuration") {
                $0.basePriority
            },
            .one(
                .gauge, "lbctl_vrrp_advertisement_interval_seconds", "Time between advertisements"
            ) { .milliseconds($0.advertisementInterval) },
            .one(
                .gauge, "lbctl_vrrp_last_transition_timestamp_seconds",
                "When the state last changed, in seconds since 1970"
            ) { $0.lastTransition.map(MetricValue.number) },
            .several(
                .gauge, "lbctl_vrrp_address_held", "Whether this node holds the address",
                by: "address"
            ) { router in
                router.addresses.eachOnce.map { ($0, router.state == .active ? 1 : 0) }
            },
            .several(
                .gauge, "lbctl_vrrp_active_peer",
                "1 for the other node that is Active, where one is known", by: "peer"
            ) { router in router.activePeer.map { [($0, 1)] } ?? [] },
        ] + counters

    private static let counters: [MetricFamily<VirtualRouterStatus>] = [
        .count("advertisements_sent", "Advertisements sent", \.advertisementsSent),
        .count(
            "advertisements_echoed",
            "Advertisements sent in the form of routers that would drop this one's",
            \.advertisementsEchoed),
        .count(
            "advertisements_not_sent", "Advertisements that the system did not take",
            \.advertisementsNotSent),
        .count(
            "advertisements_received", "Advertisements received and accepted",
            \.advertisementsReceived),
        .count("priority_zero_sent", "Priority 0 sent", \.priorityZeroSent),
        .count("priority_zero_received", "Priority 0 received", \.priorityZeroReceived),
        .several(
            .counter, "lbctl_vrrp_refused_total", "Advertisements that were not accepted",
            by: "cause"
        ) { $0.counters.rejected.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } },
        .count(
            "inferiors_heard", "Advertisements of lower priority heard while Active",
            \.inferiorsHeard),
        .count(
            "conflicts_won", "Conflicts with another Active router that this one won",
            \.conflictsWon),
        .count("became_active", "Times that it became Active", \.becameActive),
        .count("released_active", "Times that it stopped being Active", \.releasedActive),
        .count("gave_way", "Times that it gave way though it could take part", \.gaveWay),
        .count(
            "addresses_restored", "Addresses put back after somebody took them off",
            \.addressesRestored),
        .count(
            "routes_restored", "Routes and rules put back after somebody removed them",
            \.routesRestored),
    ]

    /// Of what a router's priority or state depends on.
    static let trackers: [MetricFamily<TrackerStatus>] = [
        .one(
            .gauge, "lbctl_vrrp_tracker_good",
            "Whether what is tracked is as it should be, once that is known"
        ) { $0.isGood.map { .number($0 ? 1 : 0) } }
    ]

    /// Of what the routers share.
    static let election: [MetricFamily<ElectionStatus>] = [
        .several(
            .counter, "lbctl_vrrp_strays_total", "VRRP packets for no virtual router of this node",
            by: "cause"
        ) { $0.strays.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } },
        .one(
            .counter, "lbctl_election_stalls_total",
            "Times that an election was woken so late that peers may have noticed"
        ) { .number($0.stalls) },
    ]
}

extension MetricFamily<VirtualRouterStatus> {
    fileprivate static func number(
        _ kind: MetricKind, _ name: String, _ help: String,
        _ value: @escaping @Sendable (VirtualRouterStatus) -> Int
    ) -> MetricFamily { one(kind, "lbctl_vrrp_\(name)", help) { .number(value($0)) } }

    fileprivate static func count(
        _ name: String, _ help: String,
        _ value: @escaping @Sendable (VirtualRouterCounters) -> Int
    ) -> MetricFamily { number(.counter, "\(name)_total", help) { value($0.counters) } }
}

extension VirtualRouterStatus.State {
    fileprivate var number: Int {
        switch self {
        case .initialize: 0
        case .backup: 1
        case .active: 2
        case .fault: 3
        }
    }
}

extension [String] {
    /// Each once: two samples with the same labels would spoil all others.
    fileprivate var eachOnce: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}

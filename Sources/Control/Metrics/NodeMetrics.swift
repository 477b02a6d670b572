/// The node's figures as Prometheus reads them: the proxies' under the names of haproxy's exporter,
/// what haproxy does not have under `lbctl_`.
public enum NodeMetrics {
    /// The media type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Writes all families.
    ///
    /// - Parameter status: What to write.
    /// - Returns: UTF-8 text; the same bytes for equal statuses.
    public static func render(_ status: NodeStatus) -> [UInt8] {
        var text = MetricsText()
        node.write([(MetricLabels(), status)], to: &text)
        let proxies = status.proxies.map { (labels: MetricLabels(["proxy": $0.name]), value: $0) }
        writeProxies(proxies, to: &text)
        writePeers(of: status, to: &text)
        let routers = status.virtualRouters.map { router in
            (
                labels: MetricLabels([
                    "router": router.name, "vrid": "\(router.vrid)",
                    "interface": router.interface,
                ]), value: router
            )
        }
        RouterMetrics.families.write(routers, to: &text)
        RouterMetrics.trackers.write(
            routers.parts(\.trackers) { labels, tracker in
                let labels = labels.adding("tracker", tracker.name)
                return tracker.owner.map { labels.adding("owner", $0) } ?? labels
            }, to: &text)
        RouterMetrics.election.write(
            status.election.map { [(MetricLabels(), $0)] } ?? [], to: &text)
        return text.bytes
    }

    private static func writeProxies(
        _ proxies: [(labels: MetricLabels, value: ProxyStatus)], to text: inout MetricsText
    ) {
        ProxyMetrics.frontends.write(proxies.part(\.frontend), to: &text)
        ProxyMetrics.listeners.write(
            proxies.part(\.frontend).parts(\.shownListeners) {
                $0.adding("listener", $1.name)
            }, to: &text)
        let pools = proxies.filter { $0.value.backend != nil }
        ProxyMetrics.backends.write(pools, to: &text)
        pools.part(\.backend?.queueTimes).write(
            "lbctl_backend_queue_seconds", "How long connections waited for a server", to: &text)
        pools.part(\.backend?.connectTimes).write(
            "lbctl_backend_connect_seconds", "How long it took to connect to servers", to: &text)
        pools.part(\.backend?.sessionTimes).write(
            "lbctl_backend_session_seconds", "How long connections lasted", to: &text)
        ProxyMetrics.servers.write(
            pools.parts(\.servers) { $0.adding("server", $1.name) }, to: &text)
        stickTables.write(
            proxies.compactMap { _, proxy in
                proxy.table.map {
                    (MetricLabels(["name": proxy.name, "type": $0.type]), $0)
                }
            }, to: &text)
    }

    private static func writePeers(of status: NodeStatus, to text: inout MetricsText) {
        let sections = status.proxies.map { (labels: MetricLabels(["peers": $0.name]), value: $0) }
            .part(\.peers)
        let peers = sections.parts(\.peers) { $0.adding("peer", $1.name) }
        PeerMetrics.process.write([(MetricLabels(), status)], to: &text)
        PeerMetrics.sections.write(sections, to: &text)
        PeerMetrics.peers.write(peers, to: &text)
        PeerMetrics.tables.write(
            peers.parts(\.tables) { $0.adding("table", $1.name) }, to: &text)
    }

    private static let node: [MetricFamily<NodeStatus>] = [
        .one(
            .gauge, "haproxy_process_uptime_seconds",
            "Time since the process that relays connections started"
        ) { .number($0.balancer.uptime ?? $0.program.uptime) },
        .one(
            .gauge, "haproxy_process_max_connections", "How many connections there may be at a time"
        ) { $0.balancer.connectionLimit.map(MetricValue.number) },
        .one(.gauge, "haproxy_process_current_connections", "Connections now") {
            .number($0.proxies.reduce(0) { $0 + ($1.frontend?.traffic.sessions ?? 0) })
        },
        .several(.gauge, "lbctl_build_info", "The release, always 1", by: "version") {
            [($0.program.version, 1)]
        },
        .one(.gauge, "lbctl_uptime_seconds", "Time since the program started") {
            .number($0.program.uptime)
        },
        .one(
            .counter, "lbctl_balancer_restarts_total",
            "Times that the process that relays connections ended by itself"
        ) { .number($0.balancer.restarts) },
    ]

    private static let stickTables: [MetricFamily<StickTableStatus>] = [
        .one(.gauge, "haproxy_sticktable_size", "How many keys it has room for") {
            .number($0.size)
        },
        .one(.gauge, "haproxy_sticktable_used", "How many keys it remembers") {
            .number($0.used)
        },
    ]
}

extension Array {
    /// Writes families about the same things, one after the other.
    fileprivate func write<Subject>(
        _ subjects: [(labels: MetricLabels, value: Subject)], to text: inout MetricsText
    ) where Element == MetricFamily<Subject> {
        let subjects = subjects.unique()
        for family in self { family.write(subjects, to: &text) }
    }

    /// A part that each has or not.
    fileprivate func part<Subject, Part>(
        _ part: (Subject) -> Part?
    ) -> [(labels: MetricLabels, value: Part)]
    where Element == (labels: MetricLabels, value: Subject) {
        compactMap { labels, subject in part(subject).map { (labels, $0) } }
    }

    /// The parts of all, with labels of their own.
    fileprivate func parts<Subject, Part>(
        _ parts: (Subject) -> [Part], _ labels: (MetricLabels, Part) -> MetricLabels
    ) -> [(labels: MetricLabels, value: Part)]
    where Element == (labels: MetricLabels, value: Subject) {
        flatMap { element in
            parts(element.value).map { (labels(element.labels, $0), $0) }
        }
    }
}

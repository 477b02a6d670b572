/// What is told of nodes that keep tables in common; haproxy's exporter has their number alone.
enum PeerMetrics {
    static let process: [MetricFamily<NodeStatus>] = [
        .one(
            .gauge, "haproxy_process_connected_peers",
            "Nodes that tables are kept in common with and that are connected"
        ) { status in
            let sections = status.proxies.compactMap(\.peers)
            guard !sections.isEmpty else { return nil }
            return .number(sections.reduce(0) { $0 + $1.peers.count { $0.isConnected } })
        }
    ]

    static let sections: [MetricFamily<TablePeersStatus>] = [
        .one(
            .gauge, "lbctl_peers_complete", "Whether this node has learned what its peers know"
        ) { .number($0.isComplete ? 1 : 0) }
    ]

    static let peers: [MetricFamily<TablePeersStatus.Peer>] = [
        .one(.gauge, "lbctl_peer_connected", "Whether the peer is connected") {
            .number($0.isConnected ? 1 : 0)
        },
        .one(
            .gauge, "lbctl_peer_synchronised",
            "Whether the peer is connected and has acknowledged all changes"
        ) { .number($0.isSynchronised ? 1 : 0) },
        .one(.counter, "lbctl_peer_sessions_total", "Times that the peer was connected") {
            .number($0.sessions)
        },
        .one(.counter, "lbctl_peer_messages_received_total", "Messages from the peer") {
            .number($0.messagesIn)
        },
        .one(.counter, "lbctl_peer_messages_sent_total", "Messages to the peer") {
            .number($0.messagesOut)
        },
    ]

    static let tables: [MetricFamily<TablePeersStatus.Table>] = [
        .one(
            .counter, "lbctl_peer_updates_received_total", "Updates of a table from the peer"
        ) { .number($0.learned) },
        .one(.counter, "lbctl_peer_updates_sent_total", "Updates of a table to the peer") {
            .number($0.sent)
        },
    ]
}

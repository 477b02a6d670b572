import VRRPCore

/// A section in `mode udp`, an addition to haproxy's language.
extension HAProxySection {
    /// What a section in mode udp cannot do.
    func refuseStreamWords(_ remarks: inout [Remark]) {
        for (listener, position) in listeners {
            for word in [listener.headerWord, listener.tls.map { _ in "ssl" }].compactMap(\.self) {
                remarks.append(
                    .error("'\(word)' is for connections, not for mode udp", at: position))
            }
            for option in listener.streamOptions {
                remarks.append(
                    .warning("'bind … \(option)' has no effect in mode udp", at: position))
            }
            guard case .internet(let address, _) = listener.endpoint else {
                remarks.append(
                    .error(
                        "\(listener.endpoint): mode udp needs an address and a port", at: position))
                continue
            }
            if address == nil || address == .v6(.unspecified) {
                remarks.append(
                    .warning(
                        "answers leave by the address that the kernel chooses, which a client may"
                            + " not expect: listen on the address itself", at: position))
            }
        }
        if !routing.rules.isEmpty {
            remarks.append(
                .error(
                    "\(name.text.quoted): 'tcp-request' and 'use_backend' are for connections, not"
                        + " for mode udp", at: name.position))
        }
        if case .hash(let key) = settings.algorithm, key.needsContent {
            remarks.append(
                .error(
                    "\(name.text.quoted): 'balance' by \(key.name) is for connections, not for mode udp",
                    at: name.position))
        }
        refuseStreamServers(&remarks)
        for word in Self.refusedForDatagrams {
            // A bound from 'defaults' is not there for whoever may want it.
            let isInherited =
                word.hasSuffix("per-source") && kind != .backend
                && settings.frontendLimits.sessionRatePerSource != nil
            guard let position = written[word] ?? (isInherited ? name.position : nil) else {
                continue
            }
            remarks.append(
                .error("\(word.quoted) is for connections, not for mode udp", at: position))
        }
        warn(of: Self.idleForDatagrams, "has no effect in mode udp", &remarks)
    }

    /// What a server in mode udp cannot have.
    func refuseStreamServers(_ remarks: inout [Remark]) {
        let portless = servers.filter(\.lacksPlace)
        for server in servers where server.connection.header != .none || portless.contains(server) {
            remarks.append(
                .error(
                    "server \(server.name.quoted): mode udp needs an address and a port, and sends"
                        + " no PROXY header", at: name.position))
        }
        for word in Set(servers.flatMap(\.connection.streamOptions)).sorted() {
            remarks.append(
                .warning("'server … \(word)' has no effect in mode udp", at: name.position))
        }
    }

    /// What would decide who is served, or by whom: it must not be lost.
    private static let refusedForDatagrams = [
        "force-persist", "ignore-persist", "persist", "rate-limit sessions-per-source", "stick",
        "stick-table", "use-server",
    ]

    /// What only sockets of connections have.
    private static let idleForDatagrams: Set<String> = [
        "backlog", "option abortonclose", "option clitcpka", "option nolinger", "option persist",
        "option srvtcpka", "option tcp-smart-accept", "option tcp-smart-connect", "option tcpka",
        "timeout client-fin", "timeout client-hs", "timeout server-fin",
    ]

    /// Ends flows whose time-outs are not said, or for ever: nothing else does.
    mutating func boundFlows(_ remarks: inout [Remark]) {
        var missing: [String] = []
        if kind != .backend, settings.clientTimeout.unlessZero == nil {
            settings.clientTimeout = Self.usualFlowTimeout
            missing.append("'timeout client'")
        }
        if kind != .frontend, settings.serverTimeout.unlessZero == nil {
            settings.serverTimeout = Self.usualFlowTimeout
            missing.append("'timeout server'")
        }
        guard !missing.isEmpty else { return }
        remarks.append(
            .warning(
                "\(name.text.quoted) has no \(missing.joined(separator: ", no ")): its flows end"
                    + " after 30s without a datagram, because nothing else ends them",
                at: name.position))
    }

    private static let usualFlowTimeout = Duration.seconds(30)
}

extension Listener {
    /// The options of `bind` that a socket of datagrams does not have.
    fileprivate var streamOptions: [String] {
        [
            ("backlog", backlog != nil), ("cc", congestionControl != nil),
            ("defer-accept", defersAccept),
            ("mss", segmentByteCount != nil), ("tcp-ut", userTimeout != nil), ("tfo", isFastOpen),
        ].filter(\.1).map(\.0)
    }
}

extension ServerConnection {
    /// Words of a server that only sockets of TCP know.
    fileprivate var streamOptions: [String] {
        [("cc", congestionControl != nil), ("tcp-ut", userTimeout != nil)].filter(\.1).map(\.0)
    }
}

extension Server {
    /// Whether it has no port, not even one that follows the client's, or no address.
    fileprivate var lacksPlace: Bool { port == 0 && portOffset == nil || address.isAnywhere }
}

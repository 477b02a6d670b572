import VRRPCore

extension ModelAssembler {
    /// Each server that another tracks is there, is checked or tracks in its turn, and no chain of
    /// them comes back to its beginning.
    mutating func checkTrackedServers() {
        var servers: [ServerReference: Server] = [:]
        for backend in draft.backends.map(\.value) {
            for server in backend.servers {
                servers[ServerReference(backend: backend.name, server: server.name)] = server
            }
        }
        for reference in draft.trackedServers {
            var seen: Set<ServerReference> = []
            var next = reference.value
            while let tracked = servers[next]?.health.tracked, seen.insert(next).inserted {
                next = tracked
            }
            guard let last = servers[next] else {
                report(
                    "track \(next.description.quoted): no server has this name",
                    at: reference.location,
                    suggestion: servers.keys.map(\.description).nearest(to: next.description))
                continue
            }
            guard last.health.tracked == nil else {
                report(
                    "track \(reference.value.description.quoted): the servers track each other in"
                        + " a circle", at: reference.location)
                continue
            }
            guard last.check == nil, last.health.agent == nil else { continue }
            report(
                "track \(next.description.quoted): the server is neither checked nor asked by an"
                    + " agent; give it 'check'", at: reference.location)
        }
    }

    /// What lines say of a client's first TLS message is known where a rule waits for it.
    mutating func checkLogFormats() {
        for frontend in draft.frontends where frontend.value.log.tellsHello {
            let rules = frontend.value.rules
            let names = Set([frontend.value.backendName] + rules.backendNames)
            let conditions =
                rules.content.map(\.condition) + rules.backends.map(\.condition)
                + draft.backends.filter { names.contains($0.value.name) }
                .flatMap(\.value.ruleConditions)
            let questions = conditions.flatMap { $0.alternatives.joined() }.flatMap(\.questions)
            guard !questions.contains(where: \.needsHello),
                !rules.content.contains(where: \.waitsForHello)
            else { continue }
            report(
                "log-format: what clients say by TLS is not known, because no rule waits for it; add"
                    + " 'tcp-request inspect-delay 5s' and 'tcp-request content accept if {"
                    + " req.ssl_hello_type 1 }'", at: frontend.location, as: .warning)
        }
    }

    /// A check by TCP needs a port, be it not the server's: of one that is a Unix socket, where the check
    /// is at another address, and of one whose port follows the client's.
    mutating func checkPorts() {
        for backend in draft.backends where backend.value.checks.method.needsPort {
            for server in backend.value.servers where server.port == 0 {
                guard let check = server.check, check.port == nil,
                    check.address != nil || server.portOffset != nil
                else { continue }
                let what = server.portOffset == nil ? "check at 'addr'" : "check"
                report(
                    "server \(server.name.quoted): it has no port of its own, so a \(what) needs"
                        + " 'port N'", at: location(of: server, in: backend))
            }
        }
    }

    /// Where a server's name is; where its section begins, if it has no line there.
    private func location(of server: Server, in backend: Placed<Backend>) -> Location {
        draft.serverLocations[
            ServerReference(backend: backend.value.name, server: server.name)] ?? backend.location
    }

    /// Checks and settles what only shows of servers once the sections around them are known.
    mutating func judgeServers() {
        checkPorts()
        checkPlaces()
        checkFollowers()
        settleVerification()
        judgeTLSLines()
    }

    /// A server that is where the client connected to has no address of its own to be asked at.
    mutating func checkPlaces() {
        for backend in draft.backends {
            for server in backend.value.servers where server.address.isAnywhere {
                var words: [String] = []
                if let check = server.check, check.address == nil,
                    backend.value.checks.method.needsPort
                {
                    words.append("'check' needs 'addr ADDRESS'")
                }
                if let agent = server.health.agent, agent.address == nil {
                    words.append("'agent-check' needs 'agent-addr ADDRESS'")
                }
                guard !words.isEmpty else { continue }
                report(
                    "server \(server.name.quoted): it is where each client connected to, so"
                        + " \(words.joined(separator: ", and "))",
                    at: location(of: server, in: backend))
            }
        }
    }

    /// Where a server follows from what its clients connected to, every port leads to one, and none back to
    /// the listener; whoever has come by another way, or is led by rules, is left to them.
    mutating func checkFollowers() {
        let backends = Dictionary(
            draft.backends.map { ($0.value.name, $0) }, uniquingKeysWith: { first, _ in first })
        for frontend in draft.frontends where !frontend.value.isDisabled {
            let rules = frontend.value.rules
            guard rules.backends.isEmpty, !rules.changesPort,
                let backend = backends[frontend.value.backendName]
            else { continue }
            let ends = frontend.value.listeners.compactMap {
                listener -> (port: Int, isOwn: Bool)? in
                guard listener.headerWord == nil,
                    case .internet(_, let port) = listener.endpoint
                else { return nil }
                return (Int(port), !listener.isTransparent)
            }
            let ports = ends.map(\.port)
            for server in backend.value.servers {
                let place = location(of: server, in: backend)
                if server.address.isAnywhere, !rules.changesAddress,
                    let end = ends.first(where: {
                        $0.isOwn && (server.portOffset ?? Int(server.port) - $0.port) == 0
                    })
                {
                    report(
                        "server \(server.name.quoted) of \(backend.value.name.quoted): it is where clients"
                            + " connected to, which for those of port \(end.port) is this listener, round"
                            + " and round, unless netfilter redirects them here; say elsewhere by"
                            + " 'transparent', 'accept-proxy' or 'set-dst'",
                        at: place, as: .warning)
                }
                guard let offset = server.portOffset,
                    let port = ports.first(where: { !(1...65_535).contains($0 + offset) })
                else { continue }
                report(
                    "server \(server.name.quoted) of \(backend.value.name.quoted): there is no port"
                        + " \(port + offset), which clients of port \(port) would be led to",
                    at: place, as: .warning)
            }
        }
    }

    /// Each section `resolvers` that a server names is there; that of the name `default` is there by
    /// itself, and asks the host's own name servers.
    mutating func checkResolverReferences() {
        let names = Set(draft.resolvers.map(\.value.name))
        for reference in draft.resolverReferences where !names.contains(reference.value) {
            if reference.value == "default" {
                guard !draft.resolvers.contains(where: { $0.value.name == "default" }) else {
                    continue
                }
                let host = ResolverSection.ofHost(name: "default")
                guard host.servers.isEmpty else {
                    draft.resolvers.append(Placed(value: host, location: reference.location))
                    continue
                }
            }
            report(
                "resolvers \(reference.value.quoted): no section has this name",
                at: reference.location, suggestion: names.nearest(to: reference.value))
        }
    }

    /// haproxy's configuration manual, `option external-check`.
    mutating func checkCommandChecks() {
        guard !draft.global.allowsCommandChecks else { return }
        for location in draft.commandChecks {
            report(
                "'option external-check' starts programs only where the global section says"
                    + " 'external-check'", at: location)
        }
    }

    /// keepalived's limits of `interface_up_down_delays`.
    mutating func checkInterfaceDelays() {
        refuseDuplicates(draft.interfaceDelays, by: \.interface) {
            "the delays of \($0.interface)"
        }
        for placed in draft.interfaceDelays {
            let delays = placed.value
            let users = draft.routers.map(\.value.settings).filter {
                $0.interface == delays.interface
            }
            let silences = users.map { ($0, $0.downDelayLimit) }
            guard let (router, limit) = silences.min(by: { $0.1 < $1.1 }), delays.down > limit
            else {
                continue
            }
            report(
                "interface_up_down_delays: \(delays.interface) counts as down after"
                    + " \(limit.inSeconds) s, since \(router.name)'s peers take over after that",
                at: placed.location, as: .warning)
        }
    }

    /// There are not more servers, listeners and paths than the balancer can number.
    mutating func checkCounts() {
        var (servers, listeners, paths) = (0, 0, 0)
        for backend in draft.backends {
            servers += backend.value.servers.count
            refuse(servers, adding: backend.value.servers.count, "servers", at: backend.location)
        }
        for frontend in draft.frontends where !frontend.value.isDisabled {
            let own = frontend.value.listeners.count
            listeners += own
            refuse(listeners, adding: own, "addresses to listen on", at: frontend.location)
            let names = frontend.value.rules.backendNames
            let pools = Set(names + [frontend.value.backendName]).count
            paths += pools
            refuse(paths, adding: pools, "ways from a frontend to a backend", at: frontend.location)
        }
    }

    /// Reports a section with which a count exceeds what there may be.
    private mutating func refuse(
        _ count: Int, adding added: Int, _ what: String, at location: Location
    ) {
        guard count > Model.mostPlaces, count - added <= Model.mostPlaces else { return }
        report(Model.complaint(of: count, what), at: location)
    }
}

extension ConnectionRules {
    /// Whether a rule may have clients come to another port than that of the listener.
    fileprivate var changesPort: Bool {
        (connection + session + content).contains { rule in
            switch rule.action {
            case .expectProxy, .setPort(.destination, _): true
            default: false
            }
        }
    }

    /// Whether a rule says that clients come to another address than that of the listener.
    fileprivate var changesAddress: Bool {
        (connection + session + content).contains { rule in
            if case .setAddress(.destination, _) = rule.action { true } else { false }
        }
    }
}

extension CheckMethod {
    /// Whether it goes to the check's port.
    fileprivate var needsPort: Bool {
        switch self {
        case .icmp, .command, .file: false
        case .script(let steps): !steps.allConnectToPorts
        case .http(let settings):
            settings.exchanges.contains { $0.connection?.port == nil }
        case .connection, .sslHello, .redis, .postgreSQL, .mySQL, .smtp, .ldap, .dns, .udp: true
        }
    }
}

extension [ScriptCheckStep] {
    /// Whether there are rules that connect, and each of them names a port.
    fileprivate var allConnectToPorts: Bool {
        let ports = compactMap { step -> UInt16?? in
            if case .connect(let connection) = step.action { connection.port } else { nil }
        }
        return !ports.isEmpty && ports.allSatisfy { $0 != nil }
    }
}

extension VirtualRouterSettings {
    /// How long its interface may be down before a peer, which hears nothing, is about to take over.
    fileprivate var downDelayLimit: Duration {
        advertisementInterval.duration * max(0, lostAdvertisements - 1)
    }
}

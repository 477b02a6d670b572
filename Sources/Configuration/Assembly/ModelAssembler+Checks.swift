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
            let names = frontend.value.rules.backends.map(\.backendName)
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
        report(
            "with this section there are \(count) \(what); all sections together may have"
                + " \(Model.mostPlaces)", at: location)
    }
}

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
            guard let (router, limit) = silences.min(by: { $0.1 < $1.1 }), delays.down > limit else {
                continue
            }
            report(
                "interface_up_down_delays: \(delays.interface) counts as down after"
                    + " \(limit.inSeconds) s, since \(router.name)'s peers take over after that",
                at: placed.location, as: .warning)
        }
    }
}

extension VirtualRouterSettings {
    /// How long its interface may be down before a peer, which hears nothing, is about to take over.
    fileprivate var downDelayLimit: Duration {
        advertisementInterval.duration * max(0, lostAdvertisements - 1)
    }
}

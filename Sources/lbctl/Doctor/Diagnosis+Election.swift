#if Program
internal import Failover
internal import NodeConfiguration
internal import VRRPCore

extension Diagnosis {
    /// Whether this process may do what an election needs.
    var rights: [Finding] {
        let refusals = [
            ("move addresses", facts.survey.movingRefusal, "CAP_NET_ADMIN"),
            ("send advertisements", facts.survey.packetRefusal, "CAP_NET_RAW"),
        ]
        let failures: [Finding] = refusals.compactMap { what, refusal, right in
            refusal.map {
                .fail("privileges", "may not \(what) (\($0))", "run as root, or with \(right)")
            }
        }
        return failures.isEmpty
            ? [.ok("privileges", "may move addresses and send advertisements")] : failures
    }

    /// What there is to say about one virtual router.
    func findings(_ router: VirtualRouterSettings) -> [Finding] {
        let place = facts.survey.routers.first { $0.name == router.name }
        let name = place?.interface ?? router.interface
        guard let interface = facts.survey.interfaces.first(where: { $0.name == name }) else {
            let known = facts.survey.interfaces.map(\.name).joined(separator: ", ")
            return [
                .fail(
                    router.name, "no interface '\(name)': it would be in fault",
                    "this host has \(known)")
            ]
        }
        let wrong = faults(of: router, on: interface, source: place?.source)
        let right = place?.source.map { "\(name) is up, and advertisements come from \($0)" }
        let isSound = !wrong.contains { $0.severity == .fail }
        return wrong + addressFindings(of: router, on: interface, source: place?.source)
            + (isSound ? right.map { [.ok(router.name, $0)] } ?? [] : [])
    }

    private func faults(
        of router: VirtualRouterSettings, on interface: HostSurvey.Interface, source: IPAddress?
    ) -> [Finding] {
        let name = interface.name
        var found: [Finding] = []
        func add(_ text: String, _ remedy: String) {
            found.append(.fail(router.name, text, remedy))
        }
        if !interface.isRunning {
            let down = Finding.fail(
                router.name,
                interface.isUp ? "\(name) has no carrier" : "\(name) is down",
                interface.isUp
                    ? "look at the cable, or at the other end" : "'ip link set \(name) up'")
            found.append(
                router.tracksOwnInterface ? down : .warn(router.name, down.text, down.remedy))
        }
        if router.family == .ipv6, facts.interfacesWithoutIPv6.contains(name) {
            add(
                "IPv6 is switched off on \(name)",
                "'sysctl -w net.ipv6.conf.\(name).disable_ipv6=0'")
        } else if source == nil {
            let kind = router.family == .ipv6 ? "IPv6 link-local" : "IPv4"
            add(
                "\(name) has no \(kind) address that stays there: nothing to advertise from",
                "give it one, or say which ('mcast_src_ip', 'unicast_src_ip')")
        } else if let wanted = router.sourceAddress,
            !interface.addresses.contains(where: { $0.address == wanted })
        {
            let text = "\(name) does not have the address \(wanted) that it is to advertise from"
            let remedy = "'ip address add \(wanted)/LENGTH dev \(name)'"
            if router.tracksSource || router.followsSource {
                add(text, remedy)
            } else {
                found.append(.warn(router.name, text, remedy))
            }
        }
        if router.family == .ipv4, facts.arpIgnore[name] == 8 {
            add(
                "arp_ignore is 8 on \(name): nobody would find the addresses",
                "'sysctl -w net.ipv4.conf.\(name).arp_ignore=0', and that of 'all'")
        }
        if case .multicast = router.transport, !interface.carriesMulticast {
            found.append(
                .warn(
                    router.name, "\(name) carries no multicast",
                    "'ip link set \(name) multicast on', or unicast_peer"))
        }
        return found + absentInterfaces(of: router)
    }

    /// Further interfaces that a virtual router names, and that are not there.
    private func absentInterfaces(of router: VirtualRouterSettings) -> [Finding] {
        let present = Set(facts.survey.interfaces.map(\.name))
        let holding = Set(router.heldAddresses.compactMap(\.interface)).subtracting(present)
        let found: [Finding] = holding.sorted().map {
            .fail(
                router.name, "no interface '\($0)' for its addresses",
                "make it, or name another one")
        }
        return found
            + router.trackedInterfaces.filter { !present.contains($0.name) }.map { tracked in
                let text = "no interface '\(tracked.name)', which it tracks: it counts as down"
                return tracked.weight == 0 && !tracked.isReversed
                    ? .fail(router.name, text, "make it, or track another one")
                    : .warn(router.name, text, "make it, or track another one")
            }
    }

    /// Virtual addresses that are there although nobody is Active.
    private func addressFindings(
        of router: VirtualRouterSettings, on own: HostSurvey.Interface, source: IPAddress?
    ) -> [Finding] {
        router.heldAddresses.flatMap { held in
            facts.survey.interfaces.compactMap { interface -> Finding? in
                guard let present = interface.addresses.first(where: { $0.address == held.address })
                else { return nil }
                let text = "\(held.address) is on \(interface.name)"
                if present.isOurs {
                    return isRunning
                        ? nil
                        : .warn(
                            router.name, "\(text), left behind by a run of lbctl that ended badly",
                            "the next start takes it off")
                }
                if held.address == source {
                    return router.priority == .owner
                        ? nil
                        : .warn(
                            router.name, "\(text) for good, and is what it advertises from",
                            "give \(interface.name) an address of its own, or the priority 255 of the"
                                + " addresses' owner")
                }
                // Without tags, nobody can tell whose it is.
                if isRunning, !facts.survey.knowsAddressTags { return nil }
                return .warn(
                    router.name, "\(text), put there by somebody else",
                    interface.name == (held.interface ?? own.name)
                        ? "the start takes it off: take it out of the host's network files, too"
                        : "'ip address del \(held.address)/LENGTH dev \(interface.name)'")
            }
        }
    }

    /// Links of a former run.
    var leftovers: [Finding] {
        guard !isRunning else { return [] }
        return facts.survey.madeLinks.map {
            .warn(
                "link \($0)", "left behind by a run of lbctl that ended badly",
                "the next start takes it away")
        }
    }

    /// Other programs that elect.
    var rivals: [Finding] {
        facts.rivals.map {
            .warn(
                "\($0)", "elects here too: two would hold the same addresses",
                "'systemctl disable --now \($0.name)'")
        }
    }

    /// What was heard of other nodes.
    var peers: [Finding] {
        if let refusal = facts.listeningRefusal {
            return [.warn("peers", "not listened to: \(refusal)", "run as root")]
        }
        guard let hearings = facts.hearings else { return [] }
        let silent: [Finding] = model.virtualRouters.map(\.name).filter { name in
            !hearings.contains { $0.router == name }
        }.map {
            .warn(
                $0, "heard no other node",
                "that is right while no other one is Active; who else should be heard is asked by"
                    + " 'lbctl monitor' there")
        }
        return silent + hearings.map(finding)
    }

    private func finding(_ hearing: PeerListener.Hearing) -> Finding {
        let (name, sender) = (hearing.router, hearing.sender)
        switch hearing.outcome {
        case .taken(let advertisement, let differences):
            let text = "hears \(sender), of priority \(advertisement.priority.rawValue)"
            guard differences.isEmpty else {
                return .warn(
                    name, "\(text); \(differences.joined(separator: ", "))",
                    "make both nodes' files agree")
            }
            return .ok(
                name,
                "\(text), and takes what it says; whether it hears this node, only"
                    + " 'lbctl doctor --listen' there can tell")
        case .refused(let refusal):
            return .fail(
                name, "refuses what \(sender) says: \(refusal)", "make both nodes' files agree")
        case .lost(let destination):
            return .fail(
                name,
                "what \(sender) sends to \(destination) comes to the interface, and not to the"
                    + " router",
                "a packet filter drops it ('nft list ruleset'), or the router listens elsewhere"
                    + " (multicast and unicast_peer)")
        }
    }
}

extension VirtualRouterSettings {
    /// All addresses that move with it.
    var heldAddresses: [VirtualAddress] { addresses + excludedAddresses }
}
#endif

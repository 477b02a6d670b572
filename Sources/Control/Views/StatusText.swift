/// The state of a node as a plain table, for `lbctl status`.
public enum StatusText {
    /// Writes the state of a node.
    ///
    /// - Parameters:
    ///   - status: What to write.
    ///   - colored: Whether states are coloured, for terminals.
    /// - Returns: Lines that end in a line feed.
    public static func render(_ status: NodeStatus, colored: Bool = false) -> String {
        var text = headline(of: status)
        if !status.virtualRouters.isEmpty {
            text += "\n" + routers(of: status).render(colored: colored)
            text += status.virtualRouters.map(dependencies(of:)).joined()
            text += status.syncGroups.map(members(of:)).joined()
            text += status.notificationPipes.map(losses(of:)).joined()
            text += (status.election?.lines ?? []).map { "  \(Readable.line($0))\n" }.joined()
        }
        if !status.proxies.isEmpty {
            text += "\n" + proxies(of: status).render(colored: colored)
            text += status.proxies.map(remarks(on:)).joined()
        }
        return text
    }

    private static func headline(of status: NodeStatus) -> String {
        let program = status.program
        var text = """
            \(Readable.line(status.node)): lbctl \(Readable.line(program.version)), \
            process \(program.processID), up \(Readable.time(seconds: program.uptime))

            """
        if let left = status.startupCountdown {
            text += "takes part in \(seconds(left))\n"
        }
        let balancer = status.balancer
        guard balancer.state != .none else { return text }
        text += "balancer: \(balancer.state.words)"
        if let process = balancer.processID { text += ", process \(process)" }
        if let uptime = balancer.uptime { text += ", up \(Readable.time(seconds: uptime))" }
        if let limit = balancer.connectionLimit { text += ", \(limit) connections at most" }
        if let ending = balancer.ending { text += ", \(ending) replaced and ending" }
        if balancer.restarts > 0 { text += ", restarted \(Readable.times(balancer.restarts))" }
        if let exit = balancer.lastExit { text += ", last ended: \(Readable.line(exit))" }
        return text + "\n"
    }

    static func routers(of status: NodeStatus) -> TextTable {
        var table = TextTable(
            ["VIRTUAL ROUTER", "STATE", "SINCE", "PRIORITY", "VRID", "INTERFACE", "ADDRESSES"],
            rightAligned: [4])
        for router in status.virtualRouters {
            let priority =
                router.effectivePriority == router.basePriority
                ? "\(router.basePriority)"
                : "\(router.effectivePriority) (base \(router.basePriority))"
            table.add(
                [
                    router.name, router.stateWord,
                    router.lastTransition.map { Readable.time(seconds: status.time - $0) } ?? "-",
                    priority, "\(router.vrid)", router.interface,
                    router.addresses.joined(separator: " "),
                ], state: RowState(router.state))
        }
        return table
    }

    private static func dependencies(of router: VirtualRouterStatus) -> String {
        var text = ""
        if let peer = router.activePeer, router.state != .active {
            text += "  \(Readable.line(router.name)): \(Readable.line(peer)) is active\n"
        }
        for peer in router.peers {
            text += "  \(Readable.line(router.name)): peer \(Readable.line(peer.address)) "
            text += "\(Readable.line(peer.words))\n"
        }
        text += "  \(Readable.line(router.name)): \(router.counters.words)\n"
        for note in router.notes {
            text += "  \(Readable.line(router.name)): \(Readable.line(note))\n"
        }
        if let left = router.preemptionCountdown {
            text += "  \(Readable.line(router.name)): preempts in \(seconds(left))\n"
        }
        return text + trackers(router.trackers, of: router.name)
    }

    private static func members(of group: SyncGroupStatus) -> String {
        let members = group.members.map(Readable.line).joined(separator: " ")
        return "  sync group \(Readable.line(group.name)): \(group.stateWord), \(members)\n"
            + trackers(group.trackers, of: group.name)
    }

    private static func losses(of pipe: NotificationPipeStatus) -> String {
        guard pipe.lost > 0 else { return "" }
        return
            "  \(Readable.line(pipe.path)): lost \(pipe.lost) of \(pipe.written + pipe.lost) lines;"
            + " its reader is too slow, or it can't be written to\n"
    }

    /// Milliseconds as seconds with a decimal.
    private static func seconds(_ milliseconds: Int) -> String {
        "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
    }

    private static func trackers(_ trackers: [TrackerStatus], of name: String) -> String {
        var text = ""
        for tracker in trackers {
            let result = tracker.isGood.map { $0 ? "good" : "bad" } ?? "no result yet"
            let effect = tracker.weight == 0 ? "decides" : "weight \(tracker.weight)"
            let detail = tracker.detail.isEmpty ? "" : ": \(Readable.line(tracker.detail))"
            let owner = tracker.owner.map { " of \(Readable.line($0))" } ?? ""
            text += "  \(Readable.line(name)) tracks \(Readable.line(tracker.name))\(owner): "
            let time = tracker.runTime.map { " in \($0) ms" } ?? ""
            text += "\(result)\(time), \(effect)\(detail)\n"
        }
        return text
    }

    private static func proxies(of status: NodeStatus) -> TextTable {
        var table = TextTable(
            [
                "PROXY", "SERVER", "STATE", "CHECK", "WEIGHT", "SESSIONS", "TOTAL", "QUEUE", "IN",
                "OUT", "ERRORS",
            ], rightAligned: [4, 5, 6, 7, 8, 9, 10])
        for row in status.proxies.flatMap(\.rows) {
            table.add(
                [
                    row.proxy, row.name, row.status, row.check, row.weight.map { "\($0)" } ?? "-",
                    row.traffic.sessionWords, "\(row.traffic.sessionsTotal)",
                    row.queued.map { "\($0)" } ?? "-",
                    Readable.bytes(row.traffic.bytesIn), Readable.bytes(row.traffic.bytesOut),
                    "\(row.errors)",
                ], state: RowState(status: row.status))
        }
        return table
    }

    private static func remarks(on proxy: ProxyStatus) -> String {
        let name = Readable.line(proxy.name)
        var text = proxy.description.map { "  \(name): \(Readable.line($0))\n" } ?? ""
        if let table = proxy.table {
            text +=
                "  \(name): stick-table of type \(Readable.line(table.type)), \(table.used) of"
                + " \(table.size) used\n"
        }
        text += (proxy.peers?.lines ?? []).map { "  peers \(name): \($0)\n" }.joined()
        guard let refusals = proxy.frontend?.refusals, !refusals.isEmpty else { return text }
        let causes = refusals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \($0.value)" }
        return text + "  \(name): \(causes.joined(separator: ", "))\n"
    }
}

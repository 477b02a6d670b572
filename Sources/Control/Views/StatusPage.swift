#if Program
import Mustache

/// The page that shows a node in a browser: its virtual routers, then its proxies.
public struct StatusPage: Sendable {
    private let template: MustacheTemplate

    /// Prepares the page.
    ///
    /// - Throws: What the template's parser throws; never for the template that is built in.
    public init() throws {
        MustacheContentTypes.register(MarkupText(), named: Self.contentType)
        template = try MustacheTemplate(string: StatusPageTemplate.document)
    }

    /// Writes the page.
    ///
    /// - Parameters:
    ///   - status: What to show.
    ///   - path: The page's own path, for links to its other forms.
    ///   - refreshInterval: Seconds until the browser asks again; `nil`: it does not.
    /// - Returns: An HTML document in UTF-8 that refers to nothing outside itself.
    public func render(
        _ status: NodeStatus, path: String, refreshInterval: Int? = nil
    ) -> String {
        var page: [String: Any] = [
            "node": status.node, "version": status.program.version,
            "uptime": Readable.time(seconds: status.program.uptime),
            "process": status.program.processID,
            "summary": Self.summary(of: status),
            "hasRouters": !status.virtualRouters.isEmpty,
            "hasContent": !(status.virtualRouters.isEmpty && status.proxies.isEmpty),
            "routers": status.virtualRouters.map { Self.entry(of: $0, at: status.time) },
            "proxies": status.proxies.filter { $0.peers == nil }.map(ProxyTable.entry(of:)),
            "time": Readable.date(secondsSince1970: status.time),
            "csv": path + ";csv", "json": path + ";json", "metrics": path + ";metrics",
        ]
        page["refresh"] = refreshInterval
        page["balancer"] = Self.entry(of: status.balancer)
        return template.render(page)
    }

    /// For the browser's tab: what the node is in its virtual routers.
    private static func summary(of status: NodeStatus) -> String {
        guard !status.virtualRouters.isEmpty else { return "statistics" }
        return status.virtualRouters.map { "\($0.name) \($0.stateWord)" }.joined(
            separator: ", ")
    }

    private static func entry(of balancer: BalancerStatus) -> [String: Any]? {
        guard balancer.state != .none else { return nil }
        var detail = ""
        if let process = balancer.processID { detail += " · process \(process)" }
        if let uptime = balancer.uptime { detail += " · up \(Readable.time(seconds: uptime))" }
        if balancer.restarts > 0 { detail += " · restarted \(Readable.times(balancer.restarts))" }
        if let exit = balancer.lastExit { detail += " · last ended: \(exit)" }
        return [
            "class": RowState(balancer.state).rawValue, "state": balancer.state.words,
            "detail": detail,
        ]
    }

    private static func entry(of router: VirtualRouterStatus, at now: Int) -> [String: Any] {
        let changed = router.effectivePriority != router.basePriority
        let active = router.state == .active ? "this one" : router.activePeer ?? "unknown"
        return [
            "name": router.name, "class": RowState(router.state).rawValue,
            "state": router.stateWord, "addresses": router.addresses,
            "priority": changed
                ? "\(router.effectivePriority) (base \(router.basePriority))"
                : "\(router.basePriority)",
            "since": router.lastTransition.map { Readable.time(seconds: now - $0) } ?? "start",
            "active": active, "interface": router.interface,
            "vrid": "\(router.vrid), version \(router.protocolVersion)",
            "interval": "\(router.advertisementInterval) ms",
            "sent": router.counters.advertisementsSent,
            "received": router.counters.advertisementsReceived,
            "became": router.counters.becameActive,
            "rejected": router.counters.rejected.sorted { $0.key < $1.key }
                .map { ["cause": $0.key, "count": $0.value] as [String: Any] },
            "hasPeers": !router.peers.isEmpty,
            "peers": router.peers.map { peer in
                let state: RowState = peer.refusal == nil ? .up : .down
                return ["address": peer.address, "class": state.rawValue, "words": peer.words]
            },
            "hasTrackers": !router.trackers.isEmpty,
            "trackers": router.trackers.map(entry(of:)),
        ]
    }

    private static func entry(of tracker: TrackerStatus) -> [String: Any] {
        let state: RowState = tracker.isGood.map { $0 ? .up : .down } ?? .waiting
        var entry: [String: Any] = [
            "name": tracker.name, "class": state.rawValue,
            "result": tracker.isGood.map { $0 ? "good" : "bad" } ?? "no result yet",
            "effect": tracker.weight == 0 ? "stops the router" : "weight \(tracker.weight)",
        ]
        entry["detail"] = tracker.detail.isEmpty ? nil : tracker.detail
        return entry
    }

    /// What the template names its escaping by.
    static let contentType = "LBCTL-MARKUP"
}

/// Escapes text for HTML, in elements and in quoted attributes.
///
/// By scalars: the template engine's own way looks at characters, and takes a quotation mark with a
/// combining mark behind it for another character.
struct MarkupText: MustacheContentType {
    func escapeText(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
            case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
            case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
            case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
            case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}
#endif

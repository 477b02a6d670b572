internal import CNetlink
internal import LinuxIO
public import Reactor

/// Watches for routes and rules of one tag that somebody removes.
///
/// Apart from ``NetworkMonitor``, since a host with the tables of a whole network tells of hundreds of
/// routes a second: only those who hold routes pay for that. `rtnetlink(7)`, RTNLGRP_IPV4_ROUTE,
/// RTNLGRP_IPV4_RULE and their like of IPv6.
///
/// Belongs to one event loop's thread, and to that thread's namespace when it was made.
public final class RouteMonitor {
    /// What was seen.
    public enum Event: Hashable, Sendable {
        /// A route of the tag is gone.
        case routeRemoved(Route)
        /// A rule of the tag is gone.
        case ruleRemoved(Rule)
        /// The kernel dropped notifications: look at what is there.
        case missedSome
    }

    private let subscription: NetlinkSocket
    private let loop: EventLoop
    private let tag: RouteProtocol
    private let handler: (Event) -> Void
    private var watch: EventLoop.Watch?

    private static let datagramsPerTurn = 64

    /// Subscribes; what was removed before is not told.
    ///
    /// The kernel does not tell of the IPv4 routes that go with an interface or an address.
    ///
    /// - Parameters:
    ///   - tag: The tag of what is watched.
    ///   - loop: The loop on whose thread the handler is called.
    ///   - handler: Called with each event.
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init(
        of tag: RouteProtocol, on loop: EventLoop, handler: @escaping (Event) -> Void
    ) throws(NetlinkError) {
        self.loop = loop
        self.tag = tag
        self.handler = handler
        subscription = try NetlinkSocket(
            subscribingTo: [
                RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
            ].map(\.rawValue),
            receiveBufferBytes: NetworkMonitor.defaultReceiveBufferBytes)
        do throws(SystemError) {
            watch = try loop.watch(subscription.descriptor, for: .readable) { [weak self] _ in
                self?.readNotifications()
            }
        } catch { throw NetlinkError(error) }
    }

    /// Ends watching: no handler is called any more.
    public func stop() {
        if let watch { loop.unwatch(watch) }
        watch = nil
    }

    deinit { stop() }

    private func readNotifications() {
        for _ in 0..<Self.datagramsPerTurn {
            switch subscription.receive() {
            case .datagram(let datagram):
                for event in datagram.removals(of: tag) where watch != nil { handler(event) }
            case .foreign: break
            case .nothing: return
            case .overrun: return handler(.missedSome)
            case .failed: return handler(.missedSome)
            }
            // The handler may have stopped it.
            guard watch != nil else { return }
        }
    }
}

extension ReceivedDatagram {
    /// What the kernel tells to be gone, of one tag.
    fileprivate borrowing func removals(of tag: RouteProtocol) -> [RouteMonitor.Event] {
        var events: [RouteMonitor.Event] = []
        forEach { message in
            switch message.type {
            case RTM_DELROUTE:
                guard let route = Route(message), route.protocolTag == tag else { return }
                events.append(.routeRemoved(route))
            case RTM_DELRULE:
                guard let rule = Rule(message), rule.protocolTag == tag else { return }
                events.append(.ruleRemoved(rule))
            default: break
            }
        }
        return events
    }
}

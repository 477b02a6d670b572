#if Probes
public import NIOCore
public import NIOPosix
import Synchronization

/// Finds the addresses of servers that are configured by name, and says when one changes.
///
/// ```swift
/// var web = NamedTarget(id: "web/a", group: "web", name: try DomainName("web.example"), port: 80)
/// web.resolver = ResolverSettings(name: "lan", servers: [nameServer])
/// let resolver = NameResolver(targets: [web]) { report in
///     print("\(report.id) is at \(report.address?.description ?? "no address")")
/// }
/// resolver.start()
/// ```
/// Targets of one name share its questions. All methods may be called from any thread.
public final class NameResolver: Sendable {
    private let eventLoop: any EventLoop
    private let watches: [NameWatch]

    /// Makes a resolver that does not ask yet.
    ///
    /// - Parameters:
    ///   - group: The event loops; one of them is used.
    ///   - targets: What to find.
    ///   - onReport: Called for each target that gets another address or loses its own, and once for
    ///     each that has none at the beginning; on the event loop, for one target in order; must not
    ///     block.
    public convenience init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        targets: [NamedTarget], onReport: @escaping @Sendable (ResolutionReport) -> Void
    ) {
        self.init(
            group: group, targets: targets, library: LibraryLookup.addresses(of:on:),
            onReport: onReport)
    }

    /// The same with another resolver in place of the host's own.
    init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, targets: [NamedTarget],
        library: @escaping LibraryLookup.Asking,
        onReport: @escaping @Sendable (ResolutionReport) -> Void
    ) {
        let eventLoop = group.next()
        self.eventLoop = eventLoop
        var order: [NameWatch.Key] = []
        var targetsByKey: [NameWatch.Key: [NamedTarget]] = [:]
        for target in targets {
            let key = NameWatch.Key(target)
            if targetsByKey[key] == nil { order.append(key) }
            targetsByKey[key, default: []].append(target)
        }
        watches = order.map {
            NameWatch(
                $0, targetsByKey[$0] ?? [], library: library, on: eventLoop, onReport: onReport)
        }
    }

    deinit { stop() }

    /// Begins: reports what is known from before, and asks.
    public func start() {
        eventLoop.execute { [watches] in
            for watch in watches { watch.start() }
        }
    }

    /// Begins in the place of another, which ends: what that one was told is held on to for as long as it
    /// would have been, also for the hosts of services.
    ///
    /// - Parameter former: The other one; names that it does not know begin without anything.
    public func start(goingOnFrom former: NameResolver) {
        former.eventLoop.execute { [watches, eventLoop, formerWatches = former.watches] in
            var known: [NameWatch.Key: NameWatch.Knowledge] = [:]
            for watch in formerWatches {
                watch.stop()
                known[watch.key] = watch.knowledge
            }
            eventLoop.execute { [known] in
                for watch in watches {
                    if let knowledge = known[watch.key] { watch.goOn(from: knowledge) }
                    watch.start()
                }
            }
        }
    }

    /// Ends for good; questions that are under way are not heard.
    public func stop() {
        eventLoop.execute { [watches] in
            for watch in watches { watch.stop() }
        }
    }

    /// Asks for the name of a target at once, as after a check that could not connect.
    ///
    /// - Parameter id: The target.
    public func hurry(_ id: String) {
        eventLoop.execute { [watches] in
            watches.first { $0.has(id) }?.hurry()
        }
    }
}
#endif

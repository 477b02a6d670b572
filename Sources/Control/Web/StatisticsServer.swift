#if Program
import Glibc
import HTTPTypes
import HummingbirdCore
public import Logging
public import NIOCore
public import NIOPosix

/// Serves statistics pages on sockets that were bound by somebody else.
///
/// ```swift
/// let server = try StatisticsServer(sites: [site]) {
///     let facts = await node.facts()
///     return { NodeStatus(facts) }
/// }
/// try await server.run()  // until the task is cancelled
/// ```
public final class StatisticsServer: Sendable {
    /// How much one page's clients may take.
    public struct Limits: Hashable, Sendable {
        /// Connections to one page at a time; further ones are closed at once.
        public var connections = 64
        /// Time from the start of a connection, or from its last answer, until the next answer has
        /// left.
        public var requestTime = Duration.seconds(10)
        /// Bytes of one request.
        public var requestBytes = 16_384

        /// Makes the limits that are good for people and for scripts that read now and then.
        public init() {}
    }

    /// Says whether a client may connect to a page: the page, the client's end, and ours.
    public typealias Admission =
        @Sendable (_ site: StatisticsSite, _ client: SocketAddress, _ server: SocketAddress) -> Bool

    private let places: [StatisticsPlace]
    private let admits: Admission
    private let group: any EventLoopGroup
    private let limits: Limits
    private let logger: Logger

    /// Makes a server that does not serve yet.
    ///
    /// - Parameters:
    ///   - sites: The pages, each with the sockets that it is found on.
    ///   - group: The event loops that connections run on.
    ///   - limits: How much one page's clients may take.
    ///   - logger: Hears of sockets that cannot be served.
    ///   - admits: Asked once per connection; who may not is closed, and counted as denied.
    ///   - status: Asks for the node as it is now, once per request, and returns what puts its status
    ///     together, which runs on the pages' own thread and may take long. The pages' own connections
    ///     are filled in by the server.
    /// - Throws: What preparing the page throws; see ``StatusPage/init()``.
    public init(
        sites: [StatisticsSite],
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        limits: Limits = Limits(), logger: Logger = Logger(label: "lbctl.statistics"),
        admits: @escaping Admission = { _, _, _ in true },
        status: @escaping @Sendable () async -> @Sendable () -> NodeStatus
    ) throws {
        let page = try StatusPage()
        self.group = group
        self.admits = admits
        self.limits = limits
        self.logger = logger
        let counted = sites.map { (site: $0, traffic: SiteTraffic()) }
        places = counted.map { site, traffic in
            StatisticsPlace(
                responder: StatisticsResponder(
                    site: site, credentials: BasicCredentials(site.users), page: page
                ) {
                    let build = await status()
                    return {
                        var filled = build()
                        for (site, traffic) in counted {
                            filled.show(site, traffic.counters(limit: limits.connections))
                        }
                        return filled
                    }
                },
                traffic: traffic)
        }
    }

    /// Serves until the task is cancelled.
    ///
    /// A socket that cannot be served is tried again every second, with a line in the log. Sockets
    /// are made to listen, and not to block.
    public func run() async {
        await withDiscardingTaskGroup { tasks in
            for place in places {
                for descriptor in place.responder.site.descriptors {
                    tasks.addTask { await self.serve(descriptor, of: place) }
                }
            }
        }
    }

    private func serve(_ descriptor: CInt, of place: StatisticsPlace) async {
        while !Task.isCancelled {
            do {
                try await accept(on: descriptor, for: place)
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "\(place.responder.site.name): cannot serve the statistics page: \(error)")
            }
            try? await Task.sleep(for: Self.retryInterval)
        }
    }

    private func accept(on descriptor: CInt, for place: StatisticsPlace) async throws {
        // NIO closes what it is given; the socket stays with whoever bound it.
        let duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else {
            throw IOError(errnoCode: errno, reason: "duplicate socket \(descriptor)")
        }
        let (limits, traffic) = (limits, place.traffic)
        let security = place.responder.site.securities[descriptor]
        // What is accepted waits as a bare channel: one that is dressed for HTTP already, and is in
        // the queue when this task is cancelled, ends the process ("Deinited NIOAsyncWriter").
        let listening = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .bind(duplicate) { channel -> EventLoopFuture<any Channel> in
                channel.eventLoop.makeCompletedFuture {
                    if let security {
                        try channel.pipeline.syncOperations.addHandler(security.makeHandler())
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        ConnectionBounds(
                            timeLimit: TimeAmount(limits.requestTime),
                            byteLimit: limits.requestBytes, traffic: traffic))
                    return channel
                }
            }
        try await listening.executeThenClose { channels in
            try await withThrowingDiscardingTaskGroup { tasks in
                for try await channel in channels {
                    // One that has left already has no address any more.
                    guard let client = channel.remoteAddress, let server = channel.localAddress
                    else {
                        channel.close(promise: nil)
                        continue
                    }
                    guard admits(place.responder.site, client, server) else {
                        traffic.denied()
                        channel.close(promise: nil)
                        continue
                    }
                    guard traffic.began(limit: limits.connections) else {
                        channel.close(promise: nil)
                        continue
                    }
                    tasks.addTask {
                        await self.serve(channel, of: place)
                        traffic.ended()
                    }
                }
            }
        }
    }

    private func serve(_ channel: any Channel, of place: StatisticsPlace) async {
        let http = HTTP1Channel { request, writer, _ in
            let response = await place.responder.response(to: request)
            guard request.method != .head else {
                return try await writer.writeResponse(response.head)
            }
            try await writer.write(response: response.head, body: response.body)
        }
        let logger = logger
        // Left alone, the end of the task would wait for the client's.
        await withTaskCancellationHandler {
            do {
                let connection = try await channel.eventLoop.flatSubmit {
                    http.setup(channel: channel, logger: logger)
                }.get()
                channel.setOption(.autoRead, value: true).whenFailure { _ in }
                await http.handle(value: connection, logger: logger)
            } catch {
                channel.close(promise: nil)
            }
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private static let retryInterval = Duration.seconds(1)
}

/// A page, and the count of its connections.
private struct StatisticsPlace: Sendable {
    let responder: StatisticsResponder
    let traffic: SiteTraffic
}

extension NodeStatus {
    /// Puts a page's own connections where its proxy stands, or at the end.
    fileprivate mutating func show(
        _ site: StatisticsSite, _ counted: (traffic: TrafficCounters, rejected: Int)
    ) {
        var frontend = FrontendStatus()
        frontend.addresses = site.addresses
        frontend.traffic = counted.traffic
        frontend.deniedConnections = counted.rejected
        frontend.connectionsTotal = counted.traffic.sessionsTotal + counted.rejected
        frontend.connectionRate = counted.traffic.rate
        frontend.connectionRateMax = counted.traffic.rateMax
        if let index = proxies.firstIndex(where: { $0.name == site.name && $0.servers.isEmpty }) {
            proxies[index].frontend = frontend
        } else {
            var proxy = ProxyStatus(name: site.name, mode: "http")
            proxy.frontend = frontend
            proxies.append(proxy)
        }
    }
}
#endif

internal import CNetlink
internal import LinuxIO
public import Reactor

/// Watches the links and the addresses of a network namespace.
///
/// It subscribes first and lists afterwards, so that no change falls between. When the kernel
/// drops notifications it lists again and reports the difference: changes that were undone
/// meanwhile are not seen, no state is ever missed. `rtnetlink(7)`, RTNLGRP_LINK,
/// RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR.
///
/// Belongs to one event loop's thread, and to that thread's namespace when it was made.
public final class NetworkMonitor {
    /// The links and addresses: never older than the event that is being handled.
    public private(set) var state: NetworkState
    /// How often the kernel dropped notifications and all was listed again.
    public private(set) var overrunCount = 0

    private let subscription: NetlinkSocket
    private let query: NetlinkSocket
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var retry: EventLoop.Deadline?
    private var isImpaired = false
    private let handler: (NetworkEvent) -> Void
    private let onPause: () -> Void
    private var hasReported = false

    /// What the kernel may queue while the loop is busy: some 1000 notifications.
    public static let defaultReceiveBufferBytes: Int32 = 1 << 20

    /// More than the buffer holds: who changes the network faster than it is read starves nobody.
    private static let datagramsPerTurn = 65_536
    private static let retryInterval = Duration.milliseconds(100)

    /// Subscribes, and lists what is there.
    ///
    /// - Parameters:
    ///   - loop: The loop on whose thread the handler is called.
    ///   - receiveBufferBytes: How much the kernel may queue before it drops notifications.
    ///   - handler: Called with each change from now on; ``state`` includes it already. What was
    ///     there at the beginning is in ``state`` and not reported.
    ///   - onPause: Called after events, once all that the kernel has told so far is reported: what
    ///     costs more than to note an event is done here.
    /// - Throws: `NetlinkError`: a full descriptor table.
    public init(
        on loop: EventLoop, receiveBufferBytes: Int32 = defaultReceiveBufferBytes,
        handler: @escaping (NetworkEvent) -> Void, onPause: @escaping () -> Void = {}
    ) throws(NetlinkError) {
        self.loop = loop
        self.handler = handler
        self.onPause = onPause
        subscription = try NetlinkSocket(
            subscribingTo: [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR].map(\.rawValue),
            receiveBufferBytes: receiveBufferBytes)
        query = try NetlinkSocket()
        state = NetworkState()
        state = try settledState()
        do throws(SystemError) {
            watch = try loop.watch(subscription.descriptor, for: .readable) { [weak self] _ in
                self?.readNotifications()
            }
        } catch { throw NetlinkError(error) }
    }

    /// Ends watching: no handler is called any more.
    public func stop() {
        if let watch { loop.unwatch(watch) }
        if let retry { loop.cancel(retry) }
        watch = nil
        retry = nil
    }

    deinit { stop() }

    /// Reports all that the kernel has told so far.
    ///
    /// By itself that happens in a turn of the loop; who acts on a deadline that passed meanwhile
    /// wants to know it before.
    public func readDry() { if watch != nil { readNotifications() } }

    private func readNotifications() {
        reportAll()
        pause()
    }

    private func reportAll() {
        for _ in 0..<Self.datagramsPerTurn {
            switch subscription.receive() {
            case .datagram(let datagram):
                // An event's handler may stop the monitor, or ask for the state: the state first.
                report(datagram.changes().flatMap { state.apply($0) })
            case .foreign: break
            case .nothing: return
            case .overrun:
                overrunCount += 1
                return resynchronize()
            case .failed: return resynchronize()
            }
            // The handler may have stopped it.
            guard watch != nil else { return }
        }
    }

    private func resynchronize() {
        let settled: NetworkState
        do throws(NetlinkError) { settled = try settledState().inOrder(of: state) } catch {
            if !isImpaired { report([.impaired(error)]) }
            isImpaired = true
            guard watch != nil, retry == nil else { return }
            retry = loop.schedule(after: Self.retryInterval) { [weak self] in
                self?.retry = nil
                self?.resynchronize()
                self?.pause()
            }
            return
        }
        let events = state.events(until: settled)
        state = settled
        let wasImpaired = isImpaired
        isImpaired = false
        report(events + [.resynchronized] + (wasImpaired ? [.recovered] : []))
    }

    private func settledState() throws(NetlinkError) -> NetworkState {
        let attemptLimit = 8
        for _ in 0..<attemptLimit {
            if let settled = try listedState() { return settled }
        }
        throw NetlinkError("list links and addresses", nil, .overrun)
    }

    /// Lists all, and takes in what was queued meanwhile.
    ///
    /// What was queued before is thrown away first: after an overrun, an old report whose
    /// successor was dropped would undo what the listing says.
    ///
    /// - Returns: The state, or `nil` when the kernel dropped notifications meanwhile.
    /// - Throws: `NetlinkError`.
    private func listedState() throws(NetlinkError) -> NetworkState? {
        guard try drain(into: { _ in }) else { return nil }
        var listed = NetworkState(
            links: try query.listLinks(), addresses: try query.listAddresses())
        // The last report of each thing is as new as the listing, or newer.
        guard try drain(into: { _ = listed.apply($0) }) else { return nil }
        return listed
    }

    /// Reads what is queued.
    ///
    /// - Returns: False after an overrun: what was read is not all.
    private func drain(into body: (NetworkState.Change) -> Void) throws(NetlinkError) -> Bool {
        for _ in 0..<Self.datagramsPerTurn {
            switch subscription.receive() {
            case .datagram(let datagram): datagram.changes().forEach(body)
            case .foreign: break
            case .nothing: return true
            case .overrun: return false
            case .failed(let reason): throw NetlinkError("watch the network", nil, reason)
            }
        }
        return true
    }

    private func report(_ events: [NetworkEvent]) {
        for event in events where watch != nil {
            hasReported = true
            handler(event)
        }
    }

    private func pause() {
        guard hasReported, watch != nil else { return }
        hasReported = false
        onPause()
    }
}

extension ReceivedDatagram {
    /// What the kernel reports about links and addresses.
    borrowing func changes() -> [NetworkState.Change] {
        var changes: [NetworkState.Change] = []
        forEach { message in
            if let change = NetworkState.Change(message) { changes.append(change) }
        }
        return changes
    }
}

extension NetworkState.Change {
    /// Reads a notification; `nil` when it tells of something else.
    init?(_ message: ReceivedMessage) {
        switch message.type {
        case RTM_NEWLINK:
            guard let link = Link(message) else { return nil }
            self = .link(link)
        case RTM_DELLINK:
            guard let index = Link.removedIndex(message) else { return nil }
            self = .linkRemoved(index: index)
        case RTM_NEWADDR:
            guard let address = InterfaceAddress(message) else { return nil }
            self = .address(address)
        case RTM_DELADDR:
            guard let address = InterfaceAddress(message) else { return nil }
            self = .addressRemoved(address)
        default: return nil
        }
    }
}

#if Program
internal import Control
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// One balancer process: how it was started, what it said, how it ended.
final class BalancerInstance {
    /// What the process has come to.
    enum Phase: Equatable { case starting, serving, draining }

    let processID: Int32
    private(set) var phase = Phase.starting
    let startedAt = MonotonicInstant.now
    /// What the process said about its pools so far.
    private(set) var usableBackends: [String: Bool] = [:]

    /// Called when the process serves its model.
    var onServing: () -> Void = {}
    /// Called with the reason when the process cannot take its model; it ends after that.
    var onRefusal: (String) -> Void = { _ in }
    /// Called when a pool has a usable server again, or none any more.
    var onBackend: (String, Bool) -> Void = { _, _ in }
    /// Called with the answer to a request for the status.
    var onStatus: (Int, [ProxyStatus]) -> Void = { _, _ in }
    /// Called once when the process has ended.
    var onEnd: (String) -> Void = { _ in }

    private let process: ChildProcess
    private let link: Link<BalancerReport, BalancerOrder>
    private let loop: EventLoop
    private var endingWatch: EventLoop.Watch?

    /// Starts this program a second time, as a balancer process.
    ///
    /// - Throws: `SystemError` when the system allows no further process.
    init(loop: EventLoop, arguments: [String]) throws(SystemError) {
        let (own, other) = try Socket.pair()
        let otherEnd = Descriptor(owning: other)
        self.loop = loop
        link = try Link(owning: own, loop: loop)
        process = try ChildProcess(
            path: "/proc/self/exe", arguments: ["lbctl", BalancerCommand.name] + arguments,
            descriptors: [(number: BalancerCommand.linkDescriptor, source: otherEnd.rawValue)])
        processID = process.processID
        endingWatch = try loop.watch(process.pidfd.rawValue, for: .readable) { [unowned self] _ in
            reap()
        }
        link.onMessage = { [unowned self] report, _ in handle(report) }
        // A process that only closed its end serves nobody, but would keep the listening sockets.
        link.onEnd = { [unowned self] in process.signal(SIGKILL) }
    }

    /// Sends the model, and the descriptors that it listens on.
    func serve(
        _ model: Model, administration: [ServerOrder], node: NodeStatus, descriptors: [Int32]
    ) {
        link.send(
            .serve(model, administration: administration, node: node), descriptors: descriptors)
    }

    /// Sends an order.
    func send(_ order: BalancerOrder) {
        if case .drain = order { phase = .draining }
        link.send(order)
    }

    /// Ends the process at once.
    func kill() { process.signal(SIGKILL) }

    private func handle(_ report: BalancerReport) {
        switch report {
        case .serving:
            phase = .serving
            onServing()
        case .refused(let reason):
            onRefusal(reason)
        case .backend(let name, let isUsable):
            usableBackends[name] = isUsable
            onBackend(name, isUsable)
        case .status(let request, let status):
            onStatus(request, status)
        }
    }

    private func reap() {
        guard let ending = process.reap() else { return }
        if let endingWatch { loop.unwatch(endingWatch) }
        link.close()
        switch ending {
        case .exited(let status): onEnd("exited with status \(status)")
        case .signalled(let number): onEnd("was ended by signal \(number)")
        }
    }
}
#endif

#if Program
internal import Control
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// Keeps one balancer process serving the model, whatever happens to it.
///
/// Listening sockets and administrative states live on this side, so that they outlast the process.
final class BalancerSupervisor {
    /// Called when "this node's balancer serves" becomes true or false.
    ///
    /// False comes only after ``graceTime`` without service, so that a process which is back at
    /// once moves nothing.
    var onServiceChange: (Bool) -> Void = { _ in }

    /// Called when a pool has a usable server again, or none any more; none while nobody serves.
    var onBackendChange: (String, Bool) -> Void = { _, _ in }

    /// How the last process that ended by itself did so, in words.
    private(set) var lastExit: String?
    /// Processes started after one that ended by itself.
    private(set) var restartCount = 0
    /// The process that serves, or is to serve next.
    private(set) var current: BalancerInstance?
    /// What the last status said, for the time when no process answers.
    private(set) var lastProxies: [ProxyStatus] = []

    private let loop: EventLoop
    private let log: Log
    private let arguments: [String]
    private let nodeStatus: () -> NodeStatus
    private var model: Model
    private var listeners = ListenerSet()
    private var administration: [ServerOrder] = []
    private var retiring: [ObjectIdentifier: BalancerInstance] = [:]
    private var failureCount = 0
    private var isServing = false
    /// Whether the election was told that the balancer does not serve.
    private var hasFailed = false
    private var isStopping = false
    private var stopped: () -> Void = {}
    private var nextRequest = 0
    private var requests: [Int: ([ProxyStatus]?) -> Void] = [:]

    /// - Parameters:
    ///   - arguments: What a balancer process is started with beside its own name.
    ///   - nodeStatus: What the balancer's page shows of this process.
    init(
        model: Model, loop: EventLoop, log: Log, arguments: [String],
        nodeStatus: @escaping () -> NodeStatus
    ) {
        self.model = model
        self.loop = loop
        self.log = log
        self.arguments = arguments
        self.nodeStatus = nodeStatus
    }

    /// Opens the listening sockets and starts the process.
    ///
    /// - Throws: `Failure` that names the address which could not be had.
    func start() throws(Failure) {
        _ = try listeners.open(for: model)
        startProcess()
    }

    /// Puts another model in force, beside the one that serves until the new process does.
    ///
    /// - Parameters:
    ///   - model: The new model.
    ///   - completion: Called with `nil`, or with the reason why the old model stays in force.
    func replace(with model: Model, completion: @escaping (Failure?) -> Void) {
        guard model.balancing != self.model.balancing else {
            self.model = model
            return completion(nil)
        }
        let opened: [Endpoint]
        do { opened = try listeners.open(for: model) } catch { return completion(error) }
        let previous = self.model
        func abandon(_ reason: String) {
            listeners.close(opened)
            completion(Failure(.systemRefused, reason))
        }
        do {
            let successor = try BalancerInstance(loop: loop, arguments: arguments)
            var isSettled = false
            successor.onServing = { [unowned self] in
                isSettled = true
                self.model = model
                adopt(successor)
                listeners.closeAll(but: model)
                completion(nil)
            }
            successor.onRefusal = { reason in
                guard !isSettled else { return }
                isSettled = true
                abandon(reason)
            }
            successor.onEnd = { [unowned self] reason in
                retiring[ObjectIdentifier(successor)] = nil
                guard !isSettled else { return }
                isSettled = true
                abandon("the new balancer process \(reason)")
            }
            retiring[ObjectIdentifier(successor)] = successor
            successor.serve(
                model, administration: administration, node: nodeStatus(),
                descriptors: listeners.descriptors(for: model))
        } catch {
            self.model = previous
            abandon(error.description)
        }
    }

    /// Changes what a server may take, now and after every restart.
    func administer(_ order: ServerOrder) {
        administration.removeAll { order.replaces($0) }
        administration.append(order)
        current?.send(.administer(order))
    }

    /// Gives the balancer's page what it shows of this process, as it is now.
    func showNode() {
        guard current?.phase == .serving else { return }
        current?.send(.show(nodeStatus()))
    }

    /// Asks for the status; answers with `nil` when no process does in time.
    func requestProxies(completion: @escaping ([ProxyStatus]?) -> Void) {
        guard let current, current.phase == .serving else { return completion(nil) }
        nextRequest += 1
        let request = nextRequest
        requests[request] = completion
        current.send(.reportStatus(request))
        loop.schedule(after: BalancerSupervisor.answerTime) { [unowned self] in
            requests.removeValue(forKey: request)?(nil)
        }
    }

    /// Accepts no more, lets connections end for a while, and calls back when the process is gone.
    func stop(drainTime: Duration, completion: @escaping () -> Void) {
        isStopping = true
        stopped = completion
        listeners.closeAll(but: nil)
        guard let current, current.phase == .serving else {
            current?.kill()
            return completion()
        }
        current.send(.drain(seconds: drainTime / .seconds(1)))
        loop.schedule(after: drainTime + BalancerSupervisor.answerTime) { [unowned self] in
            self.current?.kill()
        }
    }

    private func startProcess() {
        do {
            let instance = try BalancerInstance(loop: loop, arguments: arguments)
            current = instance
            instance.onServing = { [unowned self] in
                log(.notice, "balancer process \(instance.processID) serves")
                reportServing(instance)
            }
            instance.onRefusal = { [unowned self] reason in
                log(.error, "balancer process \(instance.processID): \(reason)")
            }
            attend(instance)
            instance.serve(
                model, administration: administration, node: nodeStatus(),
                descriptors: listeners.descriptors(for: model))
        } catch {
            log(.error, "the balancer process cannot be started: \(error)")
            startAgain()
        }
    }

    private func attend(_ instance: BalancerInstance) {
        for (name, isUsable) in instance.usableBackends { onBackendChange(name, isUsable) }
        instance.onBackend = { [unowned self] name, isUsable in
            onBackendChange(name, isUsable)
        }
        instance.onStatus = { [unowned self] request, proxies in
            lastProxies = proxies
            requests.removeValue(forKey: request)?(proxies)
        }
        instance.onEnd = { [unowned self] reason in
            guard !isStopping else {
                current = nil
                return stopped()
            }
            lastExit = reason
            log(.alert, "balancer process \(instance.processID) \(reason)")
            if MonotonicInstant.now - instance.startedAt > BalancerSupervisor.stableTime {
                failureCount = 0
            }
            current = nil
            startAgain()
            loop.schedule(after: BalancerSupervisor.graceTime) { [unowned self] in
                guard current?.phase != .serving else { return }
                hasFailed = true
                reportService(false)
            }
        }
    }

    private func startAgain() {
        // 0, 0.1, 0.2, 0.4 … 10 s: the first restart comes within the grace time.
        let delay =
            failureCount == 0 ? Duration.zero : .milliseconds(100 << min(failureCount - 1, 7))
        failureCount += 1
        restartCount += 1
        loop.schedule(after: min(delay, .seconds(10))) { [unowned self] in
            guard !isStopping, current == nil else { return }
            startProcess()
        }
    }

    private func adopt(_ successor: BalancerInstance) {
        retiring[ObjectIdentifier(successor)] = nil
        if let previous = current {
            retiring[ObjectIdentifier(previous)] = previous
            previous.onEnd = { [unowned self] _ in retiring[ObjectIdentifier(previous)] = nil }
            previous.onBackend = { _, _ in }
            previous.send(.drain(seconds: BalancerSupervisor.reloadDrainSeconds))
        }
        current = successor
        attend(successor)
        log(.notice, "balancer process \(successor.processID) serves the new configuration")
        reportService(true)
    }

    /// A process that comes back and ends again and again must not look well in between: once the
    /// election has heard of a failure, service counts from when it has lasted.
    private func reportServing(_ instance: BalancerInstance) {
        guard hasFailed else { return reportService(true) }
        loop.schedule(after: BalancerSupervisor.provingTime) { [unowned self] in
            guard current === instance, instance.phase == .serving else { return }
            hasFailed = false
            reportService(true)
        }
    }

    private func reportService(_ serves: Bool) {
        guard serves != isServing else { return }
        isServing = serves
        onServiceChange(serves)
        guard !serves else { return }
        for backend in model.backends { onBackendChange(backend.name, false) }
    }

    /// How long the balancer may be away before the election hears of it.
    private static let graceTime = Duration.milliseconds(200)
    /// How long a process must serve after a failure before it counts as well.
    private static let provingTime = Duration.seconds(2)
    /// How long a process must have lived for its end not to count as one of a row.
    private static let stableTime = Duration.seconds(60)
    /// How long an answer may take.
    private static let answerTime = Duration.milliseconds(500)
    /// How long connections of a replaced process may go on.
    private static let reloadDrainSeconds = 3600.0
}
#endif

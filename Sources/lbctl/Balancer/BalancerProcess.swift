#if Program
internal import Balancer
internal import Control
internal import Glibc
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// The balancer process: the relay's reactors, the checks and the page.
///
/// Binds nothing: model and listening sockets come from the failover process, which it outlives
/// only to let connections end.
final class BalancerProcess {
    private let loop: EventLoop
    private let log: Log
    private let link: Link<BalancerOrder, BalancerReport>
    private var service: BalancerService?
    private var isDraining = false
    private let signals: SignalDescriptor

    /// Takes the end of the pair that the failover process left at `descriptor`.
    init(descriptor: Int32, log: Log) throws(Failure) {
        do {
            loop = try EventLoop()
            link = try Link(owning: descriptor, loop: loop)
            // What concerns the node reaches the failover process; a balancer stops by order.
            signals = try SignalDescriptor([SIGINT, SIGHUP, SIGPIPE])
        } catch { throw Failure(error, hint: "'lbctl run' starts this command, nobody else") }
        self.log = log
    }

    /// Serves until the last connection has ended after an order to drain.
    func run() throws(Failure) {
        do {
            try loop.watch(signals.descriptor.rawValue, for: .readable) { [unowned self] _ in
                while signals.next() != nil {}
            }
        } catch { throw Failure(error) }
        link.onMessage = { [unowned self] order, descriptors in
            handle(order, descriptors: descriptors)
        }
        link.onEnd = { [unowned self] in
            log(.alert, "the failover process is gone: no new connections")
            drain(for: BalancerProcess.orphanTime)
        }
        loop.run()
    }

    private func handle(_ order: BalancerOrder, descriptors: [Int32]) {
        switch order {
        case .serve(let model, let administration, let node):
            do {
                let inbox = loop.poster
                // SAFETY: touched on the loop's own thread alone, where posted calls run.
                nonisolated(unsafe) let link = link
                let service = try BalancerService(
                    model: model, descriptors: descriptors, node: node, log: log
                ) { name, isUsable in
                    inbox.post { link.send(.backend(name, isUsable: isUsable)) }
                }
                for order in administration { service.administer(order) }
                self.service = service
                link.send(.serving)
            } catch {
                link.send(.refused("\(error)"))
            }
        case .show(let status):
            service?.show(status)
        case .reportStatus(let request):
            link.send(.status(request, service?.proxies() ?? []))
        case .administer(let order):
            service?.administer(order)
        case .drain(let seconds):
            drain(for: .seconds(seconds))
        }
    }

    private func drain(for time: Duration) {
        guard !isDraining else { return }
        isDraining = true
        guard let service else { return loop.stop() }
        service.stopAccepting()
        endWhenIdle(service, deadline: .now + time)
    }

    private func endWhenIdle(_ service: BalancerService, deadline: MonotonicInstant) {
        guard service.sessionCount > 0, MonotonicInstant.now < deadline else { return loop.stop() }
        loop.schedule(after: .milliseconds(20)) { [unowned self] in
            endWhenIdle(service, deadline: deadline)
        }
    }

    /// How long connections may go on without a failover process.
    private static let orphanTime = Duration.seconds(30)
}
#endif

import Failover
import Glibc
import LinuxIO
import Reactor
import Synchronization
import Testing

/// A node of the room under test, on a thread of its own in a namespace of its own.
final class TestNode: Sendable {
    struct Entry: Sendable {
        let at: MonotonicInstant
        let event: FailoverEvent
    }
    private struct State {
        var entries: [Entry] = []
        var poster: Poster?
        var failure: String?
        var hasEnded = false
    }
    /// Held by the node's thread, too, which does not hold the test's end of it.
    private final class Shared: Sendable {
        let state = Mutex(State())
        // SAFETY: only touched on the node's own thread: by its body, and through `perform`.
        nonisolated(unsafe) var node: FailoverNode?
        nonisolated(unsafe) var loop: EventLoop?
    }
    private let shared = Shared()

    init(_ configuration: FailoverConfiguration, in namespace: String) throws {
        let thread = try Thread(name: "node") { [shared] in
            do {
                try NetworkNamespace.enter(path: "/run/netns/\(namespace)")
                let loop = try EventLoop()
                shared.loop = loop
                let node = try FailoverNode(configuration: configuration, loop: loop) { event in
                    shared.state.withLock { $0.entries.append(Entry(at: .now, event: event)) }
                }
                shared.node = node
                try node.start()
                shared.state.withLock { $0.poster = loop.poster }
                loop.run()
            } catch {
                shared.state.withLock { $0.failure = "\(error)" }
            }
            shared.node = nil
            shared.loop = nil
            shared.state.withLock { $0.hasEnded = true }
        }
        _ = consume thread
        _ = eventually(within: .seconds(5)) {
            shared.state.withLock { $0.poster != nil || $0.failure != nil }
        }
        if let failure = shared.state.withLock({ $0.failure }) {
            throw CommandFailure(text: failure)
        }
    }

    /// Where a test threw before it ended the node.
    deinit {
        shared.state.withLock { $0.poster }?.post { [shared] in shared.loop?.stop() }
    }

    /// Runs something on the node's thread and waits for its result.
    func perform<Result: Sendable>(_ body: @escaping @Sendable (FailoverNode) -> Result) -> Result?
    {
        let result = Mutex<Result?>(nil)
        guard let poster = shared.state.withLock({ $0.poster }) else { return nil }
        poster.post { [shared] in
            guard let node = shared.node else { return }
            let value = body(node)
            result.withLock { $0 = value }
        }
        _ = eventually(within: .seconds(5)) { result.withLock { $0 != nil } }
        return result.withLock { $0 }
    }

    /// Ends the loop as if the program had been killed: nothing is sent, nothing is removed.
    func kill() {
        _ = perform { [shared] _ in shared.loop?.stop() }
        waitForEnd()
    }

    /// Ends as if killed; what its last will says is done.
    ///
    /// - Parameter namespace: The node's.
    /// - Returns: What could not be done; `nil`: the node had no will.
    func bequeath(in namespace: String) -> [FailoverError]? {
        guard let will = perform({ $0.lastWill }) else { return nil }
        kill()
        let errors = Mutex<[FailoverError]?>(nil)
        let thread = try? Thread(name: "heir") {
            guard (try? NetworkNamespace.enter(path: "/run/netns/\(namespace)")) != nil,
                let loop = try? EventLoop()
            else { return }
            let result = will.execute(on: loop)
            errors.withLock { $0 = result }
        }
        _ = consume thread
        _ = eventually(within: .seconds(2)) { errors.withLock { $0 != nil } }
        return errors.withLock { $0 }
    }

    /// Resigns, and waits until it has.
    func shutDown() {
        _ = perform { [shared] node in node.shutDown { shared.loop?.stop() } }
        waitForEnd()
    }

    private func waitForEnd() {
        _ = eventually(within: .seconds(10)) { shared.state.withLock { $0.hasEnded } }
        shared.state.withLock { $0.poster = nil }
    }

    var snapshot: FailoverSnapshot? { perform { $0.snapshot } }
    var entries: [Entry] { shared.state.withLock { $0.entries } }
    var events: [FailoverEvent] { entries.map(\.event) }
    var lines: [String] { events.compactMap { $0.logLine?.text } }

    /// Waits until the router `VI_1` has entered a state, counting from `start`, and has done all that
    /// belongs to it: of addresses, for one, it is told before they are there.
    func waitForState(
        _ wanted: RouterState, since start: MonotonicInstant = MonotonicInstant(nanoseconds: 0),
        within limit: Duration
    ) -> MonotonicInstant? {
        var found: MonotonicInstant?
        _ = eventually(within: limit) {
            found =
                entries.first { entry in
                    guard entry.at >= start, case .router(_, .entered(wanted, _)) = entry.event
                    else {
                        return false
                    }
                    return true
                }?.at
            return found != nil
        }
        if found != nil { finishTurn() }
        return found
    }

    /// Waits for a line of the log, and until what it belongs to is done.
    func waitForLine(_ text: String, within limit: Duration) -> Bool {
        guard eventually(within: limit, { lines.contains(text) }) else { return false }
        finishTurn()
        return true
    }

    /// Waits for the end of the turn in which the last event came.
    private func finishTurn() { _ = perform { _ in } }
}

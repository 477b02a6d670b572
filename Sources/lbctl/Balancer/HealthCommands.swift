#if Program
internal import HealthCheck
internal import Synchronization

/// Calls the programs of `notify_up` and `notify_down`, one after another.
///
/// One at a time, so that the last word of a server that goes down and up is the true one; what
/// waits beyond a thousand is left out, and the log says so once.
final class HealthCommands: Sendable {
    private struct Call: Sendable {
        let words: [String]
        let environment: [String: String]
    }

    private static let most = 1_000
    private let log: Log
    /// Whether the log says already that calls are left out.
    private let isFull = Atomic(false)
    private let calls: AsyncStream<Call>.Continuation
    private let worker: Task<Void, Never>

    /// Waits for calls.
    init(log: Log) {
        let (stream, calls) = AsyncStream.makeStream(
            of: Call.self, bufferingPolicy: .bufferingOldest(Self.most))
        self.calls = calls
        self.log = log
        worker = Task {
            for await call in stream {
                let run = CommandRun(call.words, environment: call.environment)
                guard let complaint = await run.complaint(within: .seconds(30)) else { continue }
                log(.error, "\(call.words[0]): \(complaint)")
            }
        }
    }

    deinit {
        calls.finish()
        worker.cancel()
    }

    /// Calls a program with `BACKEND/SERVER UP|DOWN` after its own arguments.
    func run(
        _ words: [String]?, for backend: String, _ server: String, isUp: Bool, reason: String
    ) {
        guard let words else { return }
        let state = isUp ? "UP" : "DOWN"
        let call = Call(
            words: words + ["\(backend)/\(server)", state],
            environment: [
                "LBCTL_BACKEND": backend, "LBCTL_SERVER": server, "LBCTL_STATE": state,
                "LBCTL_REASON": reason.hasPrefix(", ") ? String(reason.dropFirst(2)) : reason,
            ])
        switch calls.yield(call) {
        case .dropped:
            guard !isFull.exchange(true, ordering: .relaxed) else { return }
            log(
                .error,
                "\(words[0]) is not called for \(backend)/\(server) \(state): \(Self.most) calls wait"
                    + " for their turn; more are left out until half of them have had it")
        case .enqueued(let remaining) where remaining >= Self.most / 2:
            isFull.store(false, ordering: .relaxed)
        default: break
        }
    }
}
#endif

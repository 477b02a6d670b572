#if Program
internal import Control
internal import Failover
internal import FoundationEssentials
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// The signals by which keepalived's operators and exporters ask it for its state.
enum KeepalivedSignal: Hashable, CaseIterable {
    /// The state, for people: `keepalived --signum=DATA`.
    case data
    /// The counters: `keepalived --signum=STATS`.
    case counters
    /// Both as JSON: `keepalived --signum=JSON`.
    case json
    /// Counts from 0 on: `keepalived --signum=STATS_CLEAR`.
    case clear

    static let all = KeepalivedSignal.allCases

    /// The signal's number; keepalived counts from the first and the last real-time signal.
    var number: Int32 {
        switch self {
        case .data: SIGUSR1
        case .counters: SIGUSR2
        case .json: __libc_current_sigrtmin() + 2
        case .clear: __libc_current_sigrtmax() - 1
        }
    }

    init?(number: Int32) {
        guard let signal = Self.all.first(where: { $0.number == number }) else { return nil }
        self = signal
    }
}

extension Node {
    /// Does what a signal asks for; one that comes again before that is done counts once, afterwards.
    func answer(_ signal: KeepalivedSignal) {
        guard signal != .clear else {
            failover?.clearCounters()
            return log(.notice, "the counters of virtual routers begin at 0")
        }
        guard dumping[signal] == nil else { return dumping[signal] = true }
        dumping[signal] = false
        let (model, snapshot, dumps) = (model, failover?.snapshot, model.global.dumps)
        switch signal {
        case .data:
            collectStatus { [unowned self] pieces in
                leave(signal, at: dumps.statePath) { Self.statusText(pieces) }
            }
        case .counters:
            leave(signal, at: dumps.countersPath) {
                Array(KeepalivedReport(model, snapshot).countersText.utf8)
            }
        case .json:
            leave(signal, at: dumps.jsonPath) {
                KeepalivedReport(model, snapshot).json(version: dumps.jsonVersion)
            }
        case .clear: break
        }
    }

    /// A status in words.
    private static func statusText(_ pieces: [[UInt8]]) -> [UInt8] {
        var decoder = ControlDecoder<ControlResponse>(limit: .max)
        for piece in pieces { decoder.append(piece) }
        guard case .status(let status) = try? decoder.next() else { return [] }
        return Array(StatusText.render(status, colored: false).utf8)
    }

    /// Writes what a signal asks for, beside the loop: there may be very many servers, and the file
    /// system may hang.
    private func leave(
        _ signal: KeepalivedSignal, at path: String, _ make: @escaping @Sendable () -> [UInt8]
    ) {
        loop.aside {
            Result { () throws(SystemError) in
                try SmallFile.replace(path, with: make())
            }
        } then: { [unowned self] result in
            switch result {
            case .success: log(.notice, "a signal asked for \(path): written")
            case .failure(let error): log(.error, "\(path) was not written: \(error)")
            }
            if dumping.removeValue(forKey: signal) == true { answer(signal) }
        }
    }
}
#endif

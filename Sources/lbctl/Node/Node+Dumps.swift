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
    /// Does what a signal asks for.
    func answer(_ signal: KeepalivedSignal) {
        let dumps = model.global.dumps
        switch signal {
        case .data:
            collectStatus { [unowned self] pieces in leaveStatus(pieces, at: dumps.statePath) }
        case .counters:
            let report = KeepalivedReport(model, failover?.snapshot)
            leave(Array(report.countersText.utf8), at: dumps.countersPath)
        case .json:
            let report = KeepalivedReport(model, failover?.snapshot)
            leave(report.json(version: dumps.jsonVersion), at: dumps.jsonPath)
        case .clear:
            failover?.clearCounters()
            log(.notice, "the counters of virtual routers begin at 0")
        }
    }

    /// Puts a status into words on a thread of its own: there may be very many servers.
    private func leaveStatus(_ pieces: [[UInt8]], at path: String) {
        let (poster, node) = (loop.poster, OnLoop(self))
        attempt("\(path) was not written") { () throws(SystemError) in
            try Thread(name: "lbctl-dump") {
                var decoder = ControlDecoder<ControlResponse>(limit: .max)
                for piece in pieces { decoder.append(piece) }
                guard case .status(let status) = try? decoder.next() else { return }
                let text = Array(StatusText.render(status, colored: false).utf8)
                poster.post { node.object?.leave(text, at: path) }
            }.detach()
        }
    }

    private func leave(_ bytes: [UInt8], at path: String) {
        do throws(SystemError) {
            try SmallFile.replace(path, with: bytes)
            log(.notice, "a signal asked for \(path): written")
        } catch {
            log(.error, "\(path) was not written: \(error)")
        }
    }
}
#endif

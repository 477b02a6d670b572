import CLinux
import Glibc
import LinuxIO
import Reactor

/// The clients: one thread, one slab of connections, a fixed buffer.
struct Generator: ~Copyable {
    /// One client's connection.
    struct Client {
        var number: Int32 = -1
        var moved = 0
        var goal = 0
        var beganAt: Int64 = 0
        var isConnected = false
    }

    let targets: [SocketAddress]
    let epoll: Epoll
    var clients: [Client] = []
    var buffer = [UInt8](repeating: 0, count: StreamPattern.chunk)
    let request = [UInt8](repeating: Workload.requestByte, count: Workload.requestBytes)
    let pattern = StreamPattern()
    var histogram = Histogram()
    var outcome = Outcome()
    private var nextTarget = 0

    init(targets: [SocketAddress]) throws {
        self.targets = targets
        epoll = try Epoll(capacity: 256)
    }

    /// Runs a workload once, for `share` of its length.
    mutating func run(_ workload: Workload, share: Double) throws -> Outcome {
        outcome = Outcome()
        histogram = Histogram()
        let began = MonotonicInstant.now.nanoseconds
        switch workload {
        case .short(let count): try runShort(count: max(1, Int(Double(count) * share)))
        case .secured(let count, let resumes):
            try runSecured(count: max(1, Int(Double(count) * share)), resuming: resumes)
        case .pingpong(let connections, let milliseconds):
            try hold(connections)
            try runPingpong(nanoseconds: Int64(Double(milliseconds) * share * 1_000_000))
        case .down(let streams, let bytes):
            try runDown(streams: streams, bytesEach: Int(Double(bytes) * share) / streams)
        case .up(let streams, let bytes):
            try runUp(streams: streams, bytesEach: Int(Double(bytes) * share) / streams)
        case .idle(let connections): try hold(connections)
        case .kept(let connections): try keep(connections)
        }
        if outcome.nanoseconds == 0 {
            outcome.nanoseconds = MonotonicInstant.now.nanoseconds - began
        }
        outcome.p50 = histogram.quantile(0.5)
        outcome.p99 = histogram.quantile(0.99)
        outcome.p999 = histogram.quantile(0.999)
        return outcome
    }

    /// Begins a connection in a slot of the slab.
    mutating func open(_ slot: Int, waitingFor readiness: Readiness) throws {
        let number = try Socket.tcp().release()
        clients[slot] = Client(number: number, beganAt: MonotonicInstant.now.nanoseconds)
        var address = targets[nextTarget].raw
        nextTarget = (nextTarget + 1) % targets.count
        let result = clinux_connect(number, &address, 16)
        guard result == 0 || result == -Int(EINPROGRESS) else {
            throw SystemError(
                call: "connect", errno: Errno(result: result), subject: "\(targets[nextTarget])")
        }
        // Over loopback the handshake is mostly over by now, and needs no event of its own.
        clients[slot].isConnected = result == 0
        let wanted = result == 0 ? readiness : [.readable, .writable]
        try check("epoll_ctl", nil, epoll.add(number, for: wanted, token: UInt64(slot)))
    }

    func close(_ slot: Int) { _ = clinux_close(clients[slot].number) }

    /// Notes a connection that failed; many of them end the run.
    mutating func fail(_ slot: Int, _ what: String) throws {
        outcome.failures += 1
        guard outcome.failures < 100 else { throw LoadError.manyFailures(last: what) }
        close(slot)
    }

    /// Waits for events; a silence of 10 s is an error.
    func wait(for what: String) throws -> Int {
        let began = MonotonicInstant.now
        while true {
            let count = epoll.wait(nanoseconds: 1_000_000_000)
            if count > 0 { return count }
            if MonotonicInstant.now - began > .seconds(10) { throw LoadError.stalled(what) }
        }
    }
}

/// Why a run of the generator gave no figures.
enum LoadError: Error, CustomStringConvertible {
    case stalled(String)
    case manyFailures(last: String)
    case broken(String)

    var description: String {
        switch self {
        case .stalled(let what): "no answer for 10 s: \(what)"
        case .broken(let what): what
        case .manyFailures(let last): "100 connections failed, the last one: \(last)"
        }
    }
}

#if Program
import HealthCheck
import NIOCore
import NIOPosix

/// Runs one check against loopback.
func probe(
    _ probe: any HealthProbe, port: Int, timeout: TimeAmount = .seconds(10)
) async throws -> ProbeOutcome {
    let target = try SocketAddress(ipAddress: "127.0.0.1", port: port)
    return try await run(probe, against: target, timeout: timeout)
}

/// The word and the reason.
func summary(_ outcome: ProbeOutcome) -> String {
    outcome.detail.isEmpty ? outcome.code : "\(outcome.code) \(outcome.detail)"
}

/// Runs one check.
func run(
    _ probe: any HealthProbe, against target: SocketAddress, timeout: TimeAmount = .seconds(10)
) async throws -> ProbeOutcome {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    return try await eventLoop.flatSubmit {
        probe.probe(target, timeout: timeout, on: eventLoop)
    }.get()
}
#endif

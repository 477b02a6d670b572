#if Program
public import NIOCore

/// One way to ask a target whether it is well.
///
/// A probe of your own is a dozen lines:
/// ```swift
/// struct GreetingProbe: HealthProbe {
///     func probe(
///         _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
///     ) -> EventLoopFuture<ProbeOutcome> {
///         ClientBootstrap(group: eventLoop)
///             .connectTimeout(timeout)
///             .channelInitializer { $0.pipeline.addHandler(ExpectsGreeting()) }
///             .connect(to: target)
///             .flatMap { $0.closeFuture.map { .passed } }
///             .recover { .unreachable(reason: "\($0)") }
///     }
/// }
/// ```
/// Probes run on event loops with resolved addresses instead of in a task each: at 1,000 checks
/// in a second the tasks and the look-ups cost more than the checks.
public protocol HealthProbe: Sendable {
    /// Starts one check.
    ///
    /// Called on `eventLoop`. Must not block it.
    ///
    /// - Parameters:
    ///   - target: Where to ask.
    ///   - timeout: How long the check may take in all. The probe has given back all that it
    ///     opened by then; a later result is not heard, ``HealthChecker`` sees to that.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome, on `eventLoop`. A failed future counts as
    ///   ``ProbeOutcome/notRun(reason:)``: a failure of the target is an outcome.
    func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome>
}
#endif

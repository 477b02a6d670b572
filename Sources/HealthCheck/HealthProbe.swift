#if Probes
public import NIOCore

/// One way to ask a target whether it is well.
///
/// A probe of your own decides once, by an answer, an end or the time limit, and then closes what it
/// opened:
/// ```swift
/// struct GreetingProbe: HealthProbe {
///     func probe(
///         _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
///     ) -> EventLoopFuture<ProbeOutcome> {
///         let outcome = eventLoop.makePromise(of: ProbeOutcome.self)
///         let limit = eventLoop.scheduleTask(in: timeout) { outcome.succeed(.timedOut) }
///         let connection = ClientBootstrap(group: eventLoop)
///             .connectTimeout(timeout)
///             .channelInitializer { $0.pipeline.addHandler(GreetingHandler(outcome: outcome)) }
///             .connect(to: target)
///         connection.whenFailure { outcome.succeed(.unreachable(reason: "\($0)")) }
///         outcome.futureResult.whenComplete { _ in
///             limit.cancel()
///             connection.whenSuccess { $0.close(promise: nil) }
///         }
///         return outcome.futureResult
///     }
/// }
///
/// final class GreetingHandler: ChannelInboundHandler, Sendable {
///     typealias InboundIn = ByteBuffer
///     let outcome: EventLoopPromise<ProbeOutcome>
///
///     init(outcome: EventLoopPromise<ProbeOutcome>) { self.outcome = outcome }
///
///     func channelRead(context: ChannelHandlerContext, data: NIOAny) { outcome.succeed(.passed) }
///
///     func channelInactive(context: ChannelHandlerContext) {
///         outcome.succeed(.badAnswer(reason: "the connection was closed before a greeting"))
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

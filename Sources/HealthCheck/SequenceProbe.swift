#if Probes
public import NIOCore

/// Passes when several probes pass, one after another, within one time limit.
///
/// The outcome is that of the first that does not pass, or of the last one.
public struct SequenceProbe: HealthProbe {
    /// One probe and where it asks.
    public struct Part: Sendable {
        /// How to ask.
        public let probe: any HealthProbe
        /// Where to ask; `nil`: where the check goes.
        public let address: SocketAddress?
        /// The port to ask at; `nil`: the address's.
        public let port: Int?

        /// Makes a part.
        ///
        /// - Parameters:
        ///   - probe: How to ask.
        ///   - address: Where to ask; `nil`: where the check goes.
        ///   - port: The port to ask at; `nil`: the address's.
        public init(_ probe: any HealthProbe, address: SocketAddress? = nil, port: Int? = nil) {
            self.probe = probe
            self.address = address
            self.port = port
        }
    }

    let parts: [Part]

    /// Makes a probe.
    ///
    /// - Parameter parts: The probes in their order.
    /// - Throws: ``ProbeSettingsError/emptyScript``.
    public init(_ parts: [Part]) throws(ProbeSettingsError) {
        guard !parts.isEmpty else { throw .emptyScript }
        self.parts = parts
    }

    /// Runs the probes.
    ///
    /// - Parameters:
    ///   - target: Where to ask.
    ///   - timeout: How long all of them may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        run(0, target, until: .now() + timeout, on: eventLoop)
    }

    private func run(
        _ index: Int, _ target: SocketAddress, until deadline: NIODeadline,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let part = parts[index]
        let address = (part.address ?? target).at(port: part.port)
        let left = max(deadline - .now(), .milliseconds(1))
        return part.probe.probe(address, timeout: left, on: eventLoop).flatMap { outcome in
            guard outcome.verdict == true, index + 1 < parts.count else {
                return eventLoop.makeSucceededFuture(outcome)
            }
            return run(index + 1, target, until: deadline, on: eventLoop)
        }
    }
}
#endif

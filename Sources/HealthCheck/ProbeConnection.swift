#if Probes
public import NIOCore

/// How a probe connects, whatever it asks then.
public struct ProbeConnection: Sendable {
    /// How the connection of a check is ended.
    public enum Closing: Hashable, Sendable, Codable {
        /// With a reset, as haproxy does: leaves neither side a connection in TIME_WAIT.
        case reset
        /// With a clean end, for servers that log resets as errors (haproxy's `linger`).
        case clean
    }

    /// TLS from the first byte, or `nil` for none.
    public var tls: ProbeTLS?
    /// The header of the PROXY protocol that stands before everything else; `nil`: none.
    public var proxyHeader: ProxyHeader?
    /// How the connection is ended; where the probe spoke last, cleanly in any case.
    public var closing = Closing.reset
    /// How long the connection, the TLS handshake included, may take; `nil`: as long as the check.
    public var timeout: TimeAmount?
    /// How long the answers may take once it is made; `nil`: what ``timeout`` leaves.
    ///
    /// haproxy's `timeout check`.
    public var answerTimeout: TimeAmount?

    /// Makes a connection without TLS, which the time limit of the check alone ends.
    public init() {}
}

/// A probe that asks over a connection.
public protocol ConnectingProbe: HealthProbe {
    /// How it connects.
    var connection: ProbeConnection { get set }
}
#endif

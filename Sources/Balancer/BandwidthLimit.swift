/// How fast the bytes of one connection may pass, one way (haproxy's filters `bwlim-in` and `bwlim-out`).
///
/// The kernel spaces the packets (``LinuxIO/StreamSocket/limitRate(of:to:)``), so that a connection with a
/// limit costs no more than another. It lets the first ten segments go at once, and spaces none of a Unix
/// socket.
public struct BandwidthLimit: Hashable, Sendable {
    /// Which way.
    public enum Direction: Hashable, Sendable {
        /// From the client to the server.
        case upload
        /// From the server to the client.
        case download
    }

    /// Which way.
    public var direction: Direction
    /// Bytes of a second, from 1.
    public var bytesPerSecond: UInt64

    /// Makes a limit.
    public init(_ direction: Direction, bytesPerSecond: UInt64) {
        self.direction = direction
        self.bytesPerSecond = bytesPerSecond
    }
}

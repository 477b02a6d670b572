/// Adds a server to a pool or takes one away, until the configuration is read again.
public struct PoolOrder: Codable, Hashable, Sendable {
    /// What is to be done.
    public enum Change: Codable, Hashable, Sendable {
        /// A server comes, as words say that stand behind its name in haproxy's language: `ADDRESS[:PORT]`
        /// and options.
        case add([String])
        /// The server goes: it must be in maintenance, and nobody may be connected to it.
        case remove
        /// Say whether it could go; answered with an empty line where it could, and where it could not yet
        /// with what it waits for.
        case askRemovable
    }

    /// The pool's name.
    public var backend: String
    /// The server's name.
    public var server: String
    /// What is to be done.
    public var change: Change

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - backend: The pool's name.
    ///   - server: The server's name.
    ///   - change: What is to be done.
    public init(backend: String, server: String, change: Change) {
        self.backend = backend
        self.server = server
        self.change = change
    }

    /// The server's whole name: `BACKEND/SERVER`.
    public var serverName: String { "\(backend)/\(server)" }
}

#if Program
public import NIOCore

/// One step of a ``ScriptProbe``.
public struct ScriptStep: Sendable {
    /// What is done.
    @nonexhaustive public enum Action: Sendable {
        /// Connects, and ends the connection before. A script that begins otherwise begins with
        /// a connection to the target.
        case connect(Connection)
        /// Sends bytes, and forgets what was received.
        case send([UInt8])
        /// Waits for an answer.
        case expect(Expectation)
    }

    /// A connection of a script.
    public struct Connection: Sendable {
        /// The address; `nil`: the target's.
        ///
        /// Its port counts only where `port` is `nil`.
        public var address: SocketAddress?
        /// The port; `nil`: the target's.
        public var port: Int?
        /// How the connection is made.
        public var settings = ProbeConnection()

        /// Makes a connection to the target's port.
        public init() {}
    }

    /// An answer of a script.
    public struct Expectation: Sendable {
        /// What the answer has in it.
        public var pattern: BytePattern
        /// Whether the answer must not have it.
        public var isNegated = false
        /// How many bytes must be there before the comparison is final; `nil`: it is repeated with
        /// all that comes, up to 16 KiB or the end of the connection (haproxy's `min-recv`).
        public var minimumLength: Int?

        /// Makes an expectation.
        ///
        /// - Parameter pattern: What the answer has in it.
        public init(_ pattern: BytePattern) { self.pattern = pattern }
    }

    /// What is done.
    public let action: Action
    /// What a report says about the step when it fails.
    public var comment: String?

    /// Makes a step.
    ///
    /// - Parameters:
    ///   - action: What is done.
    ///   - comment: What a report says about the step when it fails.
    public init(_ action: Action, comment: String? = nil) {
        self.action = action
        self.comment = comment
    }

    /// Connects to the target, or to another port of it.
    ///
    /// - Parameter port: The port; `nil`: the target's.
    /// - Returns: The step.
    public static func connect(port: Int? = nil) -> ScriptStep {
        var connection = Connection()
        connection.port = port
        return ScriptStep(.connect(connection))
    }

    /// Sends a text.
    ///
    /// - Parameter text: The text, with its line ends.
    /// - Returns: The step.
    public static func send(_ text: String) -> ScriptStep {
        ScriptStep(.send(Array(text.utf8)))
    }

    /// Waits for an answer.
    ///
    /// - Parameter pattern: What the answer has in it.
    /// - Returns: The step.
    public static func expect(_ pattern: BytePattern) -> ScriptStep {
        ScriptStep(.expect(Expectation(pattern)))
    }

    var words: String {
        switch action {
        case .connect(let connection): connection.port.map { "connect port \($0)" } ?? "connect"
        case .send: "send"
        case .expect(let expectation):
            "expect \(expectation.isNegated ? "! " : "")\(expectation.pattern)"
        }
    }
}
#endif

#if Probes
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
        /// How the result is reported.
        public var words = ExpectationWords()

        /// Makes an expectation.
        ///
        /// - Parameter pattern: What the answer has in it.
        public init(_ pattern: BytePattern) { self.pattern = pattern }
    }

    /// What is done.
    public let action: Action
    /// What a report says about the step when it fails.
    public var comment: String?
    /// The step's number in reports; `nil`: its place in the script, counted from 1.
    public var number: Int?

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

    /// What haproxy calls the step where the connection fails in it.
    var words: String {
        switch action {
        case .connect(let connection): connection.port.map { "connect port \($0)" } ?? "connect"
        case .send: "send"
        case .expect(let expectation):
            switch expectation.pattern {
            case .text(let text): "expect string '\(text)'"
            case .bytes(let bytes): "expect binary '\(BytePattern.hex(bytes))'"
            case .expression: "expect regex"
            case .hexExpression: "expect binary regex"
            }
        }
    }
}

extension ScriptStep.Expectation {
    /// haproxy's words for content that is not as expected, up to the step.
    func complaint(isFound: Bool) -> String {
        let kind =
            switch pattern {
            case .text(let text): "'\(text)'"
            case .bytes: "(binary)"
            case .expression: "(regex)"
            case .hexExpression: "(binary regex)"
            }
        return "TCPCHK \(isFound ? "matched unwanted" : "did not match") content \(kind)"
    }
}
#endif

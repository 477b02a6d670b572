/// A text in which names may stand that differ from server to server: a little of haproxy's log format.
public struct CheckText: Hashable, Sendable, Codable, ExpressibleByStringLiteral {
    /// A part of the text.
    public enum Part: Hashable, Sendable, Codable {
        /// These characters.
        case text(String)
        /// The server's name: `%s`, `%[srv_name]`.
        case serverName
        /// The pool's name: `%b`, `%[be_name]`.
        case backendName
        /// The host's name: `%H`, `%[hostname]`.
        case hostName
    }

    /// The parts in their order.
    public var parts: [Part]

    /// Makes a text of parts.
    public init(parts: [Part]) { self.parts = parts }
    /// Makes a text without names in it.
    public init(_ text: String) { parts = [.text(text)] }
    /// Makes a text without names in it.
    public init(stringLiteral text: String) { self.init(text) }

    /// The text with the names in it.
    ///
    /// - Parameters:
    ///   - server: The server's name.
    ///   - backend: The pool's name.
    ///   - host: The host's name.
    /// - Returns: The text.
    public func filled(server: String, backend: String, host: String) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .serverName: server
            case .backendName: backend
            case .hostName: host
            }
        }.joined()
    }
}

/// What a step of a script waits for.
public struct CheckExpectation: Hashable, Sendable, Codable {
    /// What the answer has in it.
    public var pattern: CheckPattern
    /// Whether the answer must not have it.
    public var isNegated: Bool
    /// How many bytes must be there before the comparison is final (`min-recv`); `nil`: it is
    /// repeated with all that comes.
    public var minimumLength: Int?
    /// How the result is reported.
    public var words = CheckExpectationWords()
    /// Makes an expectation.
    public init(_ pattern: CheckPattern, isNegated: Bool = false, minimumLength: Int? = nil) {
        self.pattern = pattern
        self.isNegated = isNegated
        self.minimumLength = minimumLength
    }
}

/// The words of `check_status` that an expectation can ask for.
public enum CheckStatusWord: String, Hashable, Sendable, Codable, CaseIterable {
    /// A connection could be made.
    case connected = "L4OK"
    /// No connection could be made.
    case connectFailed = "L4CON"
    /// No connection in time.
    case connectTimedOut = "L4TOUT"
    /// The TLS handshake succeeded.
    case handshakeDone = "L6OK"
    /// It failed.
    case handshakeFailed = "L6RSP"
    /// It took too long.
    case handshakeTimedOut = "L6TOUT"
    /// The answer is right.
    case answered = "L7OK"
    /// The server wishes no new clients.
    case answeredDraining = "L7OKC"
    /// The answer is none.
    case badAnswer = "L7RSP"
    /// The answer says no.
    case wrongAnswer = "L7STS"
    /// No answer in time.
    case answerTimedOut = "L7TOUT"
}

/// How the result of an expectation is reported.
public struct CheckExpectationWords: Hashable, Sendable, Codable {
    /// The number that goes with a result.
    public enum Code: Hashable, Sendable, Codable {
        /// `int(N)`.
        case number(Int)
        /// `check.payload(OFFSET,LENGTH)`: what stands there in the answer.
        case payload(offset: Int, length: Int)
    }
    /// `ok-status`; `nil`: as usual.
    public var success: CheckStatusWord?
    /// `error-status`; `nil`: as usual.
    public var failure: CheckStatusWord?
    /// `tout-status`; `nil`: as usual.
    public var timeout: CheckStatusWord?
    /// `on-success`; `nil`: as usual.
    public var successText: CheckText?
    /// `on-error`; `nil`: as usual.
    public var failureText: CheckText?
    /// `status-code`; `nil`: the protocol's.
    public var code: Code?
    /// Makes haproxy's usual words.
    public init() {}
}

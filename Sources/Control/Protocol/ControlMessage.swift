/// What may be asked of the running program through its control socket.
///
/// On the wire a line of JSON each: `{"command":"status"}`.
public enum ControlRequest: Hashable, Sendable {
    /// Everything that the node says about itself.
    case status
    /// Read the configuration again.
    case reload
    /// Say what a reload would change, and change nothing.
    case plan
    /// Resign and end, as on SIGTERM.
    case stop
    /// Move a virtual router's addresses.
    case virtualRouter(VirtualRouterOrder)
    /// Change what a server takes.
    case server(ServerOrder)
    /// Add a server to a pool, or take one away.
    case pool(PoolOrder)
    /// Show or change a stick table.
    case table(TableOrder)
    /// Show or end connections.
    case session(SessionOrder)
}

/// What the running program answers.
///
/// On the wire a line of JSON each, with one field that says what it is:
/// `{"status":{…}}`, `{"table":{…}}`, `{"sessions":{…}}`, `{"done":"…"}` or
/// `{"error":{"exitCode":1,"message":"…"}}`.
public enum ControlResponse: Hashable, Sendable {
    /// The answer to ``ControlRequest/status``.
    case status(NodeStatus)
    /// The answer to ``ControlRequest/table(_:)`` that shows one.
    case table(TablePart)
    /// The answer to ``ControlRequest/session(_:)``.
    case sessions(SessionPart)
    /// It is done; a line for people, which may be empty.
    case done(String)
    /// It is not done: why, and the exit code for the command that asked.
    case failed(ControlFailure)
}

/// Why a request was not carried out.
public struct ControlFailure: Codable, Hashable, Sendable {
    /// What failed, on what, and what to do about it.
    public var message: String
    /// What the command that asked exits with, 1 to 255.
    public var exitCode: Int

    /// Makes a reason.
    ///
    /// - Parameters:
    ///   - message: What failed, on what, and what to do about it.
    ///   - exitCode: What the command that asked exits with, 1 to 255.
    public init(message: String, exitCode: Int) {
        self.message = message
        self.exitCode = exitCode
    }
}

extension ControlRequest: Codable {
    private enum CodingKeys: String, CodingKey { case command, order }
    private enum Command: String, Codable, CaseIterable {
        case status, reload, plan, stop, server, pool, vrrp, table, session
    }

    /// Reads a request.
    ///
    /// - Parameter decoder: Where to read from.
    /// - Throws: `DecodingError` naming the command that is not known, and those that are.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let word = try container.decode(String.self, forKey: .command)
        guard let command = Command(rawValue: word) else {
            let known = Command.allCases.map(\.rawValue).joined(separator: ", ")
            throw DecodingError.dataCorruptedError(
                forKey: .command, in: container,
                debugDescription: "unknown command \"\(word)\"; known are \(known)")
        }
        self =
            switch command {
            case .status: .status
            case .reload: .reload
            case .plan: .plan
            case .stop: .stop
            case .vrrp:
                .virtualRouter(try container.decode(VirtualRouterOrder.self, forKey: .order))
            case .server: .server(try container.decode(ServerOrder.self, forKey: .order))
            case .pool: .pool(try container.decode(PoolOrder.self, forKey: .order))
            case .table: .table(try container.decode(TableOrder.self, forKey: .order))
            case .session: .session(try container.decode(SessionOrder.self, forKey: .order))
            }
    }

    /// Writes the request.
    ///
    /// - Parameter encoder: Where to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        let command: Command =
            switch self {
            case .status: .status
            case .reload: .reload
            case .plan: .plan
            case .stop: .stop
            case .virtualRouter: .vrrp
            case .server: .server
            case .pool: .pool
            case .table: .table
            case .session: .session
            }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(command, forKey: .command)
        if case .virtualRouter(let order) = self { try container.encode(order, forKey: .order) }
        if case .server(let order) = self { try container.encode(order, forKey: .order) }
        if case .pool(let order) = self { try container.encode(order, forKey: .order) }
        if case .table(let order) = self { try container.encode(order, forKey: .order) }
        if case .session(let order) = self { try container.encode(order, forKey: .order) }
    }
}

extension ControlResponse: Codable {
    private enum CodingKeys: String, CodingKey { case status, table, sessions, done, error }

    /// Reads an answer.
    ///
    /// - Parameter decoder: Where to read from.
    /// - Throws: `DecodingError` where it is none of the known ones.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let failure = try container.decodeIfPresent(ControlFailure.self, forKey: .error) {
            self = .failed(failure)
        } else if let status = try container.decodeIfPresent(NodeStatus.self, forKey: .status) {
            self = .status(status)
        } else if let part = try container.decodeIfPresent(TablePart.self, forKey: .table) {
            self = .table(part)
        } else if let part = try container.decodeIfPresent(SessionPart.self, forKey: .sessions) {
            self = .sessions(part)
        } else {
            self = .done(try container.decode(String.self, forKey: .done))
        }
    }

    /// Writes the answer.
    ///
    /// - Parameter encoder: Where to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .status(let status): try container.encode(status, forKey: .status)
        case .table(let part): try container.encode(part, forKey: .table)
        case .sessions(let part): try container.encode(part, forKey: .sessions)
        case .done(let text): try container.encode(text, forKey: .done)
        case .failed(let failure): try container.encode(failure, forKey: .error)
        }
    }
}

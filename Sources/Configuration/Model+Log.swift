/// Where log lines of connections go: haproxy's `log ADDRESS`.
public struct LogTarget: Hashable, Sendable, Codable {
    /// What takes the lines.
    public enum Destination: Hashable, Sendable, Codable {
        /// A syslog daemon, by UDP.
        case datagrams(Endpoint)
        /// A syslog daemon of this host, by the path of its socket.
        case socket(path: String)
        /// Standard output.
        case standardOutput
        /// Standard error.
        case standardError
    }

    /// What stands before a line; haproxy's names.
    public enum Format: String, Hashable, Sendable, Codable, CaseIterable {
        /// haproxy's formats.
        case rfc3164, rfc5424, raw, short, timed, iso
    }

    /// What takes the lines.
    public var destination: Destination
    /// What stands before a line.
    public var format: Format
    /// syslog's number of the facility, 0 to 23.
    public var facility: Int
    /// The least grave lines that are sent, 0 to 7.
    public var leastSeverity = 7
    /// What graver lines are toned down to, 0 to 7.
    public var mostSeverity = 0
    /// Longer lines are cut.
    public var length = 1024

    /// Makes a target that takes everything.
    public init(destination: Destination, format: Format, facility: Int) {
        self.destination = destination
        self.format = format
        self.facility = facility
    }
}

/// What a frontend tells of its connections.
public struct ConnectionLogSettings: Hashable, Sendable, Codable {
    /// The form of the lines.
    public enum Form: String, Hashable, Sendable, Codable {
        /// haproxy's default: a line when a connection is accepted.
        case accepting
        /// `option tcplog`.
        case tcplog
        /// An object for each connection (`option jsonlog`).
        case json
        /// As ``ConnectionLogSettings/format`` has it (`log-format`).
        case written
    }

    /// The form of the lines.
    public var form = Form.accepting
    /// The form of a line for each connection, where ``form`` is ``Form/written``.
    public var format: [LogFormatPiece] = []
    /// The form of a line for each connection whose PROXY header is none (`error-log-format`); empty:
    /// that of all others.
    public var errorFormat: [LogFormatPiece] = []
    /// What stands between the head and the line of ``LogTarget/Format/rfc5424`` (`log-format-sd`); empty:
    /// `-`.
    public var structuredData: [LogFormatPiece] = []
    /// What tells a connection from all others, in lines and to servers (`unique-id-format`); empty:
    /// nothing does.
    public var identifierFormat: [LogFormatPiece] = []
    /// What they call the program (`log-tag`); `nil`: as ``GlobalSettings/logTag`` says.
    public var tag: String?
    /// Where they go.
    public var targets: [LogTarget] = []
    /// Whether they also go where the `log` lines of the `global` section say (`log global`).
    public var usesGlobalTargets = false
    /// `option dontlog-normal`.
    public var omitsNormal = false
    /// `option logasap`.
    public var isEarly = false
    /// `option log-separate-errors`: failed connections are errors, not information.
    public var separatesErrors = false

    /// Makes settings that tell nothing.
    public init() {}
}

extension ConnectionLogSettings {
    /// Whether lines say what the client's first TLS message does.
    var tellsHello: Bool {
        form == .written
            && format.contains { piece in
                switch piece {
                case .variable(.helloServerName, _, _, _), .variable(.helloProtocols, _, _, _): true
                case .variable, .capture, .text, .headerText, .tlsText, .tlsNumber: false
                }
            }
    }
}

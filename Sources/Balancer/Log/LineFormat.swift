/// A form of log lines that somebody wrote (`log-format`).
public struct LineFormat: Hashable, Sendable {
    /// A piece of a line.
    public enum Piece: Hashable, Sendable {
        /// These words.
        case text(String)
        /// What the variable has for the connection; a name in quotes or not, a number in hexadecimal
        /// digits or not, and a backslash before what has a meaning in structured data or not.
        case variable(
            Variable, isQuoted: Bool, isHexadecimal: Bool = false, isEscaped: Bool = false)
        /// What a rule has captured under a number of ``FrontendPlan/captureLengths``.
        case capture(Int, isQuoted: Bool, isEscaped: Bool = false)
        /// What is known of the client's TLS that ended here; in quotes or not.
        case sample(SecuredSample, isQuoted: Bool, isEscaped: Bool = false)
        /// What the client's PROXY header says by an extension of this type.
        case headerText(UInt8, isQuoted: Bool, isEscaped: Bool = false)
    }

    /// What a line can say of a connection; haproxy's names.
    public enum Variable: String, Hashable, Sendable, CaseIterable {
        /// Who the client is.
        case clientAddress = "ci", clientPort = "cp"
        /// Where the client connected to.
        case frontendAddress = "fi", frontendPort = "fp"
        /// Where the server saw the connection come from.
        case sourceAddress = "bi", sourcePort = "bp"
        /// Where the server is.
        case serverAddress = "si", serverPort = "sp"
        /// The frontend, twice, its pool, and the server, twice: where there was none, it says so or not.
        case frontend = "f", frontendName = "ft", pool = "b", server = "s"
        case serverName = "[srv_name]"
        /// What the client asked for and offered by TLS.
        case helloServerName = "[req.ssl_sni]", helloProtocols = "[req.ssl_alpn]"
        /// What it asked for and what was agreed on, where its TLS ended here.
        case securedServerName = "[ssl_fc_sni]", securedProtocol = "[ssl_fc_alpn]"
        case securedVersion = "sslv", securedCipher = "sslc"
        /// When it was accepted.
        case date = "t", localDate = "Tl", universalDate = "T", timestamp = "Ts", milliseconds =
            "ms"
        /// How long it took, in milliseconds.
        case headerTime = "Th", queueTime = "Tw", connectTime = "Tc", dataTime = "Td"
        case totalTime = "Tt"
        /// Bytes to the client, and from it.
        case bytesOut = "B", bytesIn = "U"
        /// How it ended.
        case ending = "ts"
        /// How many connections there were.
        case processConnections = "ac", frontendConnections = "fc", poolConnections = "bc"
        /// How many connections there were to the server.
        case serverConnections = "sc"
        /// Further attempts.
        case retries = "rc"
        /// Places in the lines.
        case serverQueue = "sq", poolQueue = "bq"
        /// This process.
        case hostName = "H", processID = "pid"
        /// What the connection is known by, and its number in the process.
        case identifier = "ID", requestNumber = "rt"
        /// What rules have captured, in braces, or with spaces in between.
        case captures = "hr", captureList = "hrl"
        /// A random number, another one for each line.
        case uuid = "[uuid()]"
    }

    /// The pieces.
    public var pieces: [Piece]

    /// Makes a form.
    public init(_ pieces: [Piece]) { self.pieces = pieces }

    /// Whether lines say where clients connected to.
    ///
    /// The port of a server may follow from it.
    public var tellsDestination: Bool {
        tells(.frontendAddress) || tells(.frontendPort) || tells(.serverPort)
    }

    /// Whether lines say where servers were.
    public var tellsServerEnd: Bool { tells(.serverAddress) || tells(.serverPort) }

    /// Whether lines say where servers saw connections come from.
    public var tellsSourceEnd: Bool { tells(.sourceAddress) || tells(.sourcePort) }

    /// Whether lines say how long PROXY headers took.
    public var tellsHeaderTime: Bool { tells(.headerTime) }

    /// Whether lines say what the client's TLS does.
    public var tellsNames: Bool {
        tells(.helloServerName) || tells(.helloProtocols) || tells(.securedServerName)
            || tells(.securedProtocol) || tells(.securedVersion) || tells(.securedCipher)
            || !samples.isEmpty
    }

    /// What of clients' TLS is to be kept for lines, each once (``FrontendPlan/securedSamples``).
    public var samples: [SecuredSample] {
        var all: [SecuredSample] = []
        for case .sample(let sample, _, _) in pieces where !all.contains(sample) {
            all.append(sample)
        }
        return all
    }

    /// The types of extensions of PROXY headers that lines tell, each once.
    public var headerTextTypes: [UInt8] {
        var all: [UInt8] = []
        for case .headerText(let type, _, _) in pieces where !all.contains(type) {
            all.append(type)
        }
        return all
    }

    /// Whether lines say what connections are known by.
    public var tellsIdentifier: Bool { tells(.identifier) }

    /// Whether lines say which connection of the process one is.
    public var tellsRequestNumber: Bool { tells(.requestNumber) }

    /// Whether lines say what rules have captured.
    public var tellsCaptures: Bool {
        tells(.captures) || tells(.captureList)
            || pieces.contains { if case .capture = $0 { true } else { false } }
    }

    private func tells(_ variable: Variable) -> Bool {
        pieces.contains {
            if case .variable(let own, _, _, _) = $0 { own == variable } else { false }
        }
    }
}

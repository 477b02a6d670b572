/// A piece of the form of a connection's log line (`log-format`).
public enum LogFormatPiece: Hashable, Sendable, Codable {
    /// These words.
    case text(String)
    /// What the variable has for the connection; in quotes (`%{+Q}`) or not, in hexadecimal digits
    /// (`%{+X}`), and with a backslash before what has a meaning in structured data (`%{+E}`).
    case variable(
        LogVariable, isQuoted: Bool, isHexadecimal: Bool = false, isEscaped: Bool = false)
    /// What a rule has captured, by the capture's number, from 0 (`%[capture.req.hdr(0)]`).
    case capture(Int, isQuoted: Bool, isEscaped: Bool = false)
    /// What the client's PROXY header says by an extension of this type (`%[fc_pp_authority]` and its like).
    case headerText(UInt8, isQuoted: Bool, isEscaped: Bool = false)
    /// What is known of the client's TLS that ended here (`%[ssl_c_s_dn]` and its like); no bytes.
    case tlsText(TLSText, isQuoted: Bool, isEscaped: Bool = false)
    /// The same as a number (`%[ssl_c_verify]`).
    case tlsNumber(TLSNumber, isQuoted: Bool)
}

/// What a log line can say of a connection; haproxy's names.
public enum LogVariable: String, Hashable, Sendable, Codable, CaseIterable {
    /// The client's address.
    case clientAddress = "ci"
    /// The client's port.
    case clientPort = "cp"
    /// The address that the client connected to.
    case frontendAddress = "fi"
    /// The port that the client connected to.
    case frontendPort = "fp"
    /// The address that the server saw the connection come from; of one that did not answer it is not known.
    case sourceAddress = "bi"
    /// The port that the server saw the connection come from.
    case sourcePort = "bp"
    /// The server's address.
    case serverAddress = "si"
    /// The server's port.
    case serverPort = "sp"
    /// The frontend.
    case frontend = "f"
    /// The frontend, with `~` behind it where the client's TLS ends here.
    case frontendName = "ft"
    /// The pool.
    case pool = "b"
    /// The server.
    case server = "s"
    /// The server; nothing where there was none.
    case serverName = "[srv_name]"
    /// The name that the client asked for by TLS.
    case helloServerName = "[req.ssl_sni]"
    /// The protocols that the client offered by TLS.
    case helloProtocols = "[req.ssl_alpn]"
    /// The name that the client asked for, where its TLS ended here.
    case securedServerName = "[ssl_fc_sni]"
    /// The protocol that was agreed on, likewise.
    case securedProtocol = "[ssl_fc_alpn]"
    /// The version, likewise.
    case securedVersion = "sslv"
    /// The cipher, likewise.
    case securedCipher = "sslc"
    /// When the connection was accepted.
    case date = "t"
    /// The same, with the time zone.
    case localDate = "Tl"
    /// The same, in UTC.
    case universalDate = "T"
    /// The same, in seconds since 1970.
    case timestamp = "Ts"
    /// The milliseconds of that second.
    case milliseconds = "ms"
    /// Milliseconds until its PROXY header was whole; 0: none was waited for.
    case headerTime = "Th"
    /// Milliseconds until a server was its own.
    case queueTime = "Tw"
    /// Milliseconds until the server answered.
    case connectTime = "Tc"
    /// Milliseconds from then to the end.
    case dataTime = "Td"
    /// Milliseconds in all.
    case totalTime = "Tt"
    /// Bytes to the client.
    case bytesOut = "B"
    /// Bytes from the client.
    case bytesIn = "U"
    /// How it ended.
    case ending = "ts"
    /// Connections of the process.
    case processConnections = "ac"
    /// Connections of the frontend.
    case frontendConnections = "fc"
    /// Connections of the pool.
    case poolConnections = "bc"
    /// Connections of the server.
    case serverConnections = "sc"
    /// Further attempts.
    case retries = "rc"
    /// The place in the server's line.
    case serverQueue = "sq"
    /// The place in the pool's line.
    case poolQueue = "bq"
    /// This host's name.
    case hostName = "H"
    /// The number of the process.
    case processID = "pid"
    /// What tells the connection from all others (`unique-id-format`).
    case identifier = "ID"
    /// The connection's number in the process, from 0.
    case requestNumber = "rt"
    /// What rules have captured, in braces; nothing where there is no capture.
    case captures = "hr"
    /// The same with spaces in between.
    case captureList = "hrl"
    /// A random number of 128 bits, drawn for each line.
    case uuid = "[uuid()]"
}

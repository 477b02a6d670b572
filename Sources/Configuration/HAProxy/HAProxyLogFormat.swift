extension HAProxySection {
    /// `log-format`; haproxy's configuration manual, sections 8.2.6 and 4.2.
    static let logFormat = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        let first = try arguments.next("a form, such as \"%ci:%cp %b/%s %ts\"")
        // Without quotes words may be divided by spaces that a backslash stands before.
        section.settings.log.format = try arguments.logFormat(beginningWith: first)
        section.settings.log.form = .written
    }

    /// `error-log-format`; haproxy's configuration manual, section 8.2.5.
    static let errorLogFormat = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        let first = try arguments.next("a form, such as \"%ci:%cp %ft\"")
        section.settings.log.errorFormat = try arguments.logFormat(beginningWith: first)
    }

    /// `log-format-sd`; haproxy's configuration manual, section 4.2.
    static let structuredData = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        let first = try arguments.next("a form, such as \"%{+Q,+E}o [name@1 client=%ci]\"")
        section.settings.log.structuredData = try arguments.logFormat(beginningWith: first)
    }

    /// `unique-id-format`; haproxy's configuration manual, section 4.2.
    ///
    /// An id is made when a server is told it, or else for the line: what may be another thing by then can't
    /// stand in it.
    static let identifierFormat = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        let first = try arguments.next(
            "a form, such as \"%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid\"")
        let format = try arguments.logFormat(beginningWith: first)
        for piece in format where !piece.isKnownFromTheBeginning {
            let names = LogVariable.allCases.filter(\.isKnownFromTheBeginning).map {
                "%\($0.rawValue)"
            }
            throw .error(
                "unique-id-format: \(piece.name.quoted) is not the same from the beginning of a connection"
                    + " to its end; there are \(names.joined(separator: " "))", at: first.position)
        }
        section.settings.log.identifierFormat = format
    }
}

extension LogFormatPiece {
    fileprivate var isKnownFromTheBeginning: Bool {
        switch self {
        case .text: true
        case .variable(let variable, _, _, _): variable.isKnownFromTheBeginning
        case .capture, .headerText, .tlsText, .tlsNumber: false
        }
    }

    fileprivate var name: String {
        switch self {
        case .text(let text): text
        case .variable(let variable, _, _, _): "%\(variable.rawValue)"
        case .capture(let number, _, _): "%[capture.req.hdr(\(number))]"
        case .headerText(let type, _, _): "%[\(HeaderTextNames.sample(type))]"
        case .tlsText(let text, _, _): "%[\(text.sampleName)]"
        case .tlsNumber(let number, _): "%[\(number.rawValue)]"
        }
    }
}

extension LogVariable {
    fileprivate var isKnownFromTheBeginning: Bool {
        switch self {
        case .clientAddress, .clientPort, .frontendAddress, .frontendPort, .frontend, .frontendName,
            .timestamp, .milliseconds, .requestNumber, .hostName, .processID, .uuid:
            true
        default: false
        }
    }
}

extension HAProxySection {
    /// What `option tcplog clf` stands for: the Common Log Format of web servers, as haproxy has it since
    /// 3.0 (src/log.c).
    ///
    /// - Parameter word: Where it was asked for.
    /// - Returns: Its pieces.
    /// - Throws: Nothing, as the form is a good one.
    static func commonLogFormat(_ word: Word) throws(Remark) -> [LogFormatPiece] {
        var reader = LogFormatReader(
            #"%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s "#
                + #"%Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" "#,
            at: word, of: "option tcplog")
        return try reader.pieces()
    }
}

extension Arguments {
    fileprivate mutating func logFormat(
        beginningWith first: Word
    ) throws(Remark) -> [LogFormatPiece] {
        let words = [first] + remaining()
        let text = words.map(\.text).joined(separator: " ")
        var reader = LogFormatReader(text, at: first, of: label)
        return try reader.pieces()
    }
}

/// Takes the text after `log-format` apart.
private struct LogFormatReader {
    /// `{+Q,+X,+E}`.
    private struct Flags {
        var isQuoted = false
        var isHexadecimal = false
        var isEscaped = false
    }

    private let word: Word
    /// Whose form it is.
    private let label: String
    private var rest: Substring
    private var flags = Flags()
    private var flagsThroughout = Flags()
    private var found: [LogFormatPiece] = []

    init(_ text: String, at word: Word, of label: String) {
        self.word = word
        self.label = label
        rest = Substring(text)
    }

    mutating func pieces() throws(Remark) -> [LogFormatPiece] {
        while let sign = rest.firstIndex(of: "%") {
            found.add(.text(String(rest[..<sign])))
            rest = rest[rest.index(after: sign)...]
            try readVariable()
        }
        found.add(.text(String(rest)))
        return found
    }

    /// Reads what follows a percent sign.
    private mutating func readVariable() throws(Remark) {
        if rest.hasPrefix("%") {
            rest = rest.dropFirst()
            return found.add(.text("%"))
        }
        flags = flagsThroughout
        if rest.hasPrefix("{") { try readFlags() }
        guard !rest.hasPrefix("[") else { return try readSample() }
        let name = rest.prefix { $0.isLetter }
        rest = rest.dropFirst(name.count)
        // `%o` alone carries flags for all that follow.
        guard name != "o" else {
            flagsThroughout = flags
            return
        }
        // What servers say is captured in HTTP alone.
        guard name != "hs", name != "hsl" else { return }
        guard let variable = LogVariable(rawValue: String(name)) else {
            throw .error(
                "\(label): \("%\(name)".quoted) is not offered; there are \(Self.names)",
                at: word.position)
        }
        let isHexadecimal = flags.isHexadecimal && Self.numeric.contains(variable)
        found.append(
            .variable(
                variable,
                isQuoted: flags.isQuoted && !isHexadecimal && Self.quotable.contains(variable),
                isHexadecimal: isHexadecimal, isEscaped: flags.isEscaped))
    }

    /// Addresses and names: numbers, dates and the ending stand without quotes in any case, as
    /// haproxy has them.
    private static let quotable: Set<LogVariable> = [
        .clientAddress, .frontendAddress, .sourceAddress, .serverAddress, .frontend, .frontendName,
        .pool, .server, .hostName, .identifier, .captures, .captureList,
        .securedVersion, .securedCipher,
    ]

    /// What `+X` has a meaning for.
    private static let numeric: Set<LogVariable> = [
        .clientAddress, .clientPort, .frontendAddress, .frontendPort, .sourceAddress, .sourcePort,
        .serverAddress, .serverPort, .timestamp, .milliseconds, .requestNumber, .processID,
    ]

    /// `[FETCH]`: what a variable says as well; in quotes where they are asked for, also a number.
    private mutating func readSample() throws(Remark) {
        guard let end = rest.firstIndex(of: "]") else {
            throw .error("\(label): '%[' is not closed", at: word.position)
        }
        let name = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        if let number = try captureNumber(name) {
            return found.append(
                .capture(number, isQuoted: flags.isQuoted, isEscaped: flags.isEscaped))
        }
        guard let variable = Self.samples[name] ?? LogVariable(rawValue: "[\(name)]") else {
            let sample = Word(text: name, position: word.position)
            if let text = sample.tlsText, !text.isBinary {
                return found.append(
                    .tlsText(text, isQuoted: flags.isQuoted, isEscaped: flags.isEscaped))
            }
            if let type = try sample.headerTextType() {
                return found.append(
                    .headerText(type, isQuoted: flags.isQuoted, isEscaped: flags.isEscaped))
            }
            if let number = TLSNumber(rawValue: name) {
                return found.append(.tlsNumber(number, isQuoted: flags.isQuoted))
            }
            throw .error(
                "\(label): \("%[\(name)]".quoted) is not supported, because a line is made of what is"
                    + " known once the connection is gone; there are \(Self.names)",
                at: word.position)
        }
        found.append(
            .variable(variable, isQuoted: flags.isQuoted, isEscaped: flags.isEscaped))
    }

    /// The number in `capture.req.hdr(0)`; `nil`: it is another fetch.
    private func captureNumber(_ name: String) throws(Remark) -> Int? {
        guard name.hasPrefix("capture.req.hdr") else { return nil }
        let argument = name.dropFirst("capture.req.hdr".count)
        guard argument.hasPrefix("("), argument.hasSuffix(")"),
            let number = Int(argument.dropFirst().dropLast()), number >= 0
        else {
            throw .error(
                "\(label): \("%[\(name)]".quoted) needs the number of a capture, such as"
                    + " %[capture.req.hdr(0)]", at: word.position)
        }
        return number
    }

    /// haproxy's configuration manual, section 7.3.
    private static let samples: [String: LogVariable] = [
        "src": .clientAddress, "src_port": .clientPort, "dst": .frontendAddress,
        "dst_port": .frontendPort, "fe_name": .frontend, "be_name": .pool, "hostname": .hostName,
        "pid": .processID, "req_ssl_sni": .helloServerName, "req_ssl_alpn": .helloProtocols,
        "ssl_fc_protocol": .securedVersion, "ssl_fc_cipher": .securedCipher,
        "unique-id": .identifier, "uuid": .uuid,
    ]

    /// `{+Q}`, `{-Q}` and their like.
    private mutating func readFlags() throws(Remark) {
        guard let end = rest.firstIndex(of: "}") else {
            throw .error("\(label): '%{' is not closed", at: word.position)
        }
        let words = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        for flag in words.split(separator: ",", omittingEmptySubsequences: false) {
            switch flag {
            case "+Q": flags.isQuoted = true
            case "-Q": flags.isQuoted = false
            case "+X": flags.isHexadecimal = true
            case "-X": flags.isHexadecimal = false
            case "+E": flags.isEscaped = true
            case "-E": flags.isEscaped = false
            default:
                throw .error(
                    "\(label): the flag \(String(flag).quoted) is not offered; there are Q, X and E, each"
                        + " after + or -", at: word.position)
            }
        }
    }

    private static let names =
        (LogVariable.allCases.map(\.rawValue) + samples.keys.sorted().map { "[\($0)]" }
        + (HeaderTextNames.own.keys.sorted() + ["fc_pp_tlv(ID)", "capture.req.hdr(N)"])
        .map { "[\($0)]" }).map { "%\($0)" }.joined(separator: " ")
}

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
    private let word: Word
    /// Whose form it is.
    private let label: String
    private var rest: Substring
    private var isQuoted = false
    private var isQuotedThroughout = false
    private var found: [LogFormatPiece] = []

    init(_ text: String, at word: Word, of label: String) {
        self.word = word
        self.label = label
        rest = Substring(text)
    }

    mutating func pieces() throws(Remark) -> [LogFormatPiece] {
        while let sign = rest.firstIndex(of: "%") {
            add(String(rest[..<sign]))
            rest = rest[rest.index(after: sign)...]
            try readVariable()
        }
        add(String(rest))
        return found
    }

    private mutating func add(_ text: String) {
        guard !text.isEmpty else { return }
        if case .text(let former) = found.last {
            found[found.count - 1] = .text(former + text)
        } else {
            found.append(.text(text))
        }
    }

    /// Reads what follows a percent sign.
    private mutating func readVariable() throws(Remark) {
        if rest.hasPrefix("%") {
            rest = rest.dropFirst()
            return add("%")
        }
        isQuoted = isQuotedThroughout
        if rest.hasPrefix("{") { try readFlags() }
        guard !rest.hasPrefix("[") else { return try readSample() }
        let name = rest.prefix { $0.isLetter }
        rest = rest.dropFirst(name.count)
        // `%o` alone carries flags for all that follow.
        guard name != "o" else {
            isQuotedThroughout = isQuoted
            return
        }
        guard let variable = LogVariable(rawValue: String(name)) else {
            throw .error(
                "\(label): \("%\(name)".quoted) is not offered; there are \(Self.names)",
                at: word.position)
        }
        found.append(.variable(variable, isQuoted: isQuoted && Self.quotable.contains(variable)))
    }

    /// Addresses and names: numbers, dates and the ending stand without quotes in any case, as
    /// haproxy has them.
    private static let quotable: Set<LogVariable> = [
        .clientAddress, .frontendAddress, .sourceAddress, .serverAddress, .frontend, .frontendName,
        .pool, .server,
        .hostName,
    ]

    /// `[FETCH]`: what a variable says as well; in quotes where they are asked for, also a number.
    private mutating func readSample() throws(Remark) {
        guard let end = rest.firstIndex(of: "]") else {
            throw .error("\(label): '%[' is not closed", at: word.position)
        }
        let name = String(rest[rest.index(after: rest.startIndex)..<end])
        rest = rest[rest.index(after: end)...]
        guard let variable = Self.samples[name] ?? LogVariable(rawValue: "[\(name)]") else {
            let sample = Word(text: name, position: word.position)
            if let text = sample.tlsText, !text.isBinary {
                return found.append(.tlsText(text, isQuoted: isQuoted))
            }
            if let number = TLSNumber(rawValue: name) {
                return found.append(.tlsNumber(number, isQuoted: isQuoted))
            }
            throw .error(
                "\(label): \("%[\(name)]".quoted) is not supported, because a line is made of what is"
                    + " known once the connection is gone; there are \(Self.names)",
                at: word.position)
        }
        found.append(.variable(variable, isQuoted: isQuoted))
    }

    /// haproxy's configuration manual, section 7.3.
    private static let samples: [String: LogVariable] = [
        "src": .clientAddress, "src_port": .clientPort, "dst": .frontendAddress,
        "dst_port": .frontendPort, "fe_name": .frontend, "be_name": .pool, "hostname": .hostName,
        "pid": .processID, "req_ssl_sni": .helloServerName, "req_ssl_alpn": .helloProtocols,
        "ssl_fc_protocol": .securedVersion, "ssl_fc_cipher": .securedCipher,
    ]

    /// `{+Q}`, `{-Q}`, and others that are not offered.
    private mutating func readFlags() throws(Remark) {
        guard let end = rest.firstIndex(of: "}") else {
            throw .error("\(label): '%{' is not closed", at: word.position)
        }
        let flags = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        for flag in flags.split(separator: ",", omittingEmptySubsequences: false) {
            switch flag {
            case "+Q": isQuoted = true
            case "-Q": isQuoted = false
            default:
                throw .error(
                    "\(label): the flag \(String(flag).quoted) is not offered; there are +Q and -Q",
                    at: word.position)
            }
        }
    }

    private static let names =
        (LogVariable.allCases.map(\.rawValue) + samples.keys.sorted().map { "[\($0)]" })
        .map { "%\($0)" }.joined(separator: " ")
}

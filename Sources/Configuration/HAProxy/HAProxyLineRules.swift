import VRRPCore

// What log lines tell by rules: `tcp-request content capture`, `declare capture`, and `tcp-request content
// set-log-level`; haproxy's configuration manual, section 4.2.

extension HAProxyRouting {
    /// Reads `capture SAMPLE len N` or `set-log-level LEVEL`, whose first word is given; `nil`: it is another
    /// action.
    mutating func lineAction(
        _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> ConnectionRule.Action? {
        switch word.text {
        case "capture":
            guard kind != .backend else {
                throw .error(
                    "'capture' is not allowed in a backend section: the frontend says what its lines tell",
                    at: word.position)
            }
            let sample = try arguments.next("what is captured, such as req.ssl_sni")
            let value = try sample.sampleExpression(after: "capture")
            if case .variable(let name) = value { variables.note(name, at: sample.position) }
            guard let length = arguments.nextIfPresent(), length.text == "len" else {
                throw .error(
                    "'capture \(sample.text)' needs how many bytes are kept, such as len 64",
                    at: sample.position)
            }
            return .capture(value, try addCapture(&arguments))
        case "set-log-level": return .setLogLevel(try arguments.lineSeverity())
        default: return nil
        }
    }

    /// Reads `declare capture request len N`: a capture that no rule fills here.
    mutating func declare(_ arguments: inout Arguments) throws(Remark) {
        let what = try arguments.next("capture")
        guard what.text == "capture" else {
            throw .error("declare \(what.text.quoted): must be capture", at: what.position)
        }
        let direction = try arguments.next("request or response")
        guard ["request", "response"].contains(direction.text) else {
            throw .error(
                "declare capture \(direction.text.quoted): must be request or response",
                at: direction.position)
        }
        let length = try arguments.next("len N")
        guard length.text == "len" else {
            throw .error("\(length.text.quoted): must be len", at: length.position)
        }
        guard direction.text == "request" else {
            _ = try arguments.integer(in: .atLeast(1))
            return arguments.warn(
                "'declare capture response' has no effect: no response is looked at")
        }
        _ = try addCapture(&arguments)
    }

    /// Reads how many bytes a capture keeps.
    ///
    /// - Returns: The capture's number.
    private mutating func addCapture(_ arguments: inout Arguments) throws(Remark) -> Int {
        let position = arguments.upcoming?.position ?? arguments.keyword.position
        let length = try arguments.integer(in: .atLeast(1))
        if length > CaptureLimits.longest {
            arguments.warn(
                "'len \(length)': a capture keeps \(CaptureLimits.longest) bytes at most",
                at: position)
        }
        captureLengths.append(min(length, CaptureLimits.longest))
        let sum = captureLengths.reduce(0) { $0 + $1 + 1 }
        guard sum <= CaptureLimits.most else {
            throw .error(
                "the captures of a section need \(sum) bytes, one more each than they keep; there are"
                    + " \(CaptureLimits.most)", at: position)
        }
        return captureLengths.count - 1
    }

    /// What lines tell is decided where a server is not chosen yet and the connection is let in.
    func refuseLineAction(of rule: ConnectionRule, at stage: Word) throws(Remark) {
        let name: String
        switch rule.action {
        case .capture: name = "capture"
        case .setLogLevel: name = "set-log-level"
        default: return
        }
        throw .error(
            "\(name.quoted) is not allowed after 'tcp-request \(stage.text)'; use 'tcp-request content'",
            at: stage.position)
    }
}

extension HAProxySection {
    /// `declare capture`.
    static let declaration = Rule<HAProxySection>.each { section, arguments throws(Remark) in
        try section.routing.declare(&arguments)
    }

    /// What the section's lines are to tell, now that its captures are known.
    func finishedLog(_ remarks: inout [Remark]) -> ConnectionLogSettings {
        var log = settings.log
        let count = routing.captureLengths.count
        for path in [\ConnectionLogSettings.format, \.errorFormat, \.structuredData] {
            for case .capture(let number, _, _) in log[keyPath: path] where number >= count {
                remarks.append(
                    .warning(
                        "%[capture.req.hdr(\(number))] is never known in lines of \(name.text.quoted),"
                            + " which has \(count) captures; add 'tcp-request content capture'",
                        at: name.position))
            }
            if count == 0 { log[keyPath: path].dropCaptures() }
        }
        let told = Set(
            (log.format + log.errorFormat + log.structuredData).compactMap(\.headerTextType))
        if told.count > CaptureLimits.mostHeaderTexts {
            let names = told.sorted().map(HeaderTextNames.sample).joined(separator: ", ")
            remarks.append(
                .error(
                    "lines of \(name.text.quoted) tell \(names) of PROXY headers; they may tell"
                        + " \(CaptureLimits.mostHeaderTexts) of them", at: name.position))
        }
        return log
    }
}

extension LogFormatPiece {
    /// The type of the extension of a PROXY header that it tells.
    fileprivate var headerTextType: UInt8? {
        if case .headerText(let type, _, _) = self { type } else { nil }
    }
}

extension [LogFormatPiece] {
    /// Leaves out what is nothing without captures, as haproxy does: not even two spaces stay.
    fileprivate mutating func dropCaptures() {
        let pieces = self
        self = []
        for piece in pieces {
            switch piece {
            case .variable(.captures, _, _, _), .variable(.captureList, _, _, _): continue
            default: add(piece)
            }
        }
    }

    /// Adds a piece; texts become one, in which no space follows another, nor begins the line, as in haproxy.
    mutating func add(_ piece: LogFormatPiece) {
        guard case .text(let text) = piece else { return append(piece) }
        var former = ""
        if case .text(let last) = self.last {
            former = last
            removeLast()
        }
        for character in text where character != " " || former.last != " " {
            if character != " " || !isEmpty || !former.isEmpty { former.append(character) }
        }
        if !former.isEmpty { append(.text(former)) }
    }
}

extension ConnectionRule {
    /// Whether what it does waits for the client's first TLS message.
    var waitsForHello: Bool {
        switch action {
        case .capture(let value, _): value.key?.needsHello == true
        case .track(let tracking): tracking.key.needsHello
        case .shareBandwidth(let shared): shared.key.needsHello
        default: false
        }
    }
}

/// What captures of a section may keep.
public enum CaptureLimits {
    /// Bytes of one.
    public static let longest = 255
    /// Bytes of all, and one more for each.
    public static let most = 512
    /// Texts of PROXY headers that lines tell, besides captures.
    public static let mostHeaderTexts = 2
}

extension Arguments {
    /// `emerg` to `debug` as a number, or `nil` for `silent`.
    fileprivate mutating func lineSeverity() throws(Remark) -> Int? {
        let word = try next("a level such as err, or silent")
        return word.text == "silent" ? nil : try word.severity("level")
    }
}

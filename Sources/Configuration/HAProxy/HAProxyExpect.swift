/// What an `expect` rule says beside what it looks for.
struct HAProxyExpectOptions<Subject: Sendable>: Sendable {
    var subject: Subject
    var isNegated = false
    var minimumLength: Int?
    var comment: String?
    var words = CheckExpectationWords()
}

extension Arguments {
    /// `[min-recv N] [comment TEXT] [ok-status …] … [!] KIND PATTERN`, in any order.
    ///
    /// What follows the kind of a pattern, which it is given, `read` reads.
    mutating func expectOptions<Subject: Sendable>(
        _ read: (_ kind: Word, _ arguments: inout Arguments) throws(Remark) -> Subject?
    ) throws(Remark) -> HAProxyExpectOptions<Subject> {
        let rule = (word: keyword, label: label)
        var options = HAProxyExpectOptions<Subject?>(subject: nil)
        while let word = upcoming {
            if try readWord(of: &options.words, word) { continue }
            switch word.text {
            case "min-recv":
                _ = try nextSubkeyword("min-recv")
                let count = try integer(in: -1...16_384)
                options.minimumLength = count < 0 ? nil : count
            case "comment":
                skip(1)
                options.comment = try next("a text").text
            default:
                guard options.subject == nil else {
                    throw .error(
                        "\(word.text.quoted): a rule expects one pattern", at: word.position)
                }
                (options.isNegated, options.subject) = try pattern(read)
            }
            restore(rule.word, rule.label)
        }
        guard let subject = options.subject else {
            throw .error("\(rule.label.quoted) needs a pattern", at: rule.word.position)
        }
        return HAProxyExpectOptions(
            subject: subject, isNegated: options.isNegated,
            minimumLength: options.minimumLength, comment: options.comment, words: options.words)
    }

    /// `[!]KIND PATTERN`; the marks may stand apart.
    private mutating func pattern<Subject>(
        _ read: (_ kind: Word, _ arguments: inout Arguments) throws(Remark) -> Subject?
    ) throws(Remark) -> (Bool, Subject?) {
        var isNegated = false
        while true {
            let word = try nextSubkeyword("what to look for")
            let name = word.text.drop { $0 == "!" }
            if (word.text.count - name.count) % 2 == 1 { isNegated.toggle() }
            guard !name.isEmpty else { continue }
            let kind = Word(text: String(name), position: word.position)
            return (isNegated, try read(kind, &self))
        }
    }

    /// Whether the word is one about reports; then it is read.
    private mutating func readWord(
        of words: inout CheckExpectationWords, _ word: Word
    ) throws(Remark) -> Bool {
        switch word.text {
        case "ok-status":
            words.success = try status(.answered, .answeredDraining, .handshakeDone, .connected)
        case "error-status":
            words.failure = try status(
                .answeredDraining, .badAnswer, .wrongAnswer, .handshakeFailed, .connectFailed)
        case "tout-status":
            words.timeout = try status(.answerTimedOut, .handshakeTimedOut, .connectTimedOut)
        case "on-success":
            skip(1)
            words.successText = try filledText("a text")
        case "on-error":
            skip(1)
            words.failureText = try filledText("a text")
        case "status-code":
            _ = try nextSubkeyword("status-code")
            words.code = try statusCode()
        default: return false
        }
        return true
    }

    private mutating func status(_ allowed: CheckStatusWord...) throws(Remark) -> CheckStatusWord {
        _ = try nextSubkeyword("a status")
        let word = try next("a status")
        let wanted = allowed.first { $0.rawValue == word.text.uppercased() }
        if let wanted { return wanted }
        throw .error(
            "\(label) \(word.text.quoted): must be "
                + allowed.map(\.rawValue).sorted().joined(separator: " or "),
            at: word.position)
    }

    /// `int(N)` or `check.payload(OFFSET,LENGTH)`, of haproxy's many expressions.
    private mutating func statusCode() throws(Remark) -> CheckExpectationWords.Code {
        let word = try next("an expression")
        let parts = word.text.split(separator: "(", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, parts[1].last == ")" {
            let numbers = parts[1].dropLast().split(
                separator: ",", omittingEmptySubsequences: false
            ).map { UInt16($0).map(Int.init) }
            switch (parts[0], numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
            case ("int", 1, let number?, _): return .number(number)
            case ("check.payload", 2, let offset?, let length?) where length > 0:
                return .payload(offset: offset, length: length)
            default: break
            }
        }
        throw .error(
            "\(label) \(word.text.quoted): must be int(N) or check.payload(OFFSET,LENGTH); other"
                + " expressions are known but not implemented yet", at: word.position)
    }

    /// A text of haproxy's log format, as far as it names what differs from server to server.
    mutating func filledText(_ what: String) throws(Remark) -> CheckText {
        let word = try next(what)
        var parts: [CheckText.Part] = []
        var text = ""
        var rest = word.text[...]
        while let next = rest.popFirst() {
            guard next == "%" else {
                text.append(next)
                continue
            }
            if rest.first == "%" {
                text.append("%")
                rest = rest.dropFirst()
                continue
            }
            guard let (name, part) = Self.names.first(where: { rest.hasPrefix($0.0) }) else {
                throw .error(
                    "\(label) \(word.text.quoted): of variables there are %s and %[srv_name], %b and"
                        + " %[be_name], %H and %[hostname] here; a percent sign is written %%",
                    at: word.position)
            }
            if !text.isEmpty { parts.append(.text(text)) }
            text = ""
            parts.append(part)
            rest = rest.dropFirst(name.count)
        }
        if !text.isEmpty || parts.isEmpty { parts.append(.text(text)) }
        return CheckText(parts: parts)
    }

    private static let names: [(String, CheckText.Part)] = [
        ("[srv_name]", .serverName), ("[be_name]", .backendName), ("[hostname]", .hostName),
        ("s", .serverName), ("b", .backendName), ("H", .hostName),
    ]
}

/// `option httpchk` and the rules `http-check …`.
enum HAProxyHTTPCheck {
    /// One rule, in the order of the file.
    enum Rule: Sendable {
        case connect(CheckConnection, comment: String?)
        case send(Request)
        case expect(HTTPCheckExpectation)
    }

    /// What `http-check send` says; what it leaves out, `option httpchk` does.
    struct Request: Sendable {
        var method: String?
        var path: CheckText?
        var isHTTP11: Bool?
        var headers: [HTTPCheckExchange.Header] = []
        var body: CheckText?
        var comment: String?
    }

    /// Requests with what belongs to each: a rule `connect`, or a second `send`, begins another.
    static func exchanges(
        of rules: [Rule], first: HTTPCheckExchange
    ) -> [HTTPCheckExchange] {
        var exchanges: [HTTPCheckExchange] = []
        var current = first
        var hasSent = false
        var hasBegun = false
        func flush() {
            if hasBegun {
                exchanges.append(current)
                current = HTTPCheckExchange()
            }
            (hasSent, hasBegun) = (false, true)
        }
        for rule in rules {
            switch rule {
            case .connect(let connection, let comment):
                flush()
                (current.connection, current.comment) = (connection, comment)
            case .send(let request):
                if hasSent { flush() }
                (hasSent, hasBegun) = (true, true)
                current.method = request.method ?? current.method
                current.path = request.path ?? current.path
                current.isHTTP11 = request.isHTTP11 ?? current.isHTTP11
                current.headers += request.headers
                current.body = request.body ?? current.body
            case .expect(let expectation):
                hasBegun = true
                current.expectations.append(expectation)
            }
        }
        return exchanges + [current]
    }

    /// `option httpchk [METHOD] [URI] [VERSION]`, the version with headers after it as older files
    /// have them.
    static func request(_ arguments: inout Arguments) throws(Remark) -> HTTPCheckExchange {
        var request = HTTPCheckExchange()
        guard let first = arguments.nextIfPresent() else { return request }
        guard let path = arguments.nextIfPresent() else {
            request.path = CheckText(try first.requestPath())
            return request
        }
        request.method = try first.token(of: "method")
        request.path = CheckText(try path.requestPath())
        guard let version = arguments.nextIfPresent() else { return request }
        let lines = version.text.unicodeScalars.split { $0 == "\r" || $0 == "\n" }.map(String.init)
        request.isHTTP11 = try version.isHTTP11(lines.first ?? "")
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                throw .error(
                    "httpchk: \(line.quoted) is no header; one looks like Host:\\ www.example.org",
                    at: version.position)
            }
            let name = Word(text: String(parts[0]), position: version.position)
            request.headers.append(
                .init(
                    name: try name.token(of: "header"),
                    value: CheckText(String(parts[1].drop { $0 == " " || $0 == "\t" }))))
        }
        if let host = arguments.nextIfPresent() {
            request.headers.append(.init(name: "Host", value: CheckText(host.text)))
        }
        return request
    }

    /// haproxy's configuration manual, section 4.2, `http-check`.
    static let table = KeywordTable<HAProxyChecks>(
        "http-check rule",
        [
            "connect": .line { checks, arguments throws(Remark) in
                let (connection, comment) = try arguments.checkConnection()
                checks.httpRules.append("connect", comment: comment) { comment, _ in
                    .connect(connection, comment: comment)
                }
            },
            "send": .line { checks, arguments throws(Remark) in
                var request = Request()
                try sending.readAll(into: &request, &arguments)
                checks.httpRules.append("send", comment: request.comment) { _, _ in
                    .send(request)
                }
            },
            "expect": .line { checks, arguments throws(Remark) in
                var expectation = try expectation(&arguments)
                checks.httpRules.append("expect", comment: expectation.comment) { comment, _ in
                    expectation.comment = comment
                    return .expect(expectation)
                }
            },
            "disable-on-404": .set(\.drainsOn404, to: true),
            "send-state": .set(\.sendsState, to: true),
            "comment": .line { checks, arguments throws(Remark) in
                checks.httpRules.append(comment: try arguments.next("a text").text)
            },
            "set-var": .notYet("rules have no variables"),
            "set-var-fmt": .notYet("rules have no variables"),
            "unset-var": .notYet("rules have no variables"),
        ])

    private static let sending = KeywordTable<Request>(
        "word of http-check send",
        [
            "meth": .line { request, arguments throws(Remark) in
                request.method = try arguments.next("a method").token(of: "method")
            },
            "uri": .line { request, arguments throws(Remark) in
                request.path = CheckText(try arguments.next("a path").requestPath())
            },
            "uri-lf": .line { request, arguments throws(Remark) in
                let position = arguments.upcoming?.position ?? arguments.position
                let path = try arguments.filledText("a path")
                // A name has nothing in it that a path has not.
                let sample = path.filled(server: "s", backend: "b", host: "h")
                _ = try Word(text: sample, position: position).requestPath()
                request.path = path
            },
            "ver": .line { request, arguments throws(Remark) in
                let word = try arguments.next("HTTP/1.0 or HTTP/1.1")
                request.isHTTP11 = try word.isHTTP11(word.text)
            },
            "hdr": .line { request, arguments throws(Remark) in
                let name = try arguments.next("a header's name").token(of: "header")
                let value = try arguments.filledText("a header's value")
                let sample = value.filled(server: "", backend: "", host: "")
                guard sample.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                    throw .error(
                        "hdr \(name): a value cannot have a line end in it",
                        at: arguments.position)
                }
                request.headers.append(.init(name: name, value: value))
            },
            "body": .line { request, arguments throws(Remark) in
                request.body = CheckText(try arguments.next("a text").text)
            },
            "body-lf": .line { request, arguments throws(Remark) in
                request.body = try arguments.filledText("a text")
            },
            "comment": .line { request, arguments throws(Remark) in
                request.comment = try arguments.next("a text").text
            },
        ])

    private static func expectation(
        _ arguments: inout Arguments
    ) throws(Remark) -> HTTPCheckExpectation {
        let options = try arguments.expectOptions { kind, arguments throws(Remark) in
            try condition(kind, &arguments)
        }
        var expectation = HTTPCheckExpectation(options.subject, isNegated: options.isNegated)
        expectation.minimumLength = options.minimumLength
        expectation.words = options.words
        expectation.comment = options.comment
        return expectation
    }

    private static func condition(
        _ kind: Word, _ arguments: inout Arguments
    ) throws(Remark) -> HTTPCheckExpectation.Condition? {
        switch kind.text {
        case "status": .status(try arguments.next("statuses").statusSet())
        case "rstatus": .statusExpression(try arguments.expression())
        case "string": .body(.text(try arguments.next("a text").text))
        case "rstring": .body(.expression(try arguments.expression()))
        case "string-lf": .body(.filled(try arguments.filledText("a text")))
        case "hdr", "fhdr": try arguments.header(isWhole: kind.text == "fhdr")
        default:
            throw .error(
                "expect \(kind.text.quoted): must be status, rstatus, string, rstring, string-lf, hdr"
                    + " or fhdr", at: kind.position,
                suggestion: ["status", "rstatus", "string", "rstring", "string-lf", "hdr", "fhdr"]
                    .nearest(to: kind.text))
        }
    }
}

extension Arguments {
    /// `name [-m METHOD] NAME [value [-m METHOD] VALUE]`.
    fileprivate mutating func header(
        isWhole: Bool
    ) throws(Remark) -> HTTPCheckExpectation.Condition {
        let first = try next("name")
        guard first.text == "name" else {
            throw .error("\(first.text.quoted): must be 'name NAME'", at: first.position)
        }
        let name = try match("a header's name")
        guard let second = upcoming, second.text.hasPrefix("value") else {
            return .header(name: name, value: nil, isWhole: isWhole)
        }
        skip(1)
        guard second.text == "value" else {
            throw .error("\(second.text.quoted): must be 'value VALUE'", at: second.position)
        }
        return .header(name: name, value: try match("a header's value"), isWhole: isWhole)
    }

    private mutating func match(_ what: String) throws(Remark) -> HTTPCheckExpectation.Match {
        guard upcoming?.text == "-m" else { return .exact(try next(what).text) }
        skip(1)
        let kind = try next("str, beg, end, sub or reg")
        switch kind.text {
        case "str": return .exact(try next(what).text)
        case "beg": return .prefix(try next(what).text)
        case "end": return .suffix(try next(what).text)
        case "sub": return .contains(try next(what).text)
        case "reg": return .expression(try expression())
        default:
            throw .error(
                "-m \(kind.text.quoted): must be str, beg, end, sub or reg", at: kind.position)
        }
    }
}

extension Word {
    /// The word as a path of a request.
    fileprivate func requestPath() throws(Remark) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .error(
                "\(text.quoted) is no path of a request; one looks like /health", at: position)
        }
        return text
    }

    /// The word as a name of HTTP.
    ///
    /// RFC 9110 §5.6.2.
    fileprivate func token(of what: String) throws(Remark) -> String {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        let isToken = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: marks.contains(byte)
            }
        }
        guard isToken, !text.isEmpty else {
            throw .error("\(text.quoted) is no \(what) of HTTP", at: position)
        }
        return text
    }

    fileprivate func isHTTP11(_ version: String) throws(Remark) -> Bool {
        switch version {
        case "HTTP/1.0": return false
        case "HTTP/1.1": return true
        default:
            throw .error(
                "\(version.quoted): checks speak HTTP/1.0 and HTTP/1.1", at: position)
        }
    }

    /// The word as statuses such as `200-399,404`.
    fileprivate func statusSet() throws(Remark) -> String {
        let isSet = text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
            let bounds = $0.split(separator: "-", omittingEmptySubsequences: false)
                .map { $0.count == 3 ? Int($0) : nil }
            guard (1...2).contains(bounds.count), let low = bounds[0],
                let high = bounds[bounds.count - 1]
            else { return false }
            return low >= 100 && high >= low
        }
        guard isSet else {
            throw .error(
                "expect status \(text.quoted): must be statuses such as 200-399,404",
                at: position)
        }
        return text
    }
}

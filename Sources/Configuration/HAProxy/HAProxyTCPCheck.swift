import VRRPCore

/// The rules `tcp-check …`.
enum HAProxyTCPCheck {
    /// haproxy's configuration manual, section 4.2, `tcp-check`.
    static let table = KeywordTable<HAProxyChecks>(
        "tcp-check rule",
        [
            "connect": .line { checks, arguments throws(Remark) in
                let (connection, comment) = try arguments.checkConnection()
                checks.add(.connect(connection), "connect", comment)
            },
            "send": .line { checks, arguments throws(Remark) in
                let bytes = Array(try arguments.next("a text").text.utf8)
                checks.add(.send(bytes), "send", try arguments.comment())
            },
            "send-lf": .line { checks, arguments throws(Remark) in
                let text = try arguments.filledText("a text")
                checks.add(.sendFilled(text), "send", try arguments.comment())
            },
            "send-binary": .line { checks, arguments throws(Remark) in
                let bytes = try arguments.hexBytes()
                checks.add(.send(bytes), "send", try arguments.comment())
            },
            "expect": .line { checks, arguments throws(Remark) in
                let options = try arguments.expectOptions { kind, arguments throws(Remark) in
                    try pattern(kind, &arguments)
                }
                var expectation = CheckExpectation(
                    options.subject, isNegated: options.isNegated,
                    minimumLength: options.minimumLength)
                expectation.words = options.words
                checks.add(.expect(expectation), "expect", options.comment)
            },
            "comment": .line { checks, arguments throws(Remark) in
                checks.steps.append(comment: try arguments.next("a text").text)
            },
            "send-binary-lf": .line { _, arguments throws(Remark) in
                throw .error(
                    "'tcp-check send-binary-lf' is known but not implemented yet; write"
                        + " 'send-binary' with the digits themselves", at: arguments.position)
            },
            "set-var": .notYet("rules have no variables"),
            "set-var-fmt": .notYet("rules have no variables"),
            "unset-var": .notYet("rules have no variables"),
        ])

    private static func pattern(
        _ kind: Word, _ arguments: inout Arguments
    ) throws(Remark) -> CheckPattern? {
        switch kind.text {
        case "string": .text(try arguments.next("a text").text)
        case "rstring": .expression(try arguments.expression())
        case "binary": .bytes(try arguments.hexBytes())
        case "rbinary": .hexExpression(try arguments.expression())
        case "string-lf": .filled(try arguments.filledText("a text"))
        case "binary-lf":
            throw .error(
                "'binary-lf' is known but not implemented yet; write 'binary' with the digits"
                    + " themselves", at: kind.position)
        default:
            throw .error(
                "expect \(kind.text.quoted): must be string, rstring, binary, rbinary or string-lf",
                at: kind.position,
                suggestion: ["string", "rstring", "binary", "rbinary", "string-lf"]
                    .nearest(to: kind.text))
        }
    }
}

extension HAProxyChecks {
    fileprivate mutating func add(
        _ action: ScriptCheckStep.Action, _ kind: String, _ comment: String?
    ) {
        steps.append(kind, comment: comment) { comment, number in
            var step = ScriptCheckStep(action, comment: comment)
            step.number = number
            return step
        }
    }
}

extension Arguments {
    /// `[comment TEXT]`.
    mutating func comment() throws(Remark) -> String? {
        guard upcoming?.text == "comment" else { return nil }
        skip(1)
        return try next("a text").text
    }

    /// The options of `connect`, and its comment.
    mutating func checkConnection() throws(Remark) -> (CheckConnection, String?) {
        var draft = Connecting()
        try Self.connecting.readAll(into: &draft, &self)
        return (draft.connection, draft.comment)
    }

    private struct Connecting: Sendable {
        var connection = CheckConnection()
        var comment: String?
    }

    /// haproxy's configuration manual, `tcp-check connect` and `http-check connect`.
    private static let connecting = KeywordTable<Connecting>(
        "option of connect",
        [
            "default": .set(\.connection.usesServerSettings, to: true),
            "port": .line { draft, arguments throws(Remark) in
                draft.connection.port = UInt16(try arguments.integer(in: 1...65_535))
            },
            "addr": .line { draft, arguments throws(Remark) in
                draft.connection.address = try arguments.anyAddress()
            },
            "ssl": .set(\.connection.usesTLS, to: true),
            "sni": .line { draft, arguments throws(Remark) in
                draft.connection.serverName = try arguments.serverName()
            },
            "alpn": .line { draft, arguments throws(Remark) in
                draft.connection.applicationProtocols = try arguments.applicationProtocols()
            },
            "send-proxy": .set(\.connection.sendsProxyHeader, to: true),
            "linger": .set(\.connection.lingers, to: true),
            "comment": .line { draft, arguments throws(Remark) in
                draft.comment = try arguments.next("a text").text
            },
            "via-socks4": .notYet(taking: 0, "the check connects directly"),
            "proto": .notYet(taking: 1, "HTTP/1 is spoken"),
        ])
}

import VRRPCore

/// The rules `tcp-check …`.
enum HAProxyTCPCheck {
    /// haproxy's configuration manual, section 4.2, `tcp-check`.
    static let table = KeywordTable<HAProxyChecks>(
        "tcp-check rule",
        [
            "connect": .line { checks, arguments throws(Remark) in
                let (connection, comment) = try arguments.checkConnection()
                checks.steps.append(ScriptCheckStep(.connect(connection), comment: comment))
            },
            "send": .line { checks, arguments throws(Remark) in
                let bytes = Array(try arguments.next("a text").text.utf8)
                checks.steps.append(
                    ScriptCheckStep(.send(bytes), comment: try arguments.comment()))
            },
            "send-binary": .line { checks, arguments throws(Remark) in
                let bytes = try arguments.hexBytes()
                checks.steps.append(
                    ScriptCheckStep(.send(bytes), comment: try arguments.comment()))
            },
            "expect": .line { checks, arguments throws(Remark) in
                checks.steps.append(try expectation(&arguments))
            },
            "comment": .line { checks, arguments throws(Remark) in
                // A comment of its own line belongs to the rule after it; reports name the rule.
                _ = try arguments.next("a text")
            },
            "send-lf": refused("send"), "send-binary-lf": refused("send-binary"),
            "set-var": .notYet("rules have no variables"),
            "set-var-fmt": .notYet("rules have no variables"),
            "unset-var": .notYet("rules have no variables"),
        ])

    /// A rule without which the check would ask for something else.
    private static func refused(_ instead: String) -> Rule<HAProxyChecks> {
        .line { _, arguments throws(Remark) in
            throw .error(
                "\(arguments.label.quoted) is known but not implemented yet; write"
                    + " '\(instead)' with the text itself", at: arguments.position)
        }
    }

    private static func expectation(
        _ arguments: inout Arguments
    ) throws(Remark) -> ScriptCheckStep {
        let options = try arguments.expectOptions()
        let word = try arguments.nextSubkeyword("string, rstring, binary or rbinary")
        let pattern: CheckPattern =
            switch word.text {
            case "string": .text(try arguments.next("a text").text)
            case "rstring": .expression(try arguments.expression())
            case "binary": .bytes(try arguments.hexBytes())
            case "rbinary": .hexExpression(try arguments.expression())
            default:
                throw .error(
                    "expect \(word.text.quoted): must be string, rstring, binary or rbinary",
                    at: word.position,
                    suggestion: ["string", "rstring", "binary", "rbinary"].nearest(to: word.text))
            }
        return ScriptCheckStep(
            .expect(
                pattern, isNegated: options.isNegated, minimumLength: options.minimumLength),
            comment: options.comment)
    }
}

/// What stands before the pattern of an `expect` rule.
struct HAProxyExpectOptions: Sendable {
    var isNegated = false
    var minimumLength: Int?
    var comment: String?
}

extension Arguments {
    /// `[min-recv N] [comment TEXT] [ok-status …] [!]`.
    mutating func expectOptions() throws(Remark) -> HAProxyExpectOptions {
        var options = HAProxyExpectOptions()
        while let word = upcoming {
            switch word.text {
            case "!":
                skip(1)
                options.isNegated.toggle()
            case "min-recv":
                _ = try nextSubkeyword("min-recv")
                let count = try integer(in: -1...16_384)
                options.minimumLength = count < 0 ? nil : count
            case "comment":
                skip(1)
                options.comment = try next("a text").text
            case "ok-status", "error-status", "tout-status", "on-success", "on-error",
                "status-code":
                skip(1)
                _ = try next("a word")
                warn(
                    "'expect \(word.text)' is known but not implemented yet; reports have their own"
                        + " words", at: word.position)
            default: return options
            }
        }
        return options
    }

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
                draft.connection.address = try arguments.address()
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

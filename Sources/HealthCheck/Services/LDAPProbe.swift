#if Probes
public import NIOCore

/// Passes when a directory server takes a bind, anonymous or with a name and a password.
public struct LDAPProbe: ConnectingProbe {
    /// The name to bind as; empty: anonymous.
    public let name: String
    /// The password of the name.
    public let password: String
    /// How it connects; its TLS begins at once, as `ldaps` has it.
    public var connection = ProbeConnection()

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - name: The distinguished name to bind as; empty: anonymous.
    ///   - password: The password; servers take an empty one as anonymous (RFC 4513 §5.1.2).
    public init(name: String = "", password: String = "") {
        self.name = name
        self.password = password
    }

    /// Connects, binds and unbinds.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answer may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 4511 §4.2.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { LDAPDialogue(request: request) },
            over: ConnectionPlan(address: target, connection: connection),
            timeout: timeout, on: eventLoop)
    }

    /// LDAPMessage { 1, BindRequest { 3, name, simple password } }.
    private var request: [UInt8] {
        let bind =
            [0x02, 0x01, 0x03] + Self.element(0x04, Array(name.utf8))
            + Self.element(0x80, Array(password.utf8))
        return Self.element(0x30, [0x02, 0x01, 0x01] + Self.element(0x60, bind))
    }

    private static func element(_ tag: UInt8, _ body: [UInt8]) -> [UInt8] {
        guard body.count > 127 else { return [tag, UInt8(body.count)] + body }
        let length = (0..<3).map { UInt8(truncatingIfNeeded: body.count >> (16 - 8 * $0)) }
        return [tag, 0x83] + length + body
    }
}

private struct LDAPDialogue: Dialogue {
    let request: [UInt8]
    var waitingFor: String { "answer to the bind" }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened: return .send(request)
        case .sent, .computed: return .read
        case .ended(let end):
            return .finish(.badAnswer(reason: end.words(insteadOf: waitingFor)))
        case .received: break
        }
        var message = BERReader(bytes: Array(input.readableBytesView))
        switch message.element(0x30) {
        case .incomplete: return .read
        case .other: return Self.notLDAP
        case .body(let body): return take(body)
        }
    }

    private func take(_ body: [UInt8]) -> DialogueStep {
        var message = BERReader(bytes: body)
        guard case .body([1]) = message.element(0x02),
            case .body(let response) = message.element(0x61)
        else { return Self.notLDAP }
        var fields = BERReader(bytes: response)
        guard case .body(let code) = fields.element(0x0A), code.count == 1,
            case .body = fields.element(0x04), case .body(let text) = fields.element(0x04)
        else { return Self.notLDAP }
        guard code[0] == 0 else {
            let words = String(decoding: text, as: UTF8.self)
            let meaning = Self.meanings[code[0]].map { " (\($0))" } ?? ""
            return .finish(
                .wrongAnswer("result \(code[0])\(meaning)\(words.isEmpty ? "" : ": \(words)")"),
                farewell: Self.unbind)
        }
        return .finish(.answered(ProbeFacts(detail: "bound")), farewell: Self.unbind)
    }

    /// UnbindRequest with the number 2.
    private static let unbind: [UInt8] = [0x30, 0x05, 0x02, 0x01, 0x02, 0x42, 0x00]
    private static let notLDAP = DialogueStep.finish(
        .badAnswer(reason: "not an answer of LDAP to the bind"))
    /// RFC 4511 §4.1.9.
    private static let meanings: [UInt8: String] = [
        2: "protocol error", 7: "method not supported", 8: "stronger authentication required",
        48: "inappropriate authentication", 49: "invalid credentials",
        50: "insufficient access rights", 51: "busy", 52: "unavailable",
        53: "unwilling to perform",
    ]
}

/// Takes elements of the basic encoding rules off the front.
///
/// X.690 §8.1.
private struct BERReader {
    enum Reading: Equatable {
        case incomplete, other
        case body([UInt8])
    }

    var bytes: [UInt8]

    mutating func element(_ tag: UInt8) -> Reading {
        guard let first = bytes.first else { return .incomplete }
        guard first == tag else { return .other }
        guard bytes.count >= 2 else { return .incomplete }
        var (length, start) = (Int(bytes[1]), 2)
        if length > 127 {
            let digits = length - 128
            guard (1...4).contains(digits) else { return .other }
            guard bytes.count >= 2 + digits else { return .incomplete }
            length = bytes[2..<2 + digits].reduce(0) { $0 << 8 | Int($1) }
            start += digits
        }
        guard length < DialogueHandler.inputLimit else { return .other }
        guard bytes.count >= start + length else { return .incomplete }
        defer { bytes.removeFirst(start + length) }
        return .body(Array(bytes[start..<start + length]))
    }
}
#endif

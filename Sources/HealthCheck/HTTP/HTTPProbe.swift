#if Probes
public import NIOCore
import NIOHTTP1

/// Passes when an HTTP request is answered as it should; redirects are not followed.
///
/// The default is haproxy's: `OPTIONS / HTTP/1.0`, and a status of 200 to 399 passes.
public struct HTTPProbe: ConnectingProbe {
    /// What is asked.
    ///
    /// An HTTP/1.1 request without a header `Host` gets the target's address.
    public let request: HTTPCheckRequest
    /// What the answer has to be; all of it.
    public var expectations = [HTTPExpectation(.status(StatusSet(200...399)))]
    /// How it connects.
    public var connection = ProbeConnection()
    /// What a report says after the reason where the connection cannot be made; may be empty.
    public var place = ""
    /// How many bytes of the body are read and searched; the rest is not waited for.
    public var bodyLimit = 16_384
    /// How many bytes of headers, in 256 fields at most, an answer may have.
    public var headerLimit = 16_384
    /// How many bytes are read in all: the body may be cut into chunks, and each has a frame.
    var inputLimit: Int { headerLimit + 2 * bodyLimit }
    /// A header that says how this node sees the server, asked for at each check; `nil`: none.
    public var stateHeader: (@Sendable () -> (name: String, value: String))?
    /// Says at a status 404 whether it means that the server wishes no new clients
    /// (`disable-on-404`); `nil`: it never does.
    ///
    /// haproxy asks whether the server is up: one that is down is not brought up by it.
    public var drainsOn404: (@Sendable () -> Bool)?

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - request: What is asked.
    ///   - tls: TLS, or `nil` for none.
    public init(_ request: HTTPCheckRequest = HTTPCheckRequest(), tls: ProbeTLS? = nil) {
        self.request = request
        connection.tls = tls
    }

    /// Sends the request and compares the answer.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection, request and answer may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 9112.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let session = ProbeSession(timeout: timeout, on: eventLoop)
        let plan = ConnectionPlan(address: target, connection: connection, place: place)
        session.connect(plan) { channel in
            let pipeline = channel.pipeline.syncOperations
            var framing = HTTPRequestEncoder.Configuration()
            framing.automaticallySetFramingHeaders = false
            try pipeline.addHandler(HTTPRequestEncoder(configuration: framing))
            try pipeline.addHandler(HTTPInputGate(limit: inputLimit))
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderListSize = headerLimit
            limits.maxHeaderFieldSize = headerLimit
            try pipeline.addHandler(
                ByteToMessageHandler(HTTPResponseDecoder(limitConfiguration: limits)))
            try pipeline.addHandler(
                HTTPCheckHandler(self, head: head(for: target), session: session))
        }
        return session.outcome
    }

    private func head(for target: SocketAddress) -> HTTPRequestHead {
        var head = request.head(for: target)
        if let header = stateHeader?() { head.headers.add(name: header.name, value: header.value) }
        return head
    }

    /// The outcome of an answer that met all expectations.
    func passed(_ answer: HTTPAnswer, days: Int?) -> ProbeOutcome {
        let facts = facts(answer, days)
        if isDraining(answer) { return ProbeOutcome(.answeredDraining, facts) }
        return expectations.last?.words.met(facts, received: answer.body) ?? .answered(facts)
    }

    /// The outcome of an answer that did not meet an expectation.
    func missed(_ expectation: HTTPExpectation, _ answer: HTTPAnswer, days: Int?) -> ProbeOutcome {
        var facts = facts(answer, days)
        if isDraining(answer) { return ProbeOutcome(.answeredDraining, facts) }
        facts.detail =
            expectation.bodyLength != nil && answer.body.isEmpty
            ? "HTTP content check could not find a response body"
            : "expected \(expectation), got status \(answer.status)"
        return expectation.words.missed(
            expectation.bodyLength == nil ? .wrongAnswer : .badAnswer, facts,
            comment: expectation.comment, received: answer.body)
    }

    private func facts(_ answer: HTTPAnswer, _ days: Int?) -> ProbeFacts {
        var facts = ProbeFacts(detail: "\(answer.status) \(answer.reason)")
        facts.statusCode = answer.status
        facts.certificateDaysLeft = days
        return facts
    }

    private func isDraining(_ answer: HTTPAnswer) -> Bool {
        answer.status == 404 && drainsOn404?() ?? false
    }
}

/// An HTTP request of a check.
public struct HTTPCheckRequest: Hashable, Sendable {
    /// The versions that can be asked for.
    public enum Version: String, Hashable, Sendable, Codable {
        /// HTTP/1.0.
        case http10 = "HTTP/1.0"
        /// HTTP/1.1; the request asks for the connection to be closed.
        case http11 = "HTTP/1.1"
    }

    /// The method, `OPTIONS` or `GET` for example.
    public let method: String
    /// The request target, `/health?deep=1` for example.
    public let path: String
    /// The version.
    public let version: Version
    /// Names and values, in the order that they are sent in.
    public let headers: [[String]]
    /// The body; with one the header `Content-Length` is added.
    public let body: [UInt8]

    /// haproxy's default, `OPTIONS / HTTP/1.0`.
    public init() {
        (method, path, version, headers, body) = ("OPTIONS", "/", .http10, [], [])
    }

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The request target, without a space or a line end.
    ///   - version: The version.
    ///   - host: The header `Host`, or `nil` for none of its own.
    ///   - headers: Further names and values.
    ///   - body: The body; sent as it is.
    /// - Throws: ``ProbeSettingsError/notAllowedInRequest(part:value:)`` where a part would end or
    ///   forge another.
    public init(
        method: String, path: String, version: Version = .http10, host: String? = nil,
        headers: [(name: String, value: String)] = [], body: [UInt8] = []
    ) throws(ProbeSettingsError) {
        var all = headers.map { [$0.name, $0.value] }
        if let host { all.insert(["Host", host], at: 0) }
        guard Self.isToken(method) else {
            throw .notAllowedInRequest(part: "method", value: method)
        }
        guard !path.isEmpty, path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .notAllowedInRequest(part: "path", value: path)
        }
        for header in all {
            guard Self.isToken(header[0]) else {
                throw .notAllowedInRequest(part: "header name", value: header[0])
            }
            guard header[1].utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
                throw .notAllowedInRequest(part: "value of header \(header[0])", value: header[1])
            }
        }
        (self.method, self.path, self.version) = (method, path, version)
        (self.headers, self.body) = (all, body)
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ text: String) -> Bool {
        let marks = Set("!#$%&'*+-.^_`|~".utf8)
        return !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || marks.contains($0)
            }
    }

    func head(for target: SocketAddress) -> HTTPRequestHead {
        var fields = HTTPHeaders(headers.map { ($0[0], $0[1]) })
        if version == .http11 {
            if !fields.contains(name: "Host") {
                let address = target.ipAddress ?? "localhost"
                fields.add(name: "Host", value: address.contains(":") ? "[\(address)]" : address)
            }
            if !fields.contains(name: "Connection") {
                fields.add(name: "Connection", value: "close")
            }
        }
        if !body.isEmpty, !fields.contains(name: "Content-Length") {
            fields.add(name: "Content-Length", value: "\(body.count)")
        }
        return HTTPRequestHead(
            version: version == .http10 ? .http1_0 : .http1_1, method: HTTPMethod(rawValue: method),
            uri: path, headers: fields)
    }
}
#endif

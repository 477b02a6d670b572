#if Probes
public import NIOCore

/// Passes when a server holds its part of a written dialogue (haproxy's `tcp-check`).
///
/// ```swift
/// try ScriptProbe([
///     .send("PING\r\n"), .expect(.text("+PONG")),
///     .connect(port: 26379), .send("PING\r\n"), .expect(.text("+PONG")),
/// ])
/// ```
public struct ScriptProbe: HealthProbe {
    /// The steps.
    public let steps: [ScriptStep]
    /// The connection of a script that begins with something else.
    public var firstConnection = ScriptStep.Connection()

    /// Makes a probe.
    ///
    /// - Parameter steps: The steps; the numbers in reports begin with 1.
    /// - Throws: ``ProbeSettingsError/emptyScript``.
    public init(_ steps: [ScriptStep]) throws(ProbeSettingsError) {
        guard !steps.isEmpty else { throw .emptyScript }
        self.steps = steps
    }

    /// Carries the script out.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long all steps may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; a failure after a connection names the step. Never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        var dialogue = ScriptDialogue(steps: steps, target: target)
        let plan = dialogue.takeFirstConnection(orElse: firstConnection)
        return DialogueHandler.run(
            { [dialogue] in dialogue }, over: plan, timeout: timeout, on: eventLoop)
    }
}

/// Goes through the steps of a script.
struct ScriptDialogue: Dialogue, Sendable {
    private let steps: [ScriptStep]
    private let target: SocketAddress
    private var index = 0
    /// Nothing comes after what was received on this connection.
    private var hasEnded = false

    init(steps: [ScriptStep], target: SocketAddress) {
        self.steps = steps
        self.target = target
    }

    /// The connection that the first step makes, or the other one.
    mutating func takeFirstConnection(orElse other: ScriptStep.Connection) -> ConnectionPlan {
        guard case .connect(let connection)? = steps.first?.action else {
            return plan(for: other, place: "at initial connection step of tcp-check")
        }
        return nextConnection(connection)
    }

    private mutating func nextConnection(_ connection: ScriptStep.Connection) -> ConnectionPlan {
        defer { index += 1 }
        return plan(for: connection, place: place)
    }

    var waitingFor: String { "answer \(place)" }

    var silence: ProbeOutcome {
        var outcome = ProbeOutcome(.answerTimedOut, detail: place)
        if index < steps.count, case .expect(let expectation) = steps[index].action {
            outcome.status = expectation.words.timeout ?? outcome.status
        }
        return outcome
    }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened:
            hasEnded = false
            input.clear()
        case .ended: hasEnded = true
        case .computed(.found(let isFound)):
            if let step = settle(isFound, input) { return step }
        case .sent, .received, .computed(.proof): break
        }
        while index < steps.count {
            switch steps[index].action {
            case .connect(let connection): return .connect(nextConnection(connection))
            case .send(let bytes):
                index += 1
                input.clear()
                return .send(bytes)
            case .expect(let expectation):
                if let step = expect(expectation, in: input) { return step }
            }
        }
        return .finish(passed(input))
    }

    /// As haproxy: what the last step was decides the word.
    private func passed(_ input: ByteBuffer) -> ProbeOutcome {
        let facts = ProbeFacts(detail: "(tcp-check)")
        switch steps.last?.action {
        case .expect(let expectation)?:
            return expectation.words.met(facts, received: input.readableBytesView)
        case .connect(let connection)?:
            return ProbeOutcome(
                connection.settings.tls == nil ? .connected : .handshakeDone, facts)
        case .send?, nil: return .answered(facts)
        }
    }

    /// The step to take, or `nil` when the expectation is met.
    private mutating func expect(
        _ expectation: ScriptStep.Expectation, in input: ByteBuffer
    ) -> DialogueStep? {
        let count = input.readableBytes
        if !hasEnded {
            let least = max(expectation.minimumLength ?? 1, expectation.pattern.length ?? 0)
            guard count >= least else { return .read }
        } else if count == 0 {
            let comment = steps[index].comment.map { " comment: '\($0)'" } ?? ""
            return .finish(
                ProbeOutcome(
                    expectation.words.failure ?? .badAnswer,
                    detail: "TCPCHK got an empty response at step \(number)\(comment)"))
        }
        switch expectation.pattern.search(in: input.readableBytesView) {
        case .found(let isFound): return settle(isFound, input)
        case .needsThread(let work): return .search(work)
        }
    }

    /// Draws the conclusion of one comparison.
    ///
    /// One that found nothing is final only when nothing can come after it, as in haproxy: also
    /// where the pattern must not be there.
    private mutating func settle(_ isFound: Bool, _ input: ByteBuffer) -> DialogueStep? {
        guard index < steps.count, case .expect(let expectation) = steps[index].action else {
            return nil
        }
        if !isFound, !hasEnded, expectation.minimumLength == nil { return .read }
        guard isFound != expectation.isNegated else {
            let complaint = "\(expectation.complaint(isFound: isFound)) at step \(number)"
            return .finish(
                expectation.words.missed(
                    .badAnswer, ProbeFacts(detail: complaint), comment: steps[index].comment,
                    received: input.readableBytesView))
        }
        index += 1
        return nil
    }

    private var number: Int { steps[index].number ?? index + 1 }

    /// Where the script stands, as haproxy words it.
    private var place: String {
        guard index < steps.count else { return "" }
        let comment = steps[index].comment.map { " comment: '\($0)'" } ?? ""
        return "at step \(number) of tcp-check (\(steps[index].words))\(comment)"
    }

    private func plan(for connection: ScriptStep.Connection, place: String) -> ConnectionPlan {
        let address = (connection.address ?? target).at(port: connection.port)
        return ConnectionPlan(address: address, connection: connection.settings, place: place)
    }
}
#endif

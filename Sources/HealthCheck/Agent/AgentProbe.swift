#if Probes
public import NIOCore

/// Asks an agent on the server how the server is (haproxy's `agent-check`).
///
/// The outcome passes unless the agent says that the server is down; what else it asks for is in
/// ``ProbeFacts/agent``. An agent that cannot be reached, is silent, or says nothing to us leaves
/// the server alone, as in haproxy: such an outcome is ``ProbeOutcome/notRun(reason:)``.
public struct AgentProbe: ConnectingProbe {
    /// What is sent first, with its line end; may be empty (`agent-send`).
    public let request: String
    /// How it connects.
    public var connection = ProbeConnection()

    /// Makes a probe.
    ///
    /// - Parameter request: What is sent first, with its line end.
    public init(request: String = "") { self.request = request }

    /// Connects and reads one line.
    ///
    /// - Parameters:
    ///   - target: Where the agent listens.
    ///   - timeout: How long connection and line may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { AgentDialogue(request: request) },
            over: ConnectionPlan(address: target, connection: connection),
            timeout: timeout, on: eventLoop
        ).map { outcome in
            outcome.facts.agent != nil
                ? outcome
                : .notRun(
                    reason: ["the agent did not report:", outcome.code, outcome.detail]
                        .filter { !$0.isEmpty }.joined(separator: " "))
        }
    }
}

private struct AgentDialogue: Dialogue {
    let request: String
    var waitingFor: String { "line of the agent" }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened: return request.isEmpty ? .read : .send(Array(request.utf8))
        case .sent, .computed: return .read
        case .received:
            guard let line = input.readLine() else { return .read }
            return report(line)
        case .ended:
            return report(String(decoding: input.readableBytesView, as: UTF8.self))
        }
    }

    private func report(_ line: String) -> DialogueStep {
        let report = AgentReport(line: line)
        guard !report.isEmpty else {
            return .finish(.badAnswer(reason: "no word of an agent in \(line.quoted)"))
        }
        var facts = ProbeFacts(detail: report.reason.isEmpty ? line : report.reason)
        facts.agent = report
        facts.weight = report.weight
        return .finish(report.health?.isUp == false ? .wrongAnswer(facts) : .answered(facts))
    }
}
#endif

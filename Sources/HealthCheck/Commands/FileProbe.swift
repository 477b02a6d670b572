#if Probes
public import NIOCore

/// Passes by what a file on this host says; the target's address plays no part.
public struct FileProbe: HealthProbe {
    /// What is expected of the file.
    @nonexhaustive public enum Expectation: Hashable, Sendable {
        /// That it is there.
        case exists
        /// That its first 16 KiB have the text in it.
        case contains(String)
        /// That it begins with a whole number, which becomes the weight (keepalived's
        /// `FILE_CHECK`); a number below 0 fails.
        case weight
    }

    /// The path of the file.
    public let path: String
    /// What is expected of it.
    public let expectation: Expectation

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - path: The path of the file.
    ///   - expectation: What is expected of it.
    public init(path: String, expectation: Expectation = .exists) {
        self.path = path
        self.expectation = expectation
    }

    /// Reads the file, on a thread of its own.
    ///
    /// - Parameters:
    ///   - target: Not used.
    ///   - timeout: How long that may take; a file system that hangs ends in it.
    ///   - eventLoop: Where the outcome is told.
    /// - Returns: The outcome; never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let limit = expectation == .exists ? 0 : DialogueHandler.inputLimit
        return FileReads.shared.read(path, limit: limit, within: timeout, on: eventLoop)
            .map { reading in
                switch reading {
                case .content(let bytes): judge(String(decoding: bytes, as: UTF8.self))
                case .failed(let code): .wrongAnswer("\(path): \(TCPProbe.text(errno: code))")
                case .noThread(let code): .notRun(reason: TCPProbe.text(errno: code))
                case .late: .answerTimedOut(waitingFor: "content of \(path)")
                }
            }
    }

    private func judge(_ text: String) -> ProbeOutcome {
        switch expectation {
        case .exists: return .answered(ProbeFacts(detail: path))
        case .contains(let wanted):
            guard case .found(true) = BytePattern.text(wanted).search(in: Array(text.utf8)) else {
                return .wrongAnswer("\(path) does not contain \(wanted.quoted)")
            }
            return .answered(ProbeFacts(detail: path))
        case .weight:
            let word = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
            guard let number = Int(word) else {
                return .wrongAnswer("\(path) does not begin with a whole number: \(word.quoted)")
            }
            var facts = ProbeFacts(detail: "\(path) says \(number)")
            facts.weight = number
            return number < 0 ? .wrongAnswer(facts) : .answered(facts)
        }
    }
}
#endif

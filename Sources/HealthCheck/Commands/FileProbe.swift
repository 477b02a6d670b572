#if Program
import Glibc
public import NIOCore
import NIOPosix

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

    /// Reads the file, on another thread.
    ///
    /// - Parameters:
    ///   - target: Not used.
    ///   - timeout: How long that may take; a file system that hangs ends in it.
    ///   - eventLoop: Where the outcome is told.
    /// - Returns: The outcome; never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let promise = eventLoop.makePromise(of: ProbeOutcome.self)
        let timer = eventLoop.scheduleTask(in: timeout) {
            promise.succeed(.answerTimedOut(waitingFor: "content of \(path)"))
        }
        ComputeThreads.filePool.runIfActive(eventLoop: eventLoop) { read() }
            .recover { .notRun(reason: "\($0)") }
            .whenSuccess { outcome in
                timer.cancel()
                promise.succeed(outcome)
            }
        return promise.futureResult
    }

    private func read() -> ProbeOutcome {
        // Else the open of a pipe without a writer would wait for one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return .wrongAnswer("\(path): \(TCPProbe.text(errno: errno))")
        }
        defer { close(descriptor) }
        guard expectation != .exists else { return .answered(ProbeFacts(detail: path)) }
        var buffer = [UInt8](repeating: 0, count: DialogueHandler.inputLimit)
        var count = 0
        while count < buffer.count {
            let got = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard got > 0 else {
                guard got < 0 else { break }
                return .wrongAnswer("\(path): \(TCPProbe.text(errno: errno))")
            }
            count += got
        }
        return judge(String(decoding: buffer[..<count], as: UTF8.self))
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

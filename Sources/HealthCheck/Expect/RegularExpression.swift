#if Program
import NIOCore
import NIOPosix
import Synchronization

/// A regular expression that is looked for in what a server sent, byte by byte.
///
/// The syntax is that of Swift's `Regex`, which has Perl's in it. Bytes count, not characters, as
/// in haproxy: a dot is one byte. It never runs on an event loop, and one expression runs on one
/// thread at a time: one that backtracks without end holds up the checks that use it, and no
/// other.
public final class RegularExpression: Sendable, CustomStringConvertible {
    /// The expression as it was given.
    public let pattern: String
    private let core: Core
    private let queue = Mutex(Queue())

    /// SAFETY: `Regex` is not Sendable because of its transforms, and this one has none; besides,
    /// `Queue` lets one thread at a time use it.
    private struct Core: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>

        func isFound(in bytes: [UInt8]) -> Bool {
            var text = String.UnicodeScalarView()
            for byte in bytes { text.append(Unicode.Scalar(byte)) }
            return ((try? regex.firstMatch(in: String(text))) ?? nil) != nil
        }
    }

    private struct Queue {
        var isRunning = false
        var waiting: [@Sendable () -> Void] = []
    }

    /// Compiles an expression.
    ///
    /// - Parameters:
    ///   - pattern: The expression.
    ///   - ignoringCase: Whether `a` also finds `A`.
    /// - Throws: ``ProbeSettingsError/notAPattern(_:reason:)``.
    public init(_ pattern: String, ignoringCase: Bool = false) throws(ProbeSettingsError) {
        self.pattern = pattern
        do {
            var bytes = String.UnicodeScalarView()
            for byte in pattern.utf8 { bytes.append(Unicode.Scalar(byte)) }
            let regex = try Regex(String(bytes))
                .matchingSemantics(.unicodeScalar)
                .asciiOnlyCharacterClasses()
                .dotMatchesNewlines()
                .ignoresCase(ignoringCase)
            core = Core(regex: regex)
        } catch {
            throw .notAPattern(pattern, reason: "\(error)")
        }
    }

    /// The expression as it was given.
    public var description: String { pattern }

    /// Whether the expression is found anywhere in `bytes`; the answer comes on `eventLoop`.
    func search(_ bytes: [UInt8], on eventLoop: any EventLoop) -> EventLoopFuture<Bool> {
        let promise = eventLoop.makePromise(of: Bool.self)
        enqueue { [core] in promise.succeed(core.isFound(in: bytes)) }
        return promise.futureResult
    }

    private func enqueue(_ work: @escaping @Sendable () -> Void) {
        let isFirst = queue.withLock { queue in
            if queue.isRunning { queue.waiting.append(work) }
            defer { queue.isRunning = true }
            return !queue.isRunning
        }
        if isFirst { submit(work) }
    }

    private func submit(_ work: @escaping @Sendable () -> Void) {
        ComputeThreads.pool.submit { _ in
            work()
            let next: (@Sendable () -> Void)? = self.queue.withLock { queue in
                queue.isRunning = !queue.waiting.isEmpty
                return queue.isRunning ? queue.waiting.removeFirst() : nil
            }
            if let next { self.submit(next) }
        }
    }
}
#endif

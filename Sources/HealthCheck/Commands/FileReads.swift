#if Probes
import Glibc
import NIOCore
import Synchronization

/// Reads files for whoever asks, each on a thread of its own: a file system that hangs keeps one
/// thread for each of its files, and no reader of another file.
final class FileReads: Sendable {
    enum Reading: Sendable {
        case content([UInt8])
        /// With the system's error number.
        case failed(CInt)
        /// No thread could be made; with the system's error number.
        case noThread(CInt)
        /// It did not end within the time limit.
        case late
    }

    private struct File: Hashable {
        let path: String
        let limit: Int
    }

    private struct State {
        /// Who waits for each file that is being read, by number.
        var waiting: [File: [Int: EventLoopPromise<Reading>]] = [:]
        var count = 0
    }

    static let shared = FileReads(reader: FileReads.content)

    private let state = Mutex(State())
    private let reader: @Sendable (_ path: String, _ limit: Int) -> Reading

    init(reader: @escaping @Sendable (_ path: String, _ limit: Int) -> Reading) {
        self.reader = reader
    }

    /// Reads the beginning of a file; who asks while it is being read already waits for the same.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - limit: How many bytes; with 0 the file is only opened.
    ///   - timeout: How long to wait.
    ///   - eventLoop: Where the result is told.
    /// - Returns: The result; never a failed future.
    func read(
        _ path: String, limit: Int, within timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Reading> {
        let file = File(path: path, limit: limit)
        let promise = eventLoop.makePromise(of: Reading.self)
        let (number, isFirst) = state.withLock { state in
            state.count += 1
            let isFirst = state.waiting[file] == nil
            state.waiting[file, default: [:]][state.count] = promise
            return (state.count, isFirst)
        }
        let timer = eventLoop.scheduleTask(in: timeout) {
            // Who asked first leaves an entry without anybody, for the thread that goes on.
            let late = self.state.withLock { $0.waiting[file]?.removeValue(forKey: number) }
            late?.succeed(.late)
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        if isFirst { start(file) }
        return promise.futureResult
    }

    private func start(_ file: File) {
        let code = DetachedThread.start {
            self.tell(self.reader(file.path, file.limit), to: file)
        }
        if code != 0 { tell(.noThread(code), to: file) }
    }

    private func tell(_ reading: Reading, to file: File) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: file) }
        for promise in waiting?.values ?? [:].values { promise.succeed(reading) }
    }

    @Sendable private static func content(path: String, limit: Int) -> Reading {
        // Else the open of a pipe without a writer would wait for one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failed(errno) }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: limit)
        var count = 0
        while count < limit {
            let got = buffer.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard got > 0 else {
                guard got < 0 else { break }
                return .failed(errno)
            }
            count += got
        }
        return .content(Array(buffer[..<count]))
    }
}
#endif

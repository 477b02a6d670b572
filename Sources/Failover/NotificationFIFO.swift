internal import LinuxIO

/// A named pipe that each new state is written to as a line: keepalived's `notify_fifo`.
final class NotificationFIFO {
    let path: String
    private(set) var writtenCount = 0
    /// Lines that found the pipe full, or no pipe.
    private(set) var lostCount = 0

    private let onFailure: (HostError) -> Void
    private var pipe: NamedPipe?
    private var hasFailed = false

    /// Opens the pipe, or makes it.
    ///
    /// - Parameters:
    ///   - path: Where it stands.
    ///   - onFailure: Called when lines begin to be lost.
    init(path: String, onFailure: @escaping (HostError) -> Void) {
        self.path = path
        self.onFailure = onFailure
        openIfClosed()
    }

    /// Writes one line; counts it as lost if that would block.
    func write(_ line: String) {
        openIfClosed()
        switch pipe?.write(Array(line.utf8)) {
        case .moved:
            writtenCount += 1
            hasFailed = false
        case .wouldBlock: lose(.wouldBlock)
        case .failed(let errno): lose(errno)
        case nil: lostCount += 1
        }
    }

    /// Takes the pipe's name away, if it was made here.
    func stop() {
        pipe?.removeIfOwn()
        pipe = nil
    }

    private func lose(_ errno: Errno) {
        lostCount += 1
        tell(SystemError(call: "write", errno: errno, subject: path))
    }

    private func openIfClosed() {
        guard pipe == nil else { return }
        do throws(SystemError) { pipe = try NamedPipe(path: path) } catch { tell(error) }
    }

    private func tell(_ error: SystemError) {
        guard !hasFailed else { return }
        hasFailed = true
        onFailure(.system(error))
    }
}

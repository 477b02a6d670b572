#if Program
internal import ArgumentParser
internal import Control
internal import Glibc
internal import LinuxIO

/// Where the running program is found.
struct ControlOptions: ParsableArguments {
    @Option(name: .customLong("control"), help: "The control socket.")
    var path = ControlOptions.defaultPath

    /// Root's program is found by every root shell; a user's own in the user's own directory.
    private static var defaultPath: String {
        if getuid() == 0 { return "/run/lbctl.sock" }
        guard let directory = getenv("XDG_RUNTIME_DIR") else {
            return "/tmp/lbctl-\(getuid()).sock"
        }
        return String(cString: directory) + "/lbctl.sock"
    }

    /// The status of the running program.
    ///
    /// - Throws: `Failure`: nobody answers, or something else.
    func status() throws(Failure) -> NodeStatus {
        guard case .status(let status) = try ask(.status) else {
            throw Failure(.internalError, "the program answered something else than its status")
        }
        return status
    }

    /// Asks the running program, and waits for its answer.
    ///
    /// - Throws: `Failure`: nobody answers, or the program says no.
    func ask(_ request: ControlRequest) throws(Failure) -> ControlResponse {
        let socket: Descriptor
        do { socket = try UnixSocket.connected(to: path) } catch {
            guard error.errno != .wouldBlock else {
                throw Failure(.notRunning, "the program at \(path) does not answer")
            }
            if error.errno == .accessDenied || error.errno == .notPermitted {
                throw Failure(
                    .notPermitted,
                    "the control socket \(path) is not open to this user: \(error.errno); ask as the user"
                        + " that the program runs as")
            }
            throw Failure(
                .notRunning,
                "no running program answers at \(path): \(error.errno); start one with 'lbctl run', or"
                    + " name its socket by --control")
        }
        guard
            case .moved = DescriptorPassing.send(ControlCodec.encode(request), to: socket.rawValue)
        else { throw Failure(.notRunning, "the program at \(path) takes no request") }
        let response = try response(from: socket.rawValue)
        if case .failed(let failure) = response {
            throw Failure(
                Failure.Status(rawValue: Int32(failure.exitCode)) ?? .internalError, failure.message
            )
        }
        return response
    }

    /// Has the running program do something, and prints what it says of it.
    ///
    /// - Throws: `Failure`: nobody answers, or the program says no.
    func say(_ request: ControlRequest) throws(Failure) {
        if case .done(let text) = try ask(request), !text.isEmpty { print(text) }
    }

    private func response(from socket: Int32) throws(Failure) -> ControlResponse {
        var decoder = ControlDecoder<ControlResponse>()
        while true {
            var request = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, ControlOptions.patience) > 0 else {
                throw Failure(.notRunning, "the program at \(path) does not answer")
            }
            var bytes: [UInt8] = []
            switch UnixSocket.read(from: socket, into: &bytes) {
            case .moved(1...): decoder.append(bytes)
            case .wouldBlock: continue
            case .moved, .failed:
                throw Failure(.notRunning, "the program at \(path) closed the connection")
            }
            do {
                if let response = try decoder.next() { return response }
            } catch { throw Failure(.internalError, "the answer is not understood: \(error)") }
        }
    }

    /// Milliseconds without a byte after which the program counts as hung.
    private static let patience: Int32 = 15_000
}
#endif

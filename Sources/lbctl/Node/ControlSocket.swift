#if Program
internal import Control
internal import LinuxIO
internal import Reactor

/// The control socket, served on the failover process's own loop.
///
/// One line of JSON is one request. A client that sends nothing, or does not read its answer, is
/// dropped after a while; none of them can hold the loop up.
final class ControlSocket {
    /// Takes the line of an answer, in pieces.
    typealias Answer = ([[UInt8]]) -> Void
    typealias Handler = (ControlRequest, @escaping Answer) -> Void

    private let listener: Descriptor
    private let path: String
    private let loop: EventLoop
    private let handler: Handler
    private let patience: Duration
    private var clients: [ObjectIdentifier: ControlClient] = [:]
    private var watch: EventLoop.Watch?

    /// Listens at `path`, for root and the own user alone.
    ///
    /// - Parameters:
    ///   - path: Where.
    ///   - loop: Whose thread serves it.
    ///   - patience: How long a client may stay.
    ///   - handler: Told of each request.
    /// - Throws: `Failure` when another program answers there, or the path cannot be used.
    init(
        path: String, loop: EventLoop, patience: Duration = .seconds(30),
        handler: @escaping Handler
    ) throws(Failure) {
        do {
            listener = try UnixSocket.listening(at: path, mode: 0o600)
        } catch { throw ControlSocket.failure(error, path: path) }
        self.path = path
        self.patience = patience
        self.loop = loop
        self.handler = handler
        do { try listen() } catch { throw Failure(error) }
    }

    deinit {
        if let watch { loop.unwatch(watch) }
        UnixSocket.remove(path)
    }

    private static func failure(_ error: SystemError, path: String) -> Failure {
        let hint = "'--control' chooses another path"
        return switch error.errno {
        case .addressInUse:
            Failure(.systemRefused, "another lbctl runs here and listens at \(path); \(hint)")
        case .fileExists:
            Failure(
                .systemRefused, "control socket \(path): a file of that name exists; \(hint)")
        default:
            Failure(error, hint: hint)
        }
    }

    private func listen() throws(SystemError) {
        watch = try loop.watch(listener.rawValue, for: .readable) { [weak self] _ in
            self?.accept()
        }
    }

    private func accept() {
        let socket: Descriptor
        do throws(SystemError) {
            socket = try UnixSocket.accepted(from: listener.rawValue)
        } catch {
            switch error.errno {
            case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .outOfMemory:
                return pause()
            default: return
            }
        }
        guard clients.count < ControlSocket.clientLimit,
            let client = try? ControlClient(
                owning: socket.release(), loop: loop, patience: patience, handler: handler)
        else { return }
        let identity = ObjectIdentifier(client)
        clients[identity] = client
        client.onEnd = { [weak self] in self?.clients[identity] = nil }
    }

    /// Leaves who wants to connect waiting for a while: the listener stays readable, and would be
    /// all that the loop does.
    private func pause() {
        if let watch { loop.unwatch(watch) }
        watch = nil
        loop.schedule(after: ControlSocket.pauseTime) { [weak self] in
            guard let self else { return }
            do throws(SystemError) { try listen() } catch { pause() }
        }
    }

    private static let clientLimit = 64
    private static let pauseTime = Duration.seconds(1)
}

/// One connection to the control socket.
private final class ControlClient {
    var onEnd: () -> Void = {}

    private let socket: Descriptor
    private let loop: EventLoop
    private let handler: ControlSocket.Handler
    private var decoder = ControlDecoder<ControlRequest>()
    private var outgoing: [ArraySlice<UInt8>] = []
    private var backlog = 0
    private var watch: EventLoop.Watch?
    private var deadline: EventLoop.Deadline?
    /// Requests that wait for their answer.
    private var unanswered = 0
    /// Whether requests that were read wait for the loop's next turn.
    private var isBusy = false
    /// Whether the connection ends once all is answered and sent.
    private var isClosing = false

    init(
        owning number: Int32, loop: EventLoop, patience: Duration,
        handler: @escaping ControlSocket.Handler
    ) throws(SystemError) {
        socket = Descriptor(owning: number)
        self.loop = loop
        self.handler = handler
        watch = try loop.watch(number, for: .readable) { [weak self] in self?.handle($0) }
        deadline = loop.schedule(after: patience) { [weak self] in self?.end() }
    }

    deinit { if let watch { loop.unwatch(watch) } }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        guard watch != nil else { return }
        // What a client has asked holds, also when it has left without waiting for the answer.
        let hasLeft = !readiness.isDisjoint(with: [.hungUp, .failed])
        guard !isBusy else { return }
        guard readiness.contains(.readable) || hasLeft, !isClosing else {
            if hasLeft { end() }
            return
        }
        var bytes: [UInt8] = []
        switch UnixSocket.read(from: socket.rawValue, into: &bytes) {
        case .moved(1...): decoder.append(bytes)
        case .wouldBlock: return hasLeft ? end() : ()
        case .moved:
            // A client that has asked everything may close its half and wait for the answers.
            isClosing = true
            return flush()
        case .failed: return end()
        }
        carryOut()
    }

    /// Carries out some of what was asked, and the rest in the loop's next turns: no client keeps
    /// it from the election.
    private func carryOut() {
        do {
            for _ in 0..<ControlClient.turnLimit {
                guard let request = try decoder.next() else {
                    isBusy = false
                    return flush()
                }
                unanswered += 1
                handler(request) { [weak self] in self?.answer($0) }
            }
            isBusy = true
            flush()
            loop.schedule(after: .zero) { self.carryOut() }
        } catch {
            isBusy = false
            isClosing = true
            send([
                ControlCodec.encode(
                    .failed(ControlFailure(message: error.description, exitCode: 2)))
            ])
        }
    }

    private func answer(_ pieces: [[UInt8]]) {
        unanswered -= 1
        send(pieces)
    }

    private func send(_ pieces: [[UInt8]]) {
        guard watch != nil else { return }
        outgoing += pieces.map { $0[...] }
        backlog += pieces.reduce(0) { $0 + $1.count }
        guard backlog <= ControlClient.backlogLimit else { return end() }
        flush()
    }

    private func flush() {
        guard let watch else { return }
        while let piece = outgoing.first {
            switch DescriptorPassing.send(
                piece.prefix(ControlClient.sendLimit), to: socket.rawValue)
            {
            case .moved(let count):
                backlog -= count
                outgoing[0] = piece.dropFirst(count)
                if outgoing[0].isEmpty { outgoing.removeFirst() }
            // Nothing more is asked of a client that does not read.
            case .wouldBlock: return loop.change(watch, to: .writable)
            case .failed: return end()
            }
        }
        guard isClosing else {
            let takesMore = !isBusy && unanswered < ControlClient.turnLimit
            return loop.change(watch, to: takesMore ? .readable : [])
        }
        guard unanswered > 0 || isBusy else { return end() }
        // The end of the stream stays readable for ever.
        loop.change(watch, to: [])
    }

    private func end() {
        guard let watch else { return }
        loop.unwatch(watch)
        self.watch = nil
        if let deadline { loop.cancel(deadline) }
        onEnd()
    }

    /// Requests of a client that are carried out in one turn of the loop, and that may wait for their
    /// answers before more is read.
    private static let turnLimit = 16
    /// Bytes of one call.
    private static let sendLimit = 65_536
    /// Bytes of answers that may wait for a client.
    private static let backlogLimit = 2 * ControlCodec.responseLimit
}
#endif

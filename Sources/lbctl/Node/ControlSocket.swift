#if Program
internal import Control
internal import LinuxIO
internal import Reactor

/// The control socket, served on the failover process's own loop.
///
/// One line of JSON is one request. A client that sends nothing, or does not read its answer, is
/// dropped after a while; none of them can hold the loop up.
final class ControlSocket {
    typealias Handler = (ControlRequest, @escaping (ControlResponse) -> Void) -> Void

    private let listener: Descriptor
    private let path: String
    private let loop: EventLoop
    private let handler: Handler
    private var clients: [ObjectIdentifier: ControlClient] = [:]

    /// Listens at `path`, for root and the own user alone.
    ///
    /// - Throws: `Failure` when another program answers there, or the path cannot be used.
    init(path: String, loop: EventLoop, handler: @escaping Handler) throws(Failure) {
        if (try? UnixSocket.connected(to: path)) != nil {
            throw Failure(
                .systemRefused,
                "another lbctl runs here: it answers at \(path); '--control' chooses another path")
        }
        do {
            listener = try UnixSocket.listening(at: path, mode: 0o600)
        } catch { throw Failure(error, hint: "'--control' chooses another path") }
        self.path = path
        self.loop = loop
        self.handler = handler
        do {
            try loop.watch(listener.rawValue, for: .readable) { [unowned self] _ in accept() }
        } catch { throw Failure(error) }
    }

    deinit { UnixSocket.remove(path) }

    private func accept() {
        guard let socket = try? UnixSocket.accepted(from: listener.rawValue) else { return }
        guard clients.count < ControlSocket.clientLimit,
            let client = try? ControlClient(owning: socket.release(), loop: loop, handler: handler)
        else { return }
        let identity = ObjectIdentifier(client)
        clients[identity] = client
        client.onEnd = { [unowned self] in clients[identity] = nil }
    }

    private static let clientLimit = 64
}

/// One connection to the control socket.
private final class ControlClient {
    var onEnd: () -> Void = {}

    private let socket: Descriptor
    private let loop: EventLoop
    private let handler: ControlSocket.Handler
    private var decoder = ControlDecoder<ControlRequest>()
    private var outgoing: ArraySlice<UInt8> = []
    private var watch: EventLoop.Watch?
    private var deadline: EventLoop.Deadline?
    private var isClosing = false

    init(
        owning number: Int32, loop: EventLoop, handler: @escaping ControlSocket.Handler
    )
        throws(SystemError)
    {
        socket = Descriptor(owning: number)
        self.loop = loop
        self.handler = handler
        watch = try loop.watch(number, for: .readable) { [unowned self] in handle($0) }
        deadline = loop.schedule(after: ControlClient.patience) { [weak self] in self?.end() }
    }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        guard watch != nil, !readiness.isDisjoint(with: [.readable, .hungUp, .failed]) else {
            return
        }
        var bytes: [UInt8] = []
        switch UnixSocket.read(from: socket.rawValue, into: &bytes) {
        case .moved(1...): decoder.append(bytes)
        case .wouldBlock: return
        case .moved, .failed: return end()
        }
        do {
            while let request = try decoder.next() {
                handler(request) { [weak self] in self?.send($0) }
            }
        } catch {
            isClosing = true
            send(.failed(ControlFailure(message: error.description, exitCode: 2)))
        }
    }

    private func send(_ response: ControlResponse) {
        guard watch != nil else { return }
        outgoing += ControlCodec.encode(response)
        flush()
    }

    private func flush() {
        guard let watch else { return }
        while !outgoing.isEmpty {
            switch DescriptorPassing.send(outgoing, to: socket.rawValue) {
            case .moved(let count): outgoing.removeFirst(count)
            case .wouldBlock: return loop.change(watch, to: [.readable, .writable])
            case .failed: return end()
            }
        }
        if isClosing { return end() }
        loop.change(watch, to: .readable)
    }

    private func end() {
        guard let watch else { return }
        loop.unwatch(watch)
        self.watch = nil
        if let deadline { loop.cancel(deadline) }
        onEnd()
    }

    /// How long a client may stay.
    private static let patience = Duration.seconds(30)
}
#endif

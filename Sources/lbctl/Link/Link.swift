#if Program
internal import LinuxIO
internal import Reactor

/// One end of the socket pair between the failover process and the balancer process.
///
/// Nothing here ever blocks: what the kernel does not take at once waits in a queue. A flood from the
/// other end is taken in shares, between which the loop does what else is due.
final class Link<Incoming: LinkMessage, Outgoing: LinkMessage> {
    /// Called with each message and its descriptors, which the receiver owns from then on.
    var onMessage: (Incoming, [Int32]) -> Void = { _, _ in }
    /// Called once, when the other end is gone or does not keep to the format.
    var onEnd: () -> Void = {}
    /// Called with the number of bytes of a message that is longer than a frame can be: nothing of it
    /// is sent.
    var onTooLong: (Int) -> Void = { _ in }
    /// Called when the kernel has taken everything that was to be sent.
    var onDrained: () -> Void = {}

    private let socket: Descriptor
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var received = FrameBuffer()
    private var outgoing = FrameQueue()
    /// Whether messages wait for the next turn, and nothing is read until then.
    private var isPausing = false

    /// Takes ownership of one end of a pair.
    init(owning number: Int32, loop: EventLoop) throws(SystemError) {
        socket = Descriptor(owning: number)
        self.loop = loop
        watch = try loop.watch(number, for: .readable) { [weak self] in self?.handle($0) }
    }

    deinit { close() }

    /// Whether the other end has not taken all that was sent.
    var hasBacklog: Bool { !outgoing.isEmpty }

    /// Sends a message, and duplicates of the descriptors with it, unless it is too long for a frame.
    func send(_ message: Outgoing, descriptors: [Int32] = []) {
        guard watch != nil else { return }
        let payload = message.payload
        // The other end would take it for noise, and this process for gone.
        guard payload.count <= FrameBuffer.payloadLimit else { return onTooLong(payload.count) }
        outgoing.append(payload, descriptors: descriptors, isBulk: message.isBulk)
        flush()
    }

    /// Ends this end's part in the loop; nothing is reported.
    func close() {
        guard let watch else { return }
        loop.unwatch(watch)
        self.watch = nil
        outgoing.removeAll()
        received.closeDescriptors()
    }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        guard watch != nil, !isPausing,
            !readiness.isDisjoint(with: [.readable, .hungUp, .failed])
        else { return }
        switch received.read(from: socket.rawValue) {
        case .moved(1...): deliver()
        case .wouldBlock: return
        case .moved, .failed: end()
        }
    }

    private func deliver() {
        for _ in 0..<messagesPerTurn {
            guard watch != nil else { return }
            switch received.nextFrame() {
            case .incomplete: return resume()
            case .malformed: return end()
            case .frame(let payload, let descriptors):
                guard let message = Incoming(payload: payload) else {
                    for number in descriptors { _ = Descriptor(owning: number) }
                    return end()
                }
                onMessage(message, descriptors)
            }
        }
        isPausing = true
        watchAsNeeded()
        // Not at `loop.now`, which would be in this turn.
        loop.schedule(after: .zero) { [weak self] in self?.deliver() }
    }

    private func resume() {
        guard isPausing else { return }
        isPausing = false
        watchAsNeeded()
    }

    private func flush() {
        guard watch != nil, !outgoing.isEmpty else { return }
        switch outgoing.send(to: socket.rawValue) {
        case .drained:
            watchAsNeeded()
            onDrained()
        case .waits: watchAsNeeded()
        case .failed: end()
        }
    }

    private func watchAsNeeded() {
        guard let watch else { return }
        var wanted: Readiness = isPausing ? [] : .readable
        if !outgoing.isEmpty { wanted.insert(.writable) }
        loop.change(watch, to: wanted)
    }

    private func end() {
        close()
        onEnd()
    }
}

/// What is decoded before the loop does what else is due.
private let messagesPerTurn = 32
#endif

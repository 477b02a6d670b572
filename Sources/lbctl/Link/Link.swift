#if Program
internal import FoundationEssentials
internal import LinuxIO
internal import Reactor

/// One end of the socket pair between the failover process and the balancer process.
///
/// Nothing here ever blocks: what the kernel does not take at once waits in a queue.
final class Link<Incoming: Decodable, Outgoing: Encodable> {
    /// Bytes that leave together, and the descriptors that travel with the first of them.
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        var descriptors: [Int32] = []
    }

    /// Called with each message and its descriptors, which the receiver owns from then on.
    var onMessage: (Incoming, [Int32]) -> Void = { _, _ in }
    /// Called once, when the other end is gone or does not keep to the format.
    var onEnd: () -> Void = {}
    /// Called when the kernel has taken everything that was to be sent.
    var onDrained: () -> Void = {}

    private let socket: Descriptor
    private let loop: EventLoop
    private var watch: EventLoop.Watch?
    private var received = FrameBuffer()
    private var outgoing: [Chunk] = []

    /// Takes ownership of one end of a pair.
    init(owning number: Int32, loop: EventLoop) throws(SystemError) {
        socket = Descriptor(owning: number)
        self.loop = loop
        watch = try loop.watch(number, for: .readable) { [weak self] in self?.handle($0) }
    }

    deinit { close() }

    /// Whether the other end has not taken all that was sent.
    var hasBacklog: Bool { !outgoing.isEmpty }

    /// Sends a message, and duplicates of the descriptors with it.
    func send(_ message: Outgoing, descriptors: [Int32] = []) {
        guard watch != nil else { return }
        guard let payload = try? JSONEncoder().encode(message) else {
            preconditionFailure("a message between the processes has no JSON form")
        }
        for start in stride(from: 0, to: descriptors.count, by: DescriptorPassing.limit) {
            let batch = descriptors[start...].prefix(DescriptorPassing.limit)
            let carrier = FrameBuffer.header(byteCount: 0, descriptorCount: 0)
            outgoing.append(Chunk(bytes: carrier[...], descriptors: Array(batch)))
        }
        let header = FrameBuffer.header(
            byteCount: payload.count, descriptorCount: descriptors.count)
        outgoing.append(Chunk(bytes: (header + payload)[...]))
        flush()
    }

    /// Ends this end's part in the loop; nothing is reported.
    func close() {
        guard let watch else { return }
        loop.unwatch(watch)
        self.watch = nil
        outgoing = []
        received.closeDescriptors()
    }

    private func handle(_ readiness: Readiness) {
        if readiness.contains(.writable) { flush() }
        guard watch != nil, !readiness.isDisjoint(with: [.readable, .hungUp, .failed]) else {
            return
        }
        switch received.read(from: socket.rawValue) {
        case .moved(1...): deliver()
        case .wouldBlock: return
        case .moved, .failed: end()
        }
    }

    private func deliver() {
        while watch != nil {
            switch received.nextFrame() {
            case .incomplete:
                return
            case .malformed:
                return end()
            case .frame(let payload, let descriptors):
                guard
                    let message = try? JSONDecoder().decode(Incoming.self, from: Data(payload))
                else {
                    for number in descriptors { _ = Descriptor(owning: number) }
                    return end()
                }
                onMessage(message, descriptors)
            }
        }
    }

    private func flush() {
        guard let watch, !outgoing.isEmpty else { return }
        while let chunk = outgoing.first {
            switch DescriptorPassing.send(
                chunk.bytes, descriptors: chunk.descriptors, to: socket.rawValue)
            {
            case .moved(let count):
                outgoing[0].descriptors = []
                outgoing[0].bytes.removeFirst(count)
                if outgoing[0].bytes.isEmpty { outgoing.removeFirst() }
            case .wouldBlock:
                return loop.change(watch, to: [.readable, .writable])
            case .failed:
                return end()
            }
        }
        loop.change(watch, to: .readable)
        onDrained()
    }

    private func end() {
        close()
        onEnd()
    }
}
#endif

#if Program
internal import LinuxIO

/// Frames on their way out: what is urgent passes what is bulk, but no frame is broken into.
struct FrameQueue {
    /// Bytes that leave together, and the descriptors that travel with the first of them.
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        var descriptors: [Int32] = []
    }

    /// What became of an attempt to send.
    enum Outcome: Equatable {
        /// Nothing is left.
        case drained
        /// The socket takes no more now, or enough was sent for one turn.
        case waits
        case failed
    }

    /// The rest of the frame that has begun to leave.
    private var started: [Chunk] = []
    private var urgent: [[Chunk]] = []
    private var bulk: [[Chunk]] = []

    var isEmpty: Bool { started.isEmpty && urgent.isEmpty && bulk.isEmpty }

    /// Adds a frame.
    ///
    /// - Parameters:
    ///   - payload: At least one byte.
    ///   - descriptors: What the other end gets duplicates of.
    ///   - isBulk: Whether it may wait for what is added after it.
    mutating func append(_ payload: [UInt8], descriptors: [Int32], isBulk: Bool) {
        var chunks: [Chunk] = []
        for start in stride(from: 0, to: descriptors.count, by: DescriptorPassing.limit) {
            let batch = descriptors[start...].prefix(DescriptorPassing.limit)
            let carrier = FrameBuffer.header(byteCount: 0, descriptorCount: 0)
            chunks.append(Chunk(bytes: carrier[...], descriptors: Array(batch)))
        }
        let header = FrameBuffer.header(
            byteCount: payload.count, descriptorCount: descriptors.count)
        // One call for a short message; a long one is not copied for that.
        if payload.count < FrameQueue.copyLimit {
            chunks.append(Chunk(bytes: (header + payload)[...]))
        } else {
            chunks += [Chunk(bytes: header[...]), Chunk(bytes: payload[...])]
        }
        if isBulk { bulk.append(chunks) } else { urgent.append(chunks) }
    }

    /// Sends as much as the socket takes, and not more than is good for one turn.
    mutating func send(to socket: Int32) -> Outcome {
        var left = FrameQueue.turnLimit
        while left > 0 {
            if started.isEmpty {
                if !urgent.isEmpty {
                    started = urgent.removeFirst()
                } else if !bulk.isEmpty {
                    started = bulk.removeFirst()
                }
            }
            guard let chunk = started.first else { return .drained }
            switch DescriptorPassing.send(
                chunk.bytes.prefix(FrameQueue.sendLimit), descriptors: chunk.descriptors,
                to: socket)
            {
            case .moved(let count):
                left -= count
                started[0] = Chunk(bytes: chunk.bytes.dropFirst(count))
                if started[0].bytes.isEmpty { started.removeFirst() }
            case .wouldBlock: return .waits
            case .failed: return .failed
            }
        }
        return isEmpty ? .drained : .waits
    }

    /// Forgets all frames.
    mutating func removeAll() { self = FrameQueue() }

    /// Longer payloads leave from where they lie.
    private static let copyLimit = 16_384
    /// Bytes of one call.
    private static let sendLimit = 131_072
    /// Bytes of one turn.
    private static let turnLimit = 1 << 20
}
#endif

#if Program
internal import LinuxIO

/// Bytes and descriptors as they arrive, cut into frames.
///
/// A frame is the length of its payload (4 bytes, network order), the number of descriptors that
/// belong to it (4 bytes), and the payload. A frame without payload only carries descriptors, for
/// the frames after it.
struct FrameBuffer {
    /// What the bytes received so far amount to.
    enum Frame: Equatable {
        case incomplete
        case malformed
        case frame([UInt8], descriptors: [Int32])
    }

    private var bytes: [UInt8] = []
    /// Where the frame begins that comes next.
    private var start = 0
    private var descriptors: [Int32] = []

    /// Reads once from a socket.
    mutating func read(from socket: Int32) -> Transfer {
        bytes.removeSubrange(..<start)
        start = 0
        return DescriptorPassing.receive(into: &bytes, descriptors: &descriptors, from: socket)
    }

    /// Takes the first whole frame out.
    mutating func nextFrame() -> Frame {
        while bytes.count - start >= FrameBuffer.headerByteCount {
            let byteCount = number(at: start)
            let descriptorCount = number(at: start + 4)
            guard byteCount <= FrameBuffer.payloadLimit else { return .malformed }
            let payload = start + FrameBuffer.headerByteCount
            guard bytes.count >= payload + byteCount else { return .incomplete }
            // The descriptors of a frame travelled ahead of it.
            guard descriptors.count >= descriptorCount else { return .malformed }
            start = payload + byteCount
            guard byteCount > 0 else { continue }
            let own = Array(descriptors.prefix(descriptorCount))
            descriptors.removeFirst(descriptorCount)
            return .frame(Array(bytes[payload..<start]), descriptors: own)
        }
        return .incomplete
    }

    /// Closes the descriptors that no frame has claimed.
    mutating func closeDescriptors() {
        for number in descriptors { _ = Descriptor(owning: number) }
        descriptors = []
    }

    /// The eight bytes ahead of a payload.
    static func header(byteCount: Int, descriptorCount: Int) -> [UInt8] {
        [byteCount, descriptorCount].flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        }
    }

    private func number(at offset: Int) -> Int {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    private static let headerByteCount = 8
    /// The longest payload, in bytes.
    static let payloadLimit = 256 * 1024 * 1024
}
#endif

/// A part of what a client says first whose length stands before it (`req.payload_lv`).
public struct CountedPayload: Hashable, Sendable {
    /// Where the length stands, counted from the first byte.
    public var lengthOffset: Int
    /// In how many bytes, the greatest first.
    public var lengthByteCount: Int
    /// Where the part begins.
    public var offset: Int

    /// Makes a part within the first ``ClientHello/longestByteCount`` bytes.
    public init(lengthOffset: Int, lengthByteCount: Int, offset: Int) {
        self.lengthOffset = lengthOffset
        self.lengthByteCount = lengthByteCount
        self.offset = offset
    }

    /// What a message comes to.
    enum Reading: Hashable {
        /// More bytes could bring the part, or more of it.
        case needsMore
        /// There is none: its length is 0, or it would end too far behind.
        case none
        /// Where it lies.
        case complete(Range<Int>)
    }

    /// Looks for the part in all that has come.
    func read(_ bytes: Span<UInt8>) -> Reading {
        let lengthEnd = lengthOffset + lengthByteCount
        guard bytes.count >= lengthEnd else { return .needsMore }
        var length = 0
        for index in lengthOffset..<lengthEnd {
            length = length << 8 | Int(bytes[index])
            guard length <= ClientHello.longestByteCount else { return .none }
        }
        let end = offset + length
        guard length > 0, end <= ClientHello.longestByteCount else { return .none }
        return bytes.count < end ? .needsMore : .complete(offset..<end)
    }
}

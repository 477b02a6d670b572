/// Whole numbers as haproxy's peers write them: small ones in one byte, the greatest in ten.
///
/// peers-v2.0.txt, "Encoded Integer and Bitfield". Up to 239 a number is its byte. Above, the first
/// byte has the lowest four bits under `1111`, and each further one seven, the last below 128; what
/// shorter forms can say is taken off first, so that each number has one form.
extension [UInt8] {
    mutating func appendPeerInteger(_ value: UInt64) {
        guard value >= 240 else { return append(UInt8(value)) }
        append(UInt8(truncatingIfNeeded: value) | 0xf0)
        var rest = (value - 240) >> 4
        while rest >= 128 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest = (rest - 128) >> 7
        }
        append(UInt8(rest))
    }

    mutating func appendBigEndian(_ value: some FixedWidthInteger) {
        var shift = type(of: value).bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    /// Appends what `body` writes, preceded by its length.
    mutating func appendPeerBlock(_ body: (inout [UInt8]) -> Void) {
        var block: [UInt8] = []
        body(&block)
        appendPeerInteger(UInt64(block.count))
        append(contentsOf: block)
    }
}

/// Takes what a message of a peer says off its bytes, one after the other.
struct PeerReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Bytes that are left.
    var count: Int { bytes.endIndex - position }
    var isAtEnd: Bool { count == 0 }

    mutating func byte() throws(PeerFault) -> UInt8 {
        guard !isAtEnd else { throw .malformed }
        defer { position += 1 }
        return bytes[position]
    }

    /// A number in its encoded form; what is above 64 bits is dropped.
    mutating func integer() throws(PeerFault) -> UInt64 {
        var value = UInt64(try byte())
        guard value >= 240 else { return value }
        var shift: UInt64 = 4
        while true {
            let next = try byte()
            guard shift < 64 else { throw .malformed }
            value &+= UInt64(next) << shift
            shift += 7
            if next < 128 { return value }
        }
    }

    mutating func bigEndian() throws(PeerFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 { value = value << 8 | UInt32(try byte()) }
        return value
    }

    mutating func take(_ length: UInt64) throws(PeerFault) -> ArraySlice<UInt8> {
        guard length <= UInt64(count) else { throw .malformed }
        defer { position += Int(length) }
        return bytes[position..<position + Int(length)]
    }
}

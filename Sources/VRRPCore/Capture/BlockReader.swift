/// Reads the blocks of a pcapng file.
///
/// draft-ietf-opsawg-pcapng: sections, interface descriptions, and packets in three forms.
struct BlockReader {
    static let sectionType: UInt32 = 0x0A0D_0D0A
    private static let byteOrderMagic: UInt32 = 0x1A2B_3C4D

    var reader: ByteReader
    private var interfaces: [Interface] = []

    private struct Interface {
        let linkType: LinkType
        /// Units of its times in a second.
        let unitsPerSecond: UInt64
        let snapByteCount: Int
    }

    init(reader: ByteReader) { self.reader = reader }

    mutating func packets() throws(CaptureError) -> ([CapturedPacket], isCutOff: Bool) {
        var packets: [CapturedPacket] = []
        var offset = 0
        while offset < reader.bytes.count {
            if reader.doubleWord(at: offset) == Self.sectionType {
                guard let isSwapped = isSwapped(at: offset) else { return (packets, true) }
                if isSwapped { reader.isLittleEndian.toggle() }
                interfaces = []
            }
            guard let type = reader.doubleWord(at: offset),
                let byteCount = reader.count(at: offset + 4)
            else { return (packets, true) }
            guard byteCount >= 12, byteCount.isMultiple(of: 4) else {
                throw .block(offset: offset)
            }
            guard byteCount <= reader.bytes.count - offset else { return (packets, true) }
            let body = (offset + 8)..<(offset + byteCount - 4)
            switch type {
            case 1: describe(body)
            case 2: packet(body, isObsolete: true).map { packets.append($0) }
            case 3: simplePacket(body).map { packets.append($0) }
            case 6: packet(body, isObsolete: false).map { packets.append($0) }
            default: break
            }
            offset += byteCount
        }
        return (packets, false)
    }

    /// Whether a section's byte order is the other one; `nil` if the file ends before it tells.
    private func isSwapped(at offset: Int) -> Bool? {
        reader.doubleWord(at: offset + 8).map { $0 != Self.byteOrderMagic }
    }

    private mutating func describe(_ body: Range<Int>) {
        let linkType = reader.word(at: body.lowerBound) ?? 0
        let snapByteCount = reader.count(at: body.lowerBound + 4) ?? 0
        var unitsPerSecond: UInt64 = 1_000_000
        var offset = body.lowerBound + 8
        while offset + 4 <= body.upperBound, let code = reader.word(at: offset),
            let length = reader.word(at: offset + 2), code != 0
        {
            // if_tsresol: a negative power of 10, or of 2 with the highest bit set.
            if code == 9, length == 1, offset + 4 < body.upperBound {
                unitsPerSecond = Self.units(reader.bytes[offset + 4]) ?? unitsPerSecond
            }
            offset += 4 + (length + 3) / 4 * 4
        }
        interfaces.append(
            Interface(
                linkType: LinkType(rawValue: linkType), unitsPerSecond: unitsPerSecond,
                snapByteCount: snapByteCount))
    }

    private static func units(_ resolution: UInt8) -> UInt64? {
        let exponent = Int(resolution & 0x7F)
        if resolution & 0x80 != 0 { return exponent < 64 ? 1 << UInt64(exponent) : nil }
        return exponent < 20 ? (0..<exponent).reduce(1) { product, _ in product * 10 } : nil
    }

    /// Interface, time and two lengths, then the bytes; the obsolete form has a shorter number.
    private func packet(_ body: Range<Int>, isObsolete: Bool) -> CapturedPacket? {
        let start = body.lowerBound
        let number = isObsolete ? reader.word(at: start) : reader.count(at: start)
        guard let number, interfaces.indices.contains(number),
            let high = reader.doubleWord(at: start + 4),
            let low = reader.doubleWord(at: start + 8),
            let byteCount = reader.count(at: start + 12),
            let originalByteCount = reader.count(at: start + 16),
            byteCount <= body.upperBound - start - 20,
            let bytes = reader.slice(at: start + 20, byteCount: byteCount)
        else { return nil }
        let interface = interfaces[number]
        let time = UInt64(high) << 32 | UInt64(low)
        return CapturedPacket(
            linkType: interface.linkType,
            nanosecondsSince1970: Self.nanoseconds(time, unitsPerSecond: interface.unitsPerSecond),
            bytes: bytes, originalByteCount: originalByteCount)
    }

    /// A time in nanoseconds; one that is beyond what fits counts as the greatest.
    private static func nanoseconds(_ time: UInt64, unitsPerSecond: UInt64) -> Int64 {
        let seconds = time / unitsPerSecond
        var (rest, units) = (time % unitsPerSecond, unitsPerSecond)
        // Finer units than nanoseconds are cut down to what a product of 64 bits can hold.
        while units >= 1 << 33 { (rest, units) = (rest >> 1, units >> 1) }
        guard seconds < 9_000_000_000 else { return .max }
        return Int64(seconds) * 1_000_000_000 + Int64(rest * 1_000_000_000 / units)
    }

    /// A length and the bytes, of the first interface and without a time.
    private func simplePacket(_ body: Range<Int>) -> CapturedPacket? {
        guard let interface = interfaces.first,
            let originalByteCount = reader.count(at: body.lowerBound)
        else { return nil }
        let limit = interface.snapByteCount == 0 ? Int.max : interface.snapByteCount
        let byteCount = min(originalByteCount, limit, body.upperBound - body.lowerBound - 4)
        guard let bytes = reader.slice(at: body.lowerBound + 4, byteCount: byteCount) else {
            return nil
        }
        return CapturedPacket(
            linkType: interface.linkType, nanosecondsSince1970: 0, bytes: bytes,
            originalByteCount: originalByteCount)
    }
}

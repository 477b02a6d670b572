/// The packets of a capture file, as `tcpdump -w` and `dumpcap` write it.
public struct Capture: Hashable, Sendable {
    /// The packets, in the order of the file.
    public internal(set) var packets: [CapturedPacket] = []
    /// Whether the file ends in the middle of a packet, as after a crash of whoever wrote it.
    public internal(set) var isCutOff = false

    /// Reads a file of either format, pcap or pcapng.
    ///
    /// - Parameter file: All bytes of the file.
    /// - Throws: `.unknownFormat` or `.block`: what is there is not what the formats say.
    public init(file: [UInt8]) throws(CaptureError) {
        var reader = ByteReader(file)
        switch reader.doubleWord(at: 0) {
        case 0xA1B2_C3D4: readPackets(reader, fractionsPerSecond: 1_000_000)
        case 0xA1B2_3C4D: readPackets(reader, fractionsPerSecond: 1_000_000_000)
        case 0xD4C3_B2A1:
            reader.isLittleEndian = false
            readPackets(reader, fractionsPerSecond: 1_000_000)
        case 0x4D3C_B2A1:
            reader.isLittleEndian = false
            readPackets(reader, fractionsPerSecond: 1_000_000_000)
        case BlockReader.sectionType:
            var blocks = BlockReader(reader: reader)
            (packets, isCutOff) = try blocks.packets()
        default: throw .unknownFormat
        }
    }

    /// The classic format: 24 bytes for the file, then 16 before each packet.
    private mutating func readPackets(_ reader: ByteReader, fractionsPerSecond: Int64) {
        guard let linkType = reader.count(at: 20) else {
            isCutOff = true
            return
        }
        var offset = 24
        while offset < reader.bytes.count {
            guard let seconds = reader.doubleWord(at: offset),
                let fraction = reader.doubleWord(at: offset + 4),
                let byteCount = reader.count(at: offset + 8),
                let originalByteCount = reader.count(at: offset + 12),
                let bytes = reader.slice(at: offset + 16, byteCount: byteCount)
            else {
                isCutOff = true
                return
            }
            let nanoseconds =
                Int64(seconds) * 1_000_000_000
                + Int64(fraction) * (1_000_000_000 / fractionsPerSecond)
            packets.append(
                // The upper bits tell of check sequences at the end of frames.
                CapturedPacket(
                    linkType: LinkType(rawValue: linkType & 0xFFFF),
                    nanosecondsSince1970: nanoseconds, bytes: bytes,
                    originalByteCount: originalByteCount))
            offset += 16 + byteCount
        }
    }
}

/// One packet of a capture.
public struct CapturedPacket: Hashable, Sendable {
    /// What the bytes begin with.
    public let linkType: LinkType
    /// When it was captured: nanoseconds since 1970, UTC; 0 if the file does not tell.
    public let nanosecondsSince1970: Int64
    /// The bytes that were kept.
    public let bytes: [UInt8]
    /// How many bytes it had on the wire.
    public let originalByteCount: Int

    /// Makes a packet, for one that was read from a socket.
    ///
    /// - Parameters:
    ///   - linkType: What the bytes begin with.
    ///   - nanosecondsSince1970: When it was captured.
    ///   - bytes: The bytes that were kept.
    ///   - originalByteCount: How many bytes it had on the wire; `nil`: as many.
    public init(
        linkType: LinkType, nanosecondsSince1970: Int64, bytes: [UInt8],
        originalByteCount: Int? = nil
    ) {
        self.linkType = linkType
        self.nanosecondsSince1970 = nanosecondsSince1970
        self.bytes = bytes
        self.originalByteCount = originalByteCount ?? bytes.count
    }
}

/// Why a file is not a capture.
public enum CaptureError: Error, Hashable, Sendable {
    /// It begins like neither pcap nor pcapng.
    case unknownFormat
    /// A block of pcapng at this offset, in bytes, has a length that cannot be.
    case block(offset: Int)
}

extension CaptureError: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .unknownFormat: "not a capture file, must be pcap or pcapng"
        case .block(let offset): "the block at byte \(offset) has an impossible length"
        }
    }
}

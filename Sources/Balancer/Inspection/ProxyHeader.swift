public import LinuxIO

/// The header of the PROXY protocol, by which a proxy tells who its client is.
///
/// Versions 1 and 2 of haproxy's `proxy-protocol.txt`. A pure value: bytes in, verdict out.
public struct ProxyHeader: Hashable, Sendable {
    /// What the bytes at the beginning of a connection come to.
    public enum Reading: Hashable, Sendable {
        /// A whole header, which takes so many bytes.
        case complete(ProxyHeader, byteCount: Int)
        /// So far it may become one.
        case needsMore
        /// It is none.
        case malformed(Fault)
    }

    /// Why bytes are no header; one of a closed set, so that each can be counted.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// They begin like neither version.
        case signature
        /// Version 2's byte of version and command has values that nobody defined.
        case command
        /// The family or the transport of version 2 is none of the protocol's.
        case family
        /// An address is none of the family that is named, or is cut.
        case address
        /// A port is none.
        case port
        /// Version 1's line does not end where it must.
        case line
        /// It is longer than ``longestByteCount``.
        case length
        /// An extension of version 2 reaches beyond the header, or is longer than it may be.
        case `extension`
        /// The checksum of version 2 is not that of its bytes.
        case checksum
    }

    /// Who connected to whom, as the proxy saw it; `nil`: the proxy speaks for itself (`LOCAL`), or
    /// does not know (`UNKNOWN`): the connection's own addresses hold.
    public var addresses: Addresses?

    /// The two ends of the client's connection to the proxy.
    public struct Addresses: Hashable, Sendable {
        /// The client.
        public var source: IPEndpoint
        /// Where the client connected to.
        public var destination: IPEndpoint

        /// Makes a pair of ends.
        public init(source: IPEndpoint, destination: IPEndpoint) {
            self.source = source
            self.destination = destination
        }
    }

    /// Makes a header.
    public init(addresses: Addresses? = nil) { self.addresses = addresses }

    /// Bytes of the longest header that is read; version 2 could name 65,551.
    public static let longestByteCount = 16_384

    /// Reads what came first on a connection.
    ///
    /// - Parameter bytes: All bytes so far, from the first one on.
    /// - Returns: The header, or whether more bytes could make one.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
        guard bytes.count > 0 else { return .needsMore }
        return bytes[0] == versionTwoSignature[0] ? readVersionTwo(bytes) : readVersionOne(bytes)
    }

    /// `\r\n\r\n\0\r\nQUIT\n`.
    static let versionTwoSignature: InlineArray<12, UInt8> = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
}

// MARK: - Version 2

extension ProxyHeader {
    private static func readVersionTwo(_ bytes: Span<UInt8>) -> Reading {
        for index in 0..<min(12, bytes.count) where bytes[index] != versionTwoSignature[index] {
            return .malformed(.signature)
        }
        guard bytes.count > 12 else { return .needsMore }
        guard bytes[12] == 0x20 || bytes[12] == 0x21 else { return .malformed(.command) }
        guard bytes.count >= 16 else { return .needsMore }
        let end = 16 + (Int(bytes[14]) << 8 | Int(bytes[15]))
        guard end <= longestByteCount else { return .malformed(.length) }
        guard bytes.count >= end else { return .needsMore }
        var header = ProxyHeader()
        // Of a connection of the sender's own (LOCAL) the rest says nothing, whatever it is.
        guard bytes[12] == 0x21 else { return .complete(header, byteCount: end) }
        guard bytes[13] >> 4 <= 3, bytes[13] & 15 <= 2 else { return .malformed(.family) }
        guard let addressByteCount = addressByteCount(of: bytes[13]) else {
            return .complete(header, byteCount: end)
        }
        let position = 16 + addressByteCount
        guard position <= end else { return .malformed(.address) }
        switch bytes[13] {
        case 0x11: header.addresses = addresses(ipv4: bytes, at: 16, ports: 24)
        case 0x21: header.addresses = addresses(ipv6: bytes, at: 16, ports: 48)
        // A Unix socket's names say nothing about a client.
        default: break
        }
        if let fault = faultOfExtensions(bytes, from: position, to: end) {
            return .malformed(fault)
        }
        return .complete(header, byteCount: end)
    }

    /// Bytes of the addresses of a family; `nil`: nobody knows how long they are.
    private static func addressByteCount(of family: UInt8) -> Int? {
        switch family {
        case 0x11: 12
        case 0x21: 36
        case 0x31: 216
        default: nil
        }
    }

    /// What a header says by an extension: by the last one of this type, as haproxy 2.6.
    ///
    /// - Parameters:
    ///   - type: The extension's type.
    ///   - header: All of a header that was read as a good one.
    /// - Returns: Its value; `nil`: there is none, or it has more than 255 bytes.
    static func text(of type: UInt8, in header: Span<UInt8>) -> ShortText? {
        guard header.count >= 16, header[0] == versionTwoSignature[0], header[12] == 0x21,
            let addressByteCount = addressByteCount(of: header[13])
        else { return nil }
        var position = 16 + addressByteCount
        var text: ShortText?
        while position < header.count {
            let value = position + 3
            let end = value + Int(number(header, at: position + 1, 2))
            if header[position] == type { text = ShortText(header.extracting(value..<end)) }
            position = end
        }
        return text
    }

    /// Walks along the extensions: a type, two bytes of length, a value.
    private static func faultOfExtensions(
        _ bytes: Span<UInt8>, from start: Int, to end: Int
    ) -> Fault? {
        var position = start
        while position < end {
            guard position + 3 <= end else { return .extension }
            let value = position + 3
            let length = Int(number(bytes, at: position + 1, 2))
            guard value + length <= end, length <= Extension.longest(bytes[position]) else {
                return .extension
            }
            if bytes[position] == Extension.checksum {
                guard length == 4 else { return .extension }
                let sum = Checksum.castagnoli(of: bytes.extracting(0..<end), leavingOut: value)
                guard sum == UInt32(number(bytes, at: value, 4)) else { return .checksum }
            }
            position = value + length
        }
        return nil
    }

    /// Two addresses of 4 bytes, one behind the other, and so their ports elsewhere.
    static func addresses(ipv4 bytes: Span<UInt8>, at start: Int, ports: Int) -> Addresses {
        Addresses(
            source: IPEndpoint(
                ipv4: UInt32(number(bytes, at: start, 4)),
                port: UInt16(number(bytes, at: ports, 2))),
            destination: IPEndpoint(
                ipv4: UInt32(number(bytes, at: start + 4, 4)),
                port: UInt16(number(bytes, at: ports + 2, 2))))
    }

    /// The same of 16 bytes.
    static func addresses(ipv6 bytes: Span<UInt8>, at start: Int, ports: Int) -> Addresses {
        Addresses(
            source: IPEndpoint(
                high: number(bytes, at: start, 8), low: number(bytes, at: start + 8, 8),
                port: UInt16(number(bytes, at: ports, 2))),
            destination: IPEndpoint(
                high: number(bytes, at: start + 16, 8), low: number(bytes, at: start + 24, 8),
                port: UInt16(number(bytes, at: ports + 2, 2))))
    }

    static func number(_ bytes: Span<UInt8>, at start: Int, _ count: Int) -> UInt64 {
        var number: UInt64 = 0
        for index in start..<start + count { number = number << 8 | UInt64(bytes[index]) }
        return number
    }

    /// The types of extensions that are looked at or written.
    enum Extension {
        static let applicationProtocol: UInt8 = 0x01
        static let authority: UInt8 = 0x02
        static let checksum: UInt8 = 0x03
        static let uniqueIdentifier: UInt8 = 0x05
        static let security: UInt8 = 0x20
        static let securityVersion: UInt8 = 0x21
        static let commonName: UInt8 = 0x22
        static let cipher: UInt8 = 0x23

        /// The most bytes of one that is received; haproxy's.
        static func longest(_ type: UInt8) -> Int {
            switch type {
            case authority: 255
            case uniqueIdentifier: 128
            default: longestByteCount
            }
        }
    }
}

// MARK: - Version 1

extension ProxyHeader {
    /// `PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT\r\n`, or `PROXY UNKNOWN …\r\n`: at most 107
    /// bytes.
    private static func readVersionOne(_ bytes: Span<UInt8>) -> Reading {
        let keyword: StaticString = "PROXY "
        for index in 0..<min(6, bytes.count) where bytes[index] != keyword[index] {
            return .malformed(.signature)
        }
        let longest = min(bytes.count, longestLine)
        var end = 0
        while end < longest, bytes[end] != newline { end += 1 }
        guard end < longest else {
            return bytes.count >= longestLine ? .malformed(.line) : .needsMore
        }
        guard end >= 7, bytes[end - 1] == carriageReturn else { return .malformed(.line) }
        var words = WordCursor(from: 6, to: end - 1)
        let family = bytes.extracting(words.next(bytes))
        let header: ProxyHeader
        if family.spells("UNKNOWN") {
            header = ProxyHeader()
        } else if family.spells("TCP4") || family.spells("TCP6") {
            let isIPv4 = family.spells("TCP4")
            guard let source = words.address(isIPv4, bytes),
                let destination = words.address(isIPv4, bytes)
            else { return .malformed(.address) }
            guard let sourcePort = words.port(bytes), let destinationPort = words.port(bytes)
            else { return .malformed(.port) }
            guard words.isAtEnd else { return .malformed(.line) }
            var addresses = Addresses(source: source, destination: destination)
            addresses.source.port = sourcePort
            addresses.destination.port = destinationPort
            header = ProxyHeader(addresses: addresses)
        } else {
            return .malformed(.address)
        }
        return .complete(header, byteCount: end + 1)
    }

    private static let longestLine = 107
    private static let newline: UInt8 = 0x0A
    private static let carriageReturn: UInt8 = 0x0D
}

extension StaticString {
    /// A byte of an ASCII text.
    fileprivate subscript(index: Int) -> UInt8 { unsafe utf8Start[index] }
}

extension Span<UInt8> {
    fileprivate func spells(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text[index] { return false }
        return true
    }
}

/// Goes along the words of a line, one space between two.
private struct WordCursor {
    private let end: Int
    private var position: Int

    init(from start: Int, to end: Int) {
        self.end = end
        position = start
    }

    /// Whether every word was taken, and no space is left over.
    var isAtEnd: Bool { position == end + 1 }

    mutating func next(_ bytes: Span<UInt8>) -> Range<Int> {
        let start = min(position, end)
        var stop = start
        while stop < end, bytes[stop] != UInt8(ascii: " ") { stop += 1 }
        position = stop + 1
        return start..<stop
    }

    mutating func address(_ isIPv4: Bool, _ bytes: Span<UInt8>) -> IPEndpoint? {
        let text = bytes.extracting(next(bytes))
        return isIPv4 ? AddressText.ipv4(text) : AddressText.ipv6(text)
    }

    mutating func port(_ bytes: Span<UInt8>) -> UInt16? {
        AddressText.decimal(bytes.extracting(next(bytes)), upTo: 65_535)
    }
}

/// What a TLS client says first, as far as a relay that does not terminate TLS wants to know.
///
/// RFC 8446 §4.1.2 in the records of §5.1; RFC 6066 §3 (server name), RFC 7301 (protocols). A pure
/// value: bytes in, verdict out. The message may be spread over several records.
public struct ClientHello: Hashable, Sendable {
    /// What the bytes at the beginning of a connection come to.
    public enum Reading: Hashable, Sendable {
        /// A whole message.
        case complete(ClientHello)
        /// So far it may become one; with fewer bytes than so many there is no more to tell.
        case needsMore(atLeast: Int)
        /// It is none.
        case malformed(Fault)
    }

    /// Why bytes are no message; one of a closed set, so that each can be counted.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        /// They begin with another record than one of TLS's handshake.
        case record
        /// The handshake begins with another message.
        case message
        /// It is longer than ``longestByteCount``.
        case length
        /// A field reaches beyond what it lies in.
        case field
    }

    /// The version that it names, 0x0303 for TLS 1.2 and, as RFC 8446 wants it, for later ones.
    public var version: UInt16 = 0
    /// The name that the client asks for, as sent; empty without one.
    public var serverName = ShortText()
    /// The protocols that the client offers, each after a byte of its length, as on the wire; those
    /// beyond 255 bytes are left out.
    public var protocols = ShortText()

    /// Makes a message that says nothing.
    public init() {}

    /// Bytes of the longest message that is read, record headers included.
    public static let longestByteCount = 16_384

    /// Reads what came first on a connection.
    ///
    /// - Parameter bytes: All bytes so far, from the first one on.
    /// - Returns: The message, or whether more bytes could make one.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
        var cursor = RecordCursor()
        do throws(RecordCursor.Stop) {
            return .complete(try read(&cursor, in: bytes))
        } catch {
            switch error {
            case .needsMore(let count):
                return bytes.count >= longestByteCount
                    ? .malformed(.length) : .needsMore(atLeast: min(count, longestByteCount))
            case .fault(let fault): return .malformed(fault)
            }
        }
    }

    private static func read(
        _ cursor: inout RecordCursor, in bytes: Span<UInt8>
    ) throws(RecordCursor.Stop) -> ClientHello {
        guard try cursor.number(1, bytes) == 1 else { throw .fault(.message) }
        let length = try cursor.number(3, bytes)
        guard length <= longestByteCount else { throw .fault(.length) }
        let end = cursor.taken + length
        cursor.end = end
        var hello = ClientHello()
        guard cursor.taken + 2 <= end else { throw .fault(.field) }
        hello.version = UInt16(try cursor.number(2, bytes))
        // A random number, then the session identifier, cipher suites, compression methods.
        try cursor.skip(32, within: end, bytes)
        for field in 0..<3 {
            let length = try cursor.length(field == 1 ? 2 : 1, within: end, bytes)
            try cursor.skip(length, within: end, bytes)
        }
        // TLS 1.2 and before: extensions may be missing.
        guard cursor.taken < end else { return hello }
        let extensionsEnd = try cursor.length(2, within: end, bytes) + cursor.taken
        guard extensionsEnd == end else { throw .fault(.field) }
        while cursor.taken < extensionsEnd {
            guard cursor.taken + 4 <= extensionsEnd else { throw .fault(.field) }
            let type = try cursor.number(2, bytes)
            let fieldEnd = try cursor.length(2, within: extensionsEnd, bytes) + cursor.taken
            switch type {
            case 0: try hello.readServerName(&cursor, in: bytes, to: fieldEnd)
            case 16: try hello.readProtocols(&cursor, in: bytes, to: fieldEnd)
            default: break
            }
            try cursor.skip(fieldEnd - cursor.taken, within: fieldEnd, bytes)
        }
        return hello
    }

    /// A list with one name of type 0 (RFC 6066 §3).
    private mutating func readServerName(
        _ cursor: inout RecordCursor, in bytes: Span<UInt8>, to end: Int
    ) throws(RecordCursor.Stop) {
        guard cursor.taken < end else { return }
        let listEnd = try cursor.length(2, within: end, bytes) + cursor.taken
        while cursor.taken < listEnd {
            guard cursor.taken + 3 <= listEnd else { throw .fault(.field) }
            let type = try cursor.number(1, bytes)
            let length = try cursor.length(2, within: listEnd, bytes)
            guard type == 0, serverName.count == 0 else {
                try cursor.skip(length, within: listEnd, bytes)
                continue
            }
            guard length <= 255 else { throw .fault(.field) }
            for _ in 0..<length { _ = serverName.append(UInt8(try cursor.number(1, bytes))) }
        }
    }

    private mutating func readProtocols(
        _ cursor: inout RecordCursor, in bytes: Span<UInt8>, to end: Int
    ) throws(RecordCursor.Stop) {
        guard cursor.taken < end else { return }
        let listEnd = try cursor.length(2, within: end, bytes) + cursor.taken
        while cursor.taken < listEnd {
            let length = try cursor.length(1, within: listEnd, bytes)
            guard length > 0 else { throw .fault(.field) }
            guard protocols.count + 1 + length <= 255 else {
                return try cursor.skip(listEnd - cursor.taken, within: listEnd, bytes)
            }
            _ = protocols.append(UInt8(length))
            for _ in 0..<length { _ = protocols.append(UInt8(try cursor.number(1, bytes))) }
        }
    }
}

/// Goes along the bytes inside TLS records of the handshake.
private struct RecordCursor {
    enum Stop: Error {
        case needsMore(atLeast: Int)
        case fault(ClientHello.Fault)
    }

    private var position = 0
    /// Bytes of the present record that are left.
    private var recordRest = 0
    /// Bytes of the messages that were taken.
    private(set) var taken = 0
    /// Bytes of the message, once it has said so.
    var end: Int?

    /// What is to come before the next look: the rest of the message, or of the record.
    private var shortage: Stop {
        let rest = end.map { $0 - taken } ?? 1
        return .needsMore(atLeast: position + min(rest, recordRest))
    }

    /// A number of so many bytes, the first one highest.
    mutating func number(_ count: Int, _ bytes: Span<UInt8>) throws(Stop) -> Int {
        var number = 0
        for _ in 0..<count {
            if recordRest == 0 { try beginRecord(bytes) }
            guard position < bytes.count else { throw shortage }
            number = number << 8 | Int(bytes[position])
            position += 1
            recordRest -= 1
            taken += 1
        }
        return number
    }

    /// A length field whose value must fit before `end`.
    mutating func length(
        _ count: Int, within end: Int, _ bytes: Span<UInt8>
    ) throws(Stop) -> Int {
        guard taken + count <= end else { throw .fault(.field) }
        let length = try number(count, bytes)
        guard taken + length <= end else { throw .fault(.field) }
        return length
    }

    mutating func skip(
        _ count: Int, within end: Int, _ bytes: Span<UInt8>
    ) throws(Stop) {
        guard count >= 0, taken + count <= end else { throw .fault(.field) }
        var rest = count
        while rest > 0 {
            if recordRest == 0 { try beginRecord(bytes) }
            let step = min(rest, recordRest, bytes.count - position)
            guard step > 0 else { throw shortage }
            position += step
            recordRest -= step
            taken += step
            rest -= step
        }
    }

    /// A record's header: type 22, version 3.x, a length of 1 to 16,384 (RFC 8446 §5.1).
    private mutating func beginRecord(_ bytes: Span<UInt8>) throws(Stop) {
        guard position < bytes.count else { throw .needsMore(atLeast: position + 1) }
        guard bytes[position] == 22 else { throw .fault(.record) }
        guard position + 1 < bytes.count else { throw .needsMore(atLeast: position + 2) }
        guard bytes[position + 1] == 3 else { throw .fault(.record) }
        guard position + 5 <= bytes.count else { throw .needsMore(atLeast: position + 5) }
        let length = Int(bytes[position + 3]) << 8 | Int(bytes[position + 4])
        guard (1...16_384).contains(length) else { throw .fault(.record) }
        recordRest = length
        position += 5
    }
}

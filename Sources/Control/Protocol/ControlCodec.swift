internal import FoundationEssentials

/// Why bytes from a control socket are not a message.
public enum ControlProtocolError: Error, Hashable, CustomStringConvertible {
    /// A line is longer than the limit, in bytes.
    case tooLong(limit: Int)
    /// A line is not the JSON of a message; why.
    case notAMessage(String)

    /// What is wrong, and what would be right.
    public var description: String {
        switch self {
        case .tooLong(let limit): "the message is longer than \(limit) bytes"
        case .notAMessage(let reason):
            "not a control message: \(reason); a message is one line of JSON such as "
                + "{\"command\":\"status\"}"
        }
    }
}

/// Turns requests and answers into lines of JSON.
public enum ControlCodec {
    /// The longest request, 64 KiB.
    public static let requestLimit = 65_536
    /// The longest answer, 64 MiB: a node with tens of thousands of servers.
    public static let responseLimit = 67_108_864

    /// The bytes of a request, with the line end.
    ///
    /// - Parameter request: What to ask.
    /// - Returns: One line of UTF-8.
    public static func encode(_ request: ControlRequest) -> [UInt8] { line(request) }

    /// The bytes of an answer, with the line end.
    ///
    /// - Parameter response: What to answer.
    /// - Returns: One line of UTF-8.
    public static func encode(_ response: ControlResponse) -> [UInt8] { line(response) }

    /// Reads an answer that has come whole.
    ///
    /// - Parameter pieces: The line of the answer, in pieces.
    /// - Returns: The answer; `nil` where it is none.
    public static func response(_ pieces: [[UInt8]]) -> ControlResponse? {
        var decoder = ControlDecoder<ControlResponse>()
        for piece in pieces { decoder.append(piece) }
        return try? decoder.next()
    }

    /// The proxies of a status as JSON, for ``encode(_:proxies:)``.
    ///
    /// - Parameter proxies: The proxies.
    /// - Returns: UTF-8 without a line end.
    public static func encode(proxies: [ProxyStatus]) -> [UInt8] { Array(line(proxies).dropLast()) }

    /// The line of a status whose proxies somebody else put into words.
    ///
    /// They are not read: whoever passes them on need not take the time that this takes with thousands
    /// of servers.
    ///
    /// - Parameters:
    ///   - status: The status without proxies.
    ///   - proxies: What ``encode(proxies:)`` returned, in pieces; empty: there are none.
    /// - Returns: One line of UTF-8, in pieces.
    public static func encode(_ status: NodeStatus, proxies: [[UInt8]]) -> [[UInt8]] {
        var status = status
        status.proxies = []
        let line = encode(.status(status))
        // In a string each quotation mark has a backslash before it, so this is no part of one.
        let place = Array(#","proxies":[]"#.utf8)
        guard !proxies.isEmpty, let start = line.firstRange(of: place)?.lowerBound else {
            return [line]
        }
        let end = start + place.count
        return [Array(line[..<(end - 2)])] + proxies + [Array(line[end...])]
    }

    private static func line(_ message: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for numbers that are not finite, and no message has any. JSON never
        // holds a bare line end, so the line end that follows is the only one.
        return ((try? encoder.encode(message)).map(Array.init) ?? []) + [ControlFrame.lineEnd]
    }
}

/// Finds messages in the bytes of a control socket, however they were cut on the way.
///
/// Bounded: holds one line of at most `limit` bytes and what the last ``append(_:)`` brought. After an error it gives nothing more, since
/// where the next message begins is not known; answer with the error and close.
public struct ControlDecoder<Message: Decodable & Sendable>: Sendable {
    private let limit: Int
    private var pending: [UInt8] = []
    /// Where the line begins that is read next; what is before it has been given out.
    private var lineStart = 0
    /// Where to go on looking for its end.
    private var searched = 0
    private var failure: ControlProtocolError?

    fileprivate init(limit: Int, side: Void) { self.limit = limit }

    /// Takes in bytes as they came.
    ///
    /// - Parameter bytes: Any number of bytes of the stream.
    /// - Complexity: Linear in the number of bytes.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        guard failure == nil else { return }
        pending.append(contentsOf: bytes)
    }

    /// The next message, or `nil` when more bytes are needed.
    ///
    /// Call it until it gives `nil` after each ``append(_:)``. Empty lines are skipped.
    ///
    /// - Returns: The next message, or `nil`.
    /// - Throws: ``ControlProtocolError/tooLong(limit:)`` as soon as a line exceeds the limit,
    ///   ``ControlProtocolError/notAMessage(_:)`` for a line that is not a message; the same again
    ///   on every later call.
    public mutating func next() throws(ControlProtocolError) -> Message? {
        if let failure { throw failure }
        do {
            while let line = try takeLine() {
                if line.allSatisfy({ $0 == ControlFrame.carriageReturn }) { continue }
                return try Self.decode(line)
            }
            return nil
        } catch {
            failure = error
            pending = []
            lineStart = 0
            searched = 0
            throw error
        }
    }

    private mutating func takeLine() throws(ControlProtocolError) -> ArraySlice<UInt8>? {
        guard let end = pending[searched...].firstIndex(of: ControlFrame.lineEnd) else {
            // Once per append and not per line, or a flood of short lines would cost its square.
            pending.removeSubrange(..<lineStart)
            lineStart = 0
            searched = pending.count
            guard pending.count <= limit else { throw .tooLong(limit: limit) }
            return nil
        }
        guard end - lineStart <= limit else { throw .tooLong(limit: limit) }
        defer {
            lineStart = end + 1
            searched = lineStart
        }
        return pending[lineStart..<end]
    }

    private static func decode(_ line: ArraySlice<UInt8>) throws(ControlProtocolError) -> Message {
        do {
            return try JSONDecoder().decode(Message.self, from: Data(line))
        } catch let error as DecodingError {
            throw .notAMessage(reason(of: error))
        } catch {
            throw .notAMessage("\(error)")
        }
    }

    private static func reason(of error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context): context.debugDescription
        case .keyNotFound(let key, _): "the field \"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "the field \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" "
                + "is of the wrong kind"
        @unknown default: "\(error)"
        }
    }
}

extension ControlDecoder<ControlRequest> {
    /// Makes a decoder for the side that is asked.
    ///
    /// - Parameter limit: The longest line, in bytes without its end.
    public init(limit: Int = ControlCodec.requestLimit) { self.init(limit: limit, side: ()) }
}

extension ControlDecoder<ControlResponse> {
    /// Makes a decoder for the side that asks.
    ///
    /// - Parameter limit: The longest line, in bytes without its end.
    public init(limit: Int = ControlCodec.responseLimit) { self.init(limit: limit, side: ()) }
}

private enum ControlFrame {
    static let lineEnd = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
}

#if Probes
public import Expressions

/// What is looked for in the bytes that a server sent.
public enum BytePattern: Sendable, CustomStringConvertible {
    /// These characters in UTF-8, anywhere.
    case text(String)
    /// These bytes, anywhere.
    case bytes([UInt8])
    /// A regular expression over the bytes.
    case expression(RegularExpression)
    /// A regular expression over the bytes as hexadecimal digits in upper case (haproxy's
    /// `rbinary`).
    case hexExpression(RegularExpression)

    /// The pattern, as a report names it.
    public var description: String {
        switch self {
        case .text(let text): "string '\(text)'"
        case .bytes(let bytes): "binary '\(Self.hex(bytes))'"
        case .expression(let expression): "rstring '\(expression)'"
        case .hexExpression(let expression): "rbinary '\(expression)'"
        }
    }

    /// Bytes that must be there before a comparison can say no; `nil` for expressions.
    var length: Int? {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        case .expression, .hexExpression: nil
        }
    }

    func search(in bytes: some Collection<UInt8>) -> Search {
        switch self {
        case .text(let text): return .found(Self.contains(bytes, Array(text.utf8)))
        case .bytes(let wanted): return .found(Self.contains(bytes, wanted))
        case .expression(let expression):
            let bytes = Array(bytes)
            return .needsThread { expression.isFound(in: bytes, unless: $0) }
        case .hexExpression(let expression):
            let digits = Array(Self.hex(bytes).utf8)
            return .needsThread { expression.isFound(in: digits, unless: $0) }
        }
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        var digits: [UInt8] = []
        let alphabet = Array("0123456789ABCDEF".utf8)
        for byte in bytes { digits += [alphabet[Int(byte >> 4)], alphabet[Int(byte & 15)]] }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func contains(_ bytes: some Collection<UInt8>, _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first else { return true }
        let haystack = Array(bytes)
        guard haystack.count >= wanted.count else { return false }
        return (0...haystack.count - wanted.count).contains { start in
            haystack[start] == first
                && haystack[start..<start + wanted.count].elementsEqual(wanted)
        }
    }
}

/// Whether something is found, or the work that finds it out, for another thread.
enum Search: Sendable {
    /// What reports call it.
    static let words = "search by regular expressions"

    /// Looks; ends with `nil` once it is told that nobody wants to know any more.
    typealias Work = @Sendable (_ isUnwanted: () -> Bool) -> Bool?

    case found(Bool)
    case needsThread(Work)
}
#endif

#if Probes
import NIOCore

/// One message of PostgreSQL's protocol 3.0: a letter, a length that counts itself, a body.
struct PostgreSQLMessage {
    let kind: Character
    let body: [UInt8]

    struct Malformed: Error {
        let reason: String
    }

    /// Takes one message off the front; `nil` where none is complete.
    static func read(from input: inout ByteBuffer) throws(Malformed) -> PostgreSQLMessage? {
        let start = input.readerIndex
        guard let letter: UInt8 = input.getInteger(at: start) else { return nil }
        guard "RESZDKNCTAIv".utf8.contains(letter) else {
            throw Malformed(reason: "begins with byte \(letter)")
        }
        guard let length: UInt32 = input.getInteger(at: start + 1) else { return nil }
        guard (4..<UInt32(DialogueHandler.inputLimit)).contains(length) else {
            throw Malformed(reason: "a message of \(length) bytes")
        }
        guard input.readableBytes > Int(length) else { return nil }
        input.moveReaderIndex(forwardBy: 5)
        let body = input.readBytes(length: Int(length) - 4) ?? []
        return PostgreSQLMessage(kind: Character(Unicode.Scalar(letter)), body: body)
    }

    static func bytes(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
        Array(String(kind).utf8) + length(body.count) + body
    }

    static func length(_ bodyLength: Int) -> [UInt8] {
        let length = UInt32(truncatingIfNeeded: bodyLength + 4)
        return (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }

    /// The request of a message `R`; `nil` where it is cut short.
    var authentication: UInt32? {
        guard body.count >= 4 else { return nil }
        return body.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// `FATAL 28P01: password authentication failed for user "x"`.
    var errorText: String {
        var fields: [Character: String] = [:]
        for field in body.split(separator: 0) {
            guard let letter = field.first else { continue }
            fields[Character(Unicode.Scalar(letter))] =
                String(decoding: field.dropFirst(), as: UTF8.self)
        }
        return "\(fields["S"] ?? "error") \(fields["C"] ?? ""): \(fields["M"] ?? "")"
    }
}
#endif

#if Probes
import NIOCore

/// One packet of MySQL's protocol: 3 bytes of length, low first, a number, a body.
struct MySQLPacket {
    let number: UInt8
    let body: [UInt8]

    enum Reading {
        case incomplete
        case tooLong(Int)
        case packet(MySQLPacket)
    }

    static func read(from input: inout ByteBuffer) -> Reading {
        guard let header = input.getBytes(at: input.readerIndex, length: 4) else {
            return .incomplete
        }
        let length = Int(header[0]) | Int(header[1]) << 8 | Int(header[2]) << 16
        guard (1..<DialogueHandler.inputLimit - 4).contains(length) else {
            return .tooLong(length)
        }
        guard input.readableBytes >= length + 4 else { return .incomplete }
        input.moveReaderIndex(forwardBy: 4)
        let body = input.readBytes(length: length) ?? []
        return .packet(MySQLPacket(number: header[3], body: body))
    }

    static func query(_ text: String) -> [UInt8] {
        ([0x03] + Array(text.utf8)).framed(number: 0)
    }

    /// `1045: Access denied for user …`: a number of 2 bytes after the mark, a state of 5 after
    /// `#`, the text.
    var errorText: String {
        guard body.count >= 3 else { return "error" }
        var text = body.dropFirst(3)
        if text.first == UInt8(ascii: "#") { text = text.dropFirst(6) }
        let number = Int(body[1]) | Int(body[2]) << 8
        return "\(number): \(String(decoding: text, as: UTF8.self))"
    }
}

extension [UInt8] {
    func framed(number: UInt8) -> [UInt8] {
        [
            UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: count >> 8),
            UInt8(truncatingIfNeeded: count >> 16), number,
        ] + self
    }
}

/// The server's first packet, version 10.
struct MySQLGreeting {
    let version: String
    let challenge: [UInt8]
    /// How accounts log in unless they say otherwise; `nil`: in a way that is not known here.
    let method: MySQLMethod?

    /// Reads a greeting; `nil` where it is none.
    init?(_ body: [UInt8]) {
        guard body.first == 10, let end = body.firstIndex(of: 0) else { return nil }
        version = String(decoding: body[1..<end], as: UTF8.self)
        // Thread 4, challenge 8, a zero, capabilities 2, set 1, status 2, capabilities 2,
        // length 1, reserved 10, the rest of the challenge: 12 and a zero, the method's name.
        let rest = Array(body[(end + 1)...])
        guard rest.count >= 31 + 12 else { return nil }
        challenge = Array(rest[4..<12] + rest[31..<43])
        let name = rest.dropFirst(44).prefix { $0 != 0 }
        method = MySQLMethod(rawValue: String(decoding: name, as: UTF8.self))
    }

    /// HandshakeResponse41, with the capabilities LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41,
    /// SECURE_CONNECTION and PLUGIN_AUTH.
    func response(_ login: SQLLogin, by method: MySQLMethod) -> [UInt8] {
        let capabilities: UInt32 =
            0x0000_0001 | 0x0000_0200 | 0x0000_8000 | 0x0008_0000
            | (login.database == nil ? 0 : 0x0000_0008)
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: capabilities >> (8 * $0)) }
        bytes += [0, 0, 0, 1, 33] + [UInt8](repeating: 0, count: 23)
        bytes += Array(login.user.utf8) + [0]
        let proof = method.proof(login.password, challenge: challenge)
        bytes += [UInt8(proof.count)] + proof
        if let database = login.database { bytes += Array(database.utf8) + [0] }
        return bytes + Array(method.rawValue.utf8) + [0]
    }
}
#endif

internal import LinuxIO

/// How a connection's identifier is made (`unique-id-format`).
public struct IdentifierFormat: Hashable, Sendable {
    /// A piece of it; a number or an address in hexadecimal digits, or not.
    public enum Piece: Hashable, Sendable {
        /// These bytes.
        case text([UInt8])
        /// The address of one end of the client's connection.
        case address(ConnectionKey.End, isHexadecimal: Bool = false)
        /// Its port.
        case port(ConnectionKey.End, isHexadecimal: Bool = false)
        /// When the connection was accepted, in seconds since 1970.
        case timestamp(isHexadecimal: Bool = false)
        /// The milliseconds of that second.
        case milliseconds(isHexadecimal: Bool = false)
        /// The connection's number in the process, from 0.
        case requestNumber(isHexadecimal: Bool = false)
        /// The number of the process.
        case processID(isHexadecimal: Bool = false)
        /// A random number of 128 bits, as RFC 9562 §5.4 writes it.
        case uuid
    }

    /// The pieces.
    public var pieces: [Piece]

    /// Makes a form.
    public init(_ pieces: [Piece]) { self.pieces = pieces }

    /// What is asked of a connection.
    struct Facts {
        var source: IPEndpoint
        var destination: IPEndpoint
        /// Microseconds since 1970.
        var acceptedAt: Int64
        var requestNumber: UInt32
    }

    /// Whether it needs the connection's number.
    var tellsRequestNumber: Bool {
        pieces.contains { if case .requestNumber = $0 { true } else { false } }
    }

    /// Whether it needs where the client connected to.
    var tellsDestination: Bool {
        pieces.contains { piece in
            switch piece {
            case .address(.destination, _), .port(.destination, _): true
            default: false
            }
        }
    }

    /// Makes an identifier, of ``KeptTexts/longestIdentifier`` bytes at most; allocates nothing.
    func text(_ facts: Facts) -> ShortText {
        var text = ShortText()
        for piece in pieces {
            switch piece {
            case .text(let bytes): text.append(bytes.span)
            case .uuid: text.append(UUIDText.random())
            default: ByteWriter.withShort({ write(piece, facts, to: &$0) }, { text.append($0) })
            }
        }
        return text.prefix(KeptTexts.longestIdentifier)
    }

    /// Writes an address or a number; haproxy's forms (src/log.c).
    private func write(_ piece: Piece, _ facts: Facts, to output: inout ByteWriter) {
        switch piece {
        case .text, .uuid: break
        case .address(let end, let isHexadecimal):
            let end = end == .source ? facts.source : facts.destination
            guard end.isPresent else { return }
            isHexadecimal ? output.append(digitsOf: end) : output.append(addressOf: end)
        case .port(let end, let isHexadecimal):
            let end = end == .source ? facts.source : facts.destination
            guard end.isPresent else { return }
            output.append(Int(end.port), inDigits: isHexadecimal ? 4 : nil)
        case .timestamp(let isHexadecimal):
            output.append(
                Int(facts.acceptedAt / 1_000_000), inDigits: isHexadecimal ? 4 : nil)
        case .milliseconds(let isHexadecimal):
            let milliseconds = Int(facts.acceptedAt / 1000 % 1000)
            if !isHexadecimal {
                if milliseconds < 100 { output.append("0") }
                if milliseconds < 10 { output.append("0") }
            }
            output.append(milliseconds, inDigits: isHexadecimal ? 2 : nil)
        case .requestNumber(let isHexadecimal):
            output.append(Int(facts.requestNumber), inDigits: isHexadecimal ? 4 : nil)
        case .processID(let isHexadecimal):
            output.append(Int(SystemLimits.processID), inDigits: isHexadecimal ? 4 : nil)
        }
    }
}

/// A random identifier as text.
enum UUIDText {
    /// Draws one; RFC 9562 §5.4.
    static func random() -> ShortText {
        let high = UInt64.random(in: 0 ... .max) & ~0xf000 | 0x4000
        let low = UInt64.random(in: 0 ... .max) >> 2 | 1 << 63
        var text = ShortText()
        for place in 0..<32 {
            switch place {
            case 8, 12, 16, 20: _ = text.append(UInt8(ascii: "-"))
            default: break
            }
            let half = place < 16 ? high : low
            let digit = UInt8(half >> UInt64(60 - place % 16 * 4) & 15)
            _ = text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return text
    }
}

extension ByteWriter {
    /// A number, decimal, or in at least so many hexadecimal digits.
    fileprivate mutating func append(_ number: Int, inDigits least: Int?) {
        guard let least else { return append(decimal: number) }
        append(digits: UInt64(truncatingIfNeeded: number), least: least)
    }

    /// An address, 8 or 32 digits.
    fileprivate mutating func append(digitsOf end: IPEndpoint) {
        guard !end.isIPv4 else { return append(digits: UInt64(end.ipv4), least: 8) }
        append(digits: end.high, least: 16)
        append(digits: end.low, least: 16)
    }

    private mutating func append(digits number: UInt64, least: Int) {
        var shift = 60
        while shift >= 4 * least, number >> UInt64(shift) == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(number >> UInt64(shift) & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
            shift -= 4
        }
    }
}

extension ShortText {
    /// Adds bytes, as many as there is room for.
    mutating func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices { _ = append(bytes[index]) }
    }

    /// Adds another text, likewise.
    fileprivate mutating func append(_ text: ShortText) {
        for index in 0..<text.count { _ = append(text[index]) }
    }

    /// The first bytes.
    func prefix(_ most: Int) -> ShortText {
        guard count > most else { return self }
        var text = ShortText()
        for index in 0..<most { _ = text.append(self[index]) }
        return text
    }
}

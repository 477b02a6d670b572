/// A name of DNS, in the form that it has on the wire; case plays no part.
///
/// RFC 1035 §3.1, §2.3.4.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    /// Labels, each after its length, with the root's 0 at the end; letters in lower case.
    let bytes: [UInt8]

    /// Reads a name.
    ///
    /// - Parameter text: The name with or without a dot at its end; `.` is the root.
    /// - Throws: ``ProbeSettingsError/notADomainName(_:)`` where a label is empty or over 63 bytes,
    ///   or all over 255.
    public init(_ text: String) throws(ProbeSettingsError) {
        var bytes: [UInt8] = []
        let trimmed = text.hasSuffix(".") ? text.dropLast() : text[...]
        guard !text.isEmpty else { throw .notADomainName(text) }
        if !trimmed.isEmpty {
            for label in trimmed.split(separator: ".", omittingEmptySubsequences: false) {
                guard (1...63).contains(label.utf8.count) else { throw .notADomainName(text) }
                bytes += [UInt8(label.utf8.count)] + label.utf8.map(Self.lowercased)
            }
        }
        guard bytes.count < 255 else { throw .notADomainName(text) }
        self.bytes = bytes + [0]
    }

    /// Reads a name off a message.
    ///
    /// Pointers may only go back, so that they come to an end, and at most 128 are followed: no name
    /// has more labels, and each record of a message may begin with such a walk.
    ///
    /// - Parameters:
    ///   - message: The message.
    ///   - offset: Where the name begins; afterwards, where what follows it begins.
    init?(_ message: [UInt8], at offset: inout Int) {
        var bytes: [UInt8] = []
        var (place, lowest, hopCount) = (offset, offset, 0)
        var end: Int?
        while true {
            guard place < message.count else { return nil }
            let length = Int(message[place])
            switch length >> 6 {
            case 0 where length == 0:
                offset = end ?? place + 1
                self.bytes = bytes + [0]
                return
            case 0:
                guard place + length < message.count, bytes.count + length + 1 < 255 else {
                    return nil
                }
                bytes.append(UInt8(length))
                bytes += message[(place + 1)...(place + length)].map(Self.lowercased)
                place += length + 1
            case 3:
                guard place + 1 < message.count else { return nil }
                end = end ?? place + 2
                place = (length & 63) << 8 | Int(message[place + 1])
                hopCount += 1
                guard place < lowest, hopCount <= Self.mostHops else { return nil }
                lowest = place
            default: return nil
            }
        }
    }

    /// The name with dots between its labels; what is not printable as `\DDD`.
    public var description: String {
        var text = ""
        var rest = bytes[...]
        while let length = rest.first, length > 0 {
            for byte in rest.dropFirst().prefix(Int(length)) {
                let isPlain = (0x21...0x7E).contains(byte) && byte != 0x2E && byte != 0x5C
                text +=
                    isPlain
                    ? String(Unicode.Scalar(byte)) : "\\\(byte / 100)\(byte / 10 % 10)\(byte % 10)"
            }
            rest = rest.dropFirst(Int(length) + 1)
            text += "."
        }
        return text.isEmpty ? "." : String(text.dropLast())
    }

    private static let mostHops = 128

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}

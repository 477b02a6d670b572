/// Certificates and keys as text: RFC 7468, sections 5, 10 and 11.
enum PEMText {
    /// What there is of a private key.
    enum Key { case none, broken, encrypted, whole }

    /// The first private key among bytes; looks at the form alone, as ``holdsCertificates(_:)`` does.
    static func key(in bytes: [UInt8]) -> Key {
        var block: [UInt8]?
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let text = String(decoding: line, as: UTF8.self)
            let isMark = text.hasSuffix("PRIVATE KEY-----")
            if isMark, text.hasPrefix("-----BEGIN ") {
                guard block == nil else { return .broken }
                guard !text.hasPrefix("-----BEGIN ENCRYPTED ") else { return .encrypted }
                block = []
            } else if let whole = block {
                if isMark { return isSequence(whole) ? .whole : .broken }
                // RFC 1421, section 4.6.1.1, which older keys still follow.
                if text.hasPrefix("Proc-Type:"), text.hasSuffix("ENCRYPTED") { return .encrypted }
                guard let decoded = decode(line) else { return .broken }
                block? += decoded
            }
        }
        return block == nil ? .none : .broken
    }

    /// Whether bytes hold certificates, at least one, each whole.
    ///
    /// Looks at the form alone: base 64 of as many bytes as the certificate says that it has.
    static func holdsCertificates(_ bytes: [UInt8]) -> Bool {
        var block: [UInt8]?
        var count = 0
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            if line.elementsEqual("-----BEGIN CERTIFICATE-----".utf8) {
                guard block == nil else { return false }
                block = []
            } else if line.elementsEqual("-----END CERTIFICATE-----".utf8) {
                guard let whole = block, isSequence(whole) else { return false }
                block = nil
                count += 1
            } else if block != nil {
                guard let decoded = decode(line) else { return false }
                block? += decoded
            }
        }
        return block == nil && count > 0
    }

    /// A DER sequence whose length is that of what there is.
    private static func isSequence(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 2, bytes[0] == 0x30 else { return false }
        let size = bytes[1] & 0x80 == 0 ? 0 : Int(bytes[1] & 0x7F)
        guard size <= 4, bytes.count >= 2 + size else { return false }
        let length =
            size == 0 ? Int(bytes[1]) : bytes[2..<2 + size].reduce(0) { $0 << 8 | Int($1) }
        return bytes.count == 2 + size + length
    }

    /// One line of base 64, in whole groups of four, as all lines of a block but the last are.
    static func decode(_ line: ArraySlice<UInt8>) -> [UInt8]? {
        let line = line.filter { $0 != 0x20 && $0 != 0x09 }
        let digits = line.prefix { $0 != UInt8(ascii: "=") }
        guard line.count.isMultiple(of: 4), line.count - digits.count <= 2 else { return nil }
        var bytes: [UInt8] = []
        var (bits, width) = (0, 0)
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            bits = bits << 6 | value
            width += 6
            guard width >= 8 else { continue }
            width -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> width))
        }
        return bytes
    }

    private static func value(of digit: UInt8) -> Int? {
        switch digit {
        case 0x41...0x5A: Int(digit) - 0x41
        case 0x61...0x7A: Int(digit) - 0x61 + 26
        case 0x30...0x39: Int(digit) - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

internal import LinuxIO

/// Addresses as text in bytes that came from a network; nothing is allocated.
enum AddressText {
    /// A decimal number without a sign and without a needless zero in front.
    static func decimal(_ text: Span<UInt8>, upTo most: UInt32) -> UInt16? {
        guard (1...5).contains(text.count), text.count == 1 || text[0] != zero else { return nil }
        var number: UInt32 = 0
        for index in 0..<text.count {
            guard case zero...zero + 9 = text[index] else { return nil }
            number = number * 10 + UInt32(text[index] - zero)
        }
        return number <= most ? UInt16(number) : nil
    }

    /// Four decimal numbers with dots between them; the port is 0.
    static func ipv4(_ text: Span<UInt8>) -> IPEndpoint? {
        var bits: UInt32 = 0
        var start = 0
        for part in 0..<4 {
            var stop = start
            while stop < text.count, text[stop] != UInt8(ascii: ".") { stop += 1 }
            guard let octet = decimal(text.extracting(start..<stop), upTo: 255) else { return nil }
            bits = bits << 8 | UInt32(octet)
            // A dot follows each but the last.
            guard (stop < text.count) == (part < 3) else { return nil }
            start = min(stop + 1, text.count)
        }
        return IPEndpoint(ipv4: bits, port: 0)
    }

    /// The text of RFC 4291 §2.2 without a zone; the port is 0.
    static func ipv6(_ text: Span<UInt8>) -> IPEndpoint? {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var count = 0
        /// How many groups stand before `::`.
        var gap: Int?
        var position = 0
        if text.count >= 2, text[0] == colon {
            guard text[1] == colon else { return nil }
            gap = 0
            position = 2
        }
        while position < text.count {
            guard count < 8 else { return nil }
            var stop = position
            while stop < text.count, text[stop] != colon { stop += 1 }
            let part = text.extracting(position..<stop)
            if stop == text.count, count <= 6, let tail = ipv4(part) {
                groups[count] = UInt16(truncatingIfNeeded: tail.ipv4 >> 16)
                groups[count + 1] = UInt16(truncatingIfNeeded: tail.ipv4)
                count += 2
                position = stop
                break
            }
            guard let group = hexadecimal(part) else { return nil }
            groups[count] = group
            count += 1
            position = stop
            guard stop < text.count else { break }
            position += 1
            if position < text.count, text[position] == colon {
                guard gap == nil else { return nil }
                gap = count
                position += 1
            } else if position == text.count {
                return nil
            }
        }
        return endpoint(groups, count: count, gap: gap)
    }

    /// Puts zeros where `::` stood.
    private static func endpoint(
        _ groups: InlineArray<8, UInt16>, count: Int, gap: Int?
    ) -> IPEndpoint? {
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var bits: UInt128 = 0
        let zeros = 8 - count
        for place in 0..<8 {
            let group: UInt16
            if let gap, place >= gap {
                group = place < gap + zeros ? 0 : groups[place - zeros]
            } else {
                group = groups[place]
            }
            bits = bits << 16 | UInt128(group)
        }
        return IPEndpoint(
            high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits),
            port: 0)
    }

    private static func hexadecimal(_ text: Span<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var number: UInt16 = 0
        for index in 0..<text.count {
            let digit: UInt8
            switch text[index] {
            case zero...zero + 9: digit = text[index] - zero
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[index] - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[index] - UInt8(ascii: "A") + 10
            default: return nil
            }
            number = number << 4 | UInt16(digit)
        }
        return number
    }

    private static let zero = UInt8(ascii: "0")
    private static let colon = UInt8(ascii: ":")
}

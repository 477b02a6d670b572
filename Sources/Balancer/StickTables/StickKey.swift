internal import LinuxIO

/// What a table is asked by.
///
/// A view: bytes lie where they came from, such as a client's first message.
enum StickKey: ~Escapable {
    /// There is none.
    case none
    /// An address; its port does not matter.
    case address(IPEndpoint)
    case number(UInt32)
    /// A text, or any bytes.
    case bytes(Span<UInt8>)
}

/// A key in the form that a table keeps it in.
enum StoredKey: ~Escapable {
    /// An address, or a number.
    case words(high: UInt64, low: UInt64)
    /// A text, or bytes without the zeros at their end.
    case bytes(Span<UInt8>, hash: UInt64)
}

extension StickTablePlan.Keys {
    /// Bytes that a key takes beside its entry.
    var byteCount: Int {
        switch self {
        case .ipv4, .addresses, .numbers: 0
        case .text(let most), .bytes(let most): most
        }
    }

    /// Calls with a key as tables of this kind keep it: haproxy's conversions of samples.
    ///
    /// - Returns: What came of it; `nil`: it is no key of these.
    @inline(__always)
    func withStored<Result>(
        _ key: StickKey, _ body: (StoredKey) -> Result
    ) -> Result? {
        switch self {
        case .ipv4, .addresses, .numbers:
            guard let (high, low) = words(of: key) else { return nil }
            return body(.words(high: high, low: low))
        case .text(let most): return key.withText(of: most, body)
        case .bytes(let most): return key.withBytes(of: most, body)
        }
    }

    /// Whether a key is one of these.
    func hold(_ key: StickKey) -> Bool { withStored(key) { _ in true } ?? false }

    /// A key as an address or a number.
    @inline(__always)
    private func words(of key: StickKey) -> (high: UInt64, low: UInt64)? {
        let end: IPEndpoint
        switch key {
        case .address(let address): end = address
        case .number(let number): end = IPEndpoint(ipv4: number, port: 0)
        case .none, .bytes: return nil
        }
        switch self {
        case .addresses: return end.isPresent ? (end.high, end.low) : nil
        case .ipv4: return end.isIPv4 ? (end.high, end.low) : nil
        case .numbers: return end.isIPv4 ? (0, UInt64(end.ipv4)) : nil
        case .text, .bytes: return nil
        }
    }
}

extension StickKey {
    /// The key as a text, which ends at a NUL or where there is no more room.
    @inline(never)
    fileprivate func withText<Result>(
        of most: Int, _ body: (StoredKey) -> Result
    ) -> Result? {
        switch self {
        case .none: return nil
        case .bytes(let bytes):
            var count = 0
            while count < min(bytes.count, most), bytes[count] != 0 { count += 1 }
            let part = bytes.extracting(0..<count)
            return body(.bytes(part, hash: part.keyHash))
        case .address(let end):
            guard end.isPresent else { return nil }
            return withWritten(upTo: most, { $0.append(addressOf: end) }, body)
        case .number(let number):
            return withWritten(upTo: most, { $0.append(decimal: Int(number)) }, body)
        }
    }

    /// The key as bytes, as if it were filled up with zeros.
    @inline(never)
    fileprivate func withBytes<Result>(
        of most: Int, _ body: (StoredKey) -> Result
    ) -> Result? {
        switch self {
        case .none: return nil
        case .bytes(let bytes):
            let part = bytes.extracting(0..<bytes.lengthWithoutZeros(upTo: most))
            return body(.bytes(part, hash: part.keyHash))
        case .address(let end):
            guard end.isPresent else { return nil }
            return withWritten(upTo: most, { end.writeAddress(to: &$0) }, body)
        case .number(let number):
            return withWritten(upTo: most, { $0.append(bigEndian: UInt64(number)) }, body)
        }
    }

    /// Writes a short key and calls with it.
    private func withWritten<Result>(
        upTo most: Int, _ write: (inout ByteWriter) -> Void,
        _ body: (StoredKey) -> Result
    ) -> Result {
        ByteWriter.withShort(write) { text in
            let part = text.extracting(0..<text.lengthWithoutZeros(upTo: most))
            return body(.bytes(part, hash: part.keyHash))
        }
    }
}

extension Span<UInt8> {
    fileprivate func lengthWithoutZeros(upTo most: Int) -> Int {
        var length = Swift.min(count, most)
        while length > 0, self[length - 1] == 0 { length -= 1 }
        return length
    }

    /// One that clients, who choose their names, cannot foresee.
    fileprivate var keyHash: UInt64 {
        var hasher = Hasher()
        unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

/// A copy of a key that a table keeps.
struct KeptKey {
    private enum Form {
        case address(IPEndpoint)
        case number(UInt32)
        case bytes(InlineArray<1024, UInt8>, Int)
    }

    private let form: Form

    /// Copies a key of a table.
    ///
    /// - Parameters:
    ///   - keys: What the table's keys are.
    ///   - high: The first word of its entry.
    ///   - low: The second one: of a text, how many bytes it has.
    ///   - bytes: What stands beside the entry.
    init(_ keys: StickTablePlan.Keys, high: UInt64, low: UInt64, _ bytes: Span<UInt8>) {
        switch keys {
        case .ipv4, .addresses: form = .address(IPEndpoint(high: high, low: low, port: 0))
        case .numbers: form = .number(UInt32(truncatingIfNeeded: low))
        case .text, .bytes:
            var copy = InlineArray<1024, UInt8>(repeating: 0)
            for place in 0..<bytes.count { copy[place] = bytes[place] }
            form =
                if case .text = keys { .bytes(copy, Int(low)) } else { .bytes(copy, bytes.count) }
        }
    }

    /// Calls with the key; of `type binary`, with all bytes that the table keeps of each.
    func withKey<Result>(_ body: (StickKey) -> Result) -> Result {
        switch form {
        case .address(let end): body(.address(end))
        case .number(let number): body(.number(number))
        case .bytes(let bytes, let count): body(.bytes(bytes.span.extracting(0..<count)))
        }
    }
}

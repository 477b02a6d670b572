/// At most 255 bytes of text in place: what a client says is copied nowhere else.
public struct ShortText: Sendable {
    private var storage = InlineArray<255, UInt8>(repeating: 0)
    /// How many bytes it has.
    public private(set) var count = 0

    /// Makes an empty text.
    public init() {}

    /// Makes a text of bytes; `nil`: they are more than 255.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count <= 255 else { return nil }
        for index in bytes.indices { _ = append(bytes[index]) }
    }

    /// A byte by its position.
    public subscript(index: Int) -> UInt8 {
        precondition(index < count, "beyond the text")
        return storage[index]
    }

    /// Hands a part of the bytes on.
    func withBytes<Result>(in range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        body(storage.span.extracting(range))
    }

    /// Adds a byte at the end.
    ///
    /// - Returns: Whether there was room.
    public mutating func append(_ byte: UInt8) -> Bool {
        guard count < 255 else { return false }
        storage[count] = byte
        count += 1
        return true
    }
}

extension ShortText: Hashable {
    /// Whether both have the same bytes.
    public static func == (first: ShortText, second: ShortText) -> Bool {
        guard first.count == second.count else { return false }
        for index in 0..<first.count where first[index] != second[index] { return false }
        return true
    }

    /// Feeds the bytes.
    public func hash(into hasher: inout Hasher) {
        for index in 0..<count { hasher.combine(storage[index]) }
    }
}

extension ShortText: CustomStringConvertible {
    /// The bytes as text; what is not UTF-8 is replaced.
    public var description: String {
        var bytes: [UInt8] = []
        for index in 0..<count { bytes.append(storage[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

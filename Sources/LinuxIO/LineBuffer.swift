/// A line that is put together for a log, in room that is used again and again.
///
/// Of `String`s a line of a connection costs several times as much.
public struct LineBuffer: Sendable {
    /// What it holds, in UTF-8.
    public private(set) var bytes: [UInt8] = []

    /// Makes an empty line with room for most.
    public init() { bytes.reserveCapacity(512) }

    /// What it holds.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Forgets what it holds, and keeps the room.
    public mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// Adds text.
    public mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Adds what another one holds.
    public mutating func append(_ other: LineBuffer) { bytes.append(contentsOf: other.bytes) }

    /// Adds one octet.
    public mutating func append(byte: UInt8) { bytes.append(byte) }

    /// Adds a number in decimal digits.
    ///
    /// - Parameters:
    ///   - number: The number.
    ///   - width: How many digits there are at least, with zeros before them.
    public mutating func append(_ number: Int, width: Int = 1) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = number.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        while bytes.count - start < width { bytes.append(UInt8(ascii: "0")) }
        bytes[start...].reverse()
    }

    /// Leaves so many octets at most, and no part of a character at the end.
    public mutating func cut(to count: Int) {
        guard bytes.count > count else { return }
        var end = max(0, count)
        while end > 0, bytes[end] & 0b1100_0000 == 0b1000_0000 { end -= 1 }
        bytes.removeLast(bytes.count - end)
    }
}

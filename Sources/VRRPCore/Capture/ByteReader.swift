/// Reads numbers of a file in the byte order that the file is in; beyond its end there is nothing.
struct ByteReader {
    let bytes: [UInt8]
    /// Whether the least significant byte comes first.
    var isLittleEndian = true

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func number(at offset: Int, byteCount: Int) -> UInt32? {
        guard offset >= 0, offset <= bytes.count, bytes.count - offset >= byteCount else {
            return nil
        }
        let field = bytes[offset..<(offset + byteCount)]
        return isLittleEndian
            ? field.reversed().reduce(0) { $0 << 8 | UInt32($1) }
            : field.reduce(0) { $0 << 8 | UInt32($1) }
    }

    func word(at offset: Int) -> Int? { number(at: offset, byteCount: 2).map { Int($0) } }

    func doubleWord(at offset: Int) -> UInt32? { number(at: offset, byteCount: 4) }

    /// A length or count of 32 bits.
    func count(at offset: Int) -> Int? { doubleWord(at: offset).map { Int($0) } }

    func slice(at offset: Int, byteCount: Int) -> [UInt8]? {
        guard offset >= 0, byteCount >= 0, offset <= bytes.count,
            bytes.count - offset >= byteCount
        else { return nil }
        return Array(bytes[offset..<(offset + byteCount)])
    }
}

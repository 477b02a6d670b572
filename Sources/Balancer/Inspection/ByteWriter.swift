/// Writes bytes one after the other into memory that somebody else owns.
///
/// What goes beyond its end is a mistake of ours, and stops the program.
@safe public struct ByteWriter: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer
    /// How many bytes were written.
    public private(set) var count = 0

    /// Begins at the start of the memory.
    ///
    /// - Parameter memory: Outlives the writer.
    @unsafe
    public init(_ memory: UnsafeMutableRawBufferPointer) { unsafe self.memory = memory }

    /// Calls with the bytes that something short is written in: a number, or an address; 48 at most.
    static func withShort<Result>(
        _ write: (inout ByteWriter) -> Void, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        var memory = InlineArray<48, UInt8>(repeating: 0)
        var count = 0
        do {
            var room = memory.mutableSpan
            count = unsafe room.withUnsafeMutableBytes { memory in
                var writer = unsafe ByteWriter(memory)
                write(&writer)
                return writer.count
            }
        }
        return body(memory.span.extracting(0..<count))
    }

    /// Calls with the bytes that were written from a place on.
    func withWritten<Result>(from start: Int, _ body: (Span<UInt8>) -> Result) -> Result {
        let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<count])
        return body(unsafe part.bindMemory(to: UInt8.self).span)
    }

    /// Appends a byte.
    public mutating func append(_ byte: UInt8) {
        precondition(unsafe count < memory.count, "no room left")
        unsafe memory[count] = byte
        count += 1
    }

    /// Appends a text.
    public mutating func append(_ text: StaticString) {
        for index in 0..<text.utf8CodeUnitCount { append(unsafe text.utf8Start[index]) }
    }

    /// Appends a number, its highest byte first.
    public mutating func append<Number: FixedWidthInteger & UnsignedInteger>(
        bigEndian number: Number
    ) {
        count += MemoryLayout<Number>.size
        replace(at: count - MemoryLayout<Number>.size, bigEndian: number)
    }

    /// Writes a number over what was written before.
    mutating func replace<Number: FixedWidthInteger & UnsignedInteger>(
        at place: Int, bigEndian number: Number
    ) {
        let size = MemoryLayout<Number>.size
        precondition(unsafe place >= 0 && place + size <= memory.count, "no room left")
        for index in 0..<size {
            let byte = UInt8(truncatingIfNeeded: number >> Number(8 * (size - 1 - index)))
            unsafe memory[place + index] = byte
        }
    }
}

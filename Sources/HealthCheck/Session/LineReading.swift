#if Probes
import NIOCore

extension ByteBuffer {
    /// Takes one line off the front, without its end (LF or CR LF), or nothing where none is
    /// complete.
    mutating func readLine() -> String? {
        guard let end = readableBytesView.firstIndex(of: 0x0A) else { return nil }
        let length = end - readerIndex
        guard var line = readBytes(length: length + 1)?.dropLast() else { return nil }
        if line.last == 0x0D { line = line.dropLast() }
        return String(decoding: line, as: UTF8.self)
    }
}

extension String {
    /// Short and printable, for reports that quote what a server sent.
    var quoted: String {
        let kept = unicodeScalars.prefix(80).map { scalar -> String in
            scalar.value >= 0x20 && scalar.value != 0x7F ? String(scalar) : "?"
        }
        return "\"\(kept.joined())\(unicodeScalars.count > 80 ? "…" : "")\""
    }
}
#endif

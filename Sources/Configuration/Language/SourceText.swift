/// One line of a file, without its end.
struct SourceLine {
    /// Which of the files that are read together.
    var source = 0
    let number: Int
    let scalars: ArraySlice<Unicode.Scalar>
    /// The columns that the characters come from, where names were replaced; the comment is gone then.
    private(set) var columns: [Int]?

    init(source: Int = 0, number: Int, scalars: ArraySlice<Unicode.Scalar>) {
        self.source = source
        self.number = number
        self.scalars = scalars
    }

    func position(at index: Int) -> Position {
        let offset = index - scalars.startIndex
        guard let columns else { return position(column: offset + 1) }
        return position(
            column: offset < columns.count ? columns[offset] : (columns.last ?? 0) + 1)
    }

    func position(column: Int) -> Position {
        Position(source: source, line: number, column: column)
    }

    /// The line with another text, whose characters know where they come from.
    func expanded(to text: ExpandedText) -> SourceLine {
        var line = SourceLine(source: source, number: number, scalars: text.scalars[...])
        line.columns = text.columns
        return line
    }
}

/// A file's bytes as lines of Unicode scalars.
///
/// What a paste from a web page or another system leaves behind is levelled here, so that no reader
/// meets it: a no-break space (U+00A0) becomes a space, a byte order mark and the carriage return
/// of CRLF disappear. Columns stay those of the file.
struct SourceText {
    private var scalars: [Unicode.Scalar] = []
    private var ends: [Int] = []

    init(decoding bytes: [UInt8]) throws(Remark) {
        scalars.reserveCapacity(bytes.count)
        var position = Position.start
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: break decoding
            case .error:
                throw .error("this is not valid UTF-8; save the file as UTF-8", at: position)
            case .scalarValue("\u{0}"):
                throw .error("a zero byte: this is not a text file", at: position)
            case .scalarValue("\u{FEFF}") where scalars.isEmpty && ends.isEmpty: continue
            case .scalarValue("\n"):
                endLine()
                position = Position(line: position.line + 1, column: 0)
            case .scalarValue("\u{A0}"): scalars.append(" ")
            case .scalarValue(let scalar): scalars.append(scalar)
            }
            position.column += 1
        }
        ends.append(scalars.count)
    }

    private mutating func endLine() {
        let start = ends.last ?? 0
        if scalars.count > start, scalars.last == "\r" { scalars.removeLast() }
        ends.append(scalars.count)
    }

    /// The lines from the first to the last; the last one may be empty.
    var lines: some Sequence<SourceLine> {
        ends.indices.lazy.map { index in
            SourceLine(
                number: index + 1,
                scalars: scalars[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
        }
    }
}

extension Character {
    var isSpaceOrTab: Bool { self == " " || self == "\t" }
}

extension Substring {
    /// The text without spaces and tabs around it.
    var trimmingSpaces: Substring {
        let start = drop(while: \.isSpaceOrTab)
        return start.dropLast(start.reversed().prefix(while: \.isSpaceOrTab).count)
    }
}

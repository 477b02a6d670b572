/// Builds the tree of a language with blocks from its tokens; remembers what does not fit.
///
/// Files that a file includes are read in its place, also inside of a block.
struct BlockParser {
    /// No file has reason to nest deeper; keepalived's own blocks end at four.
    private static let depthLimit = 32

    private struct OpenBlock {
        let header: [Word]
        var block: Block
    }

    private var directives: [Directive] = []
    private var open: [OpenBlock] = []
    private var words: [Word] = []
    private var preprocessing: Preprocessing
    private var includes: KeepalivedIncludes
    private(set) var remarks: [Remark] = []
    private var unfilled: Set<Position> = []

    private init(_ preprocessing: Preprocessing, _ includes: KeepalivedIncludes) {
        self.preprocessing = preprocessing
        self.includes = includes
    }

    /// Reads a whole text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - preprocessing: What lines say about other lines; with what these say afterwards.
    ///   - includes: The files that were read, the text's the last; with those that it includes
    ///     afterwards.
    /// - Returns: The lines as a tree, and what is wrong with them.
    static func parse(
        _ text: SourceText, preprocessing: inout Preprocessing, includes: inout KeepalivedIncludes
    ) -> (lines: PlacedLines, remarks: [Remark]) {
        var parser = BlockParser(preprocessing, includes)
        defer { (preprocessing, includes) = (parser.preprocessing, parser.includes) }
        do throws(Remark) {
            try parser.read(text, source: 0)
        } catch {
            parser.remarks.append(error)
            return (parser.lines, parser.remarks)
        }
        for unclosed in parser.open {
            let name =
                unclosed.header.first.map { "the block of \($0.text.quoted)" } ?? "this block"
            parser.remarks.append(
                .error("\(name) is never closed; a '}' is missing", at: unclosed.block.opening))
        }
        while !parser.open.isEmpty { parser.close() }
        return (parser.lines, parser.remarks)
    }

    private var lines: PlacedLines {
        PlacedLines(directives: directives, files: includes.files, unfilled: unfilled)
    }

    /// Fails only where going on would make no sense.
    private mutating func read(_ text: SourceText, source: Int) throws(Remark) {
        let folder = preprocessing.folder
        preprocessing.folder = includes.folder(of: source)
        defer { preprocessing.folder = folder }
        for var line in text.lines {
            line.source = source
            var made: [SourceLine] = []
            do throws(Remark) { made = try preprocessing.take(line) } catch {
                remarks.append(error)
            }
            for line in made { try take(line) }
        }
        preprocessing.endFile()
    }

    private mutating func take(_ line: SourceLine) throws(Remark) {
        let plain = line.plainWords(limit: 1)
        if let first = plain.first, includes.knows(first) {
            endLine()
            return try include(line.plainWords())
        }
        var lexer = LineLexer(line, dialect: .keepalived)
        while open.count <= Self.depthLimit, let token = lexer.next() {
            switch token {
            case .word(let word): words.append(word)
            case .open(let position): begin(at: position)
            case .close(let position):
                endLine()
                if open.isEmpty {
                    remarks.append(.error("this '}' closes nothing", at: position))
                }
                close()
            }
        }
        remarks += lexer.remarks
        if lexer.isUnfilled { unfilled.insert(line.position(column: 0)) }
        endLine()
        if let deepest = open.last, open.count > Self.depthLimit {
            throw .error(
                "blocks are nested more than \(Self.depthLimit) deep", at: deepest.block.opening)
        }
    }

    private mutating func include(_ line: [Word]) throws(Remark) {
        for (source, text) in includes.open(line, &remarks) {
            includes.begin(source)
            try read(text, source: source)
            includes.close(source)
        }
    }

    /// A brace belongs to the words before it, on its own line or on the line before.
    private mutating func begin(at position: Position) {
        if words.isEmpty { words = takeHeaderOfLineBefore() }
        if words.isEmpty { remarks.append(.error("a block without a keyword", at: position)) }
        open.append(OpenBlock(header: words, block: Block(opening: position)))
        words = []
    }

    private mutating func endLine() {
        guard !words.isEmpty else { return }
        append(Directive(words: words))
        words = []
    }

    private mutating func close() {
        guard let last = open.popLast(), !last.header.isEmpty else { return }
        append(Directive(words: last.header, block: last.block))
    }

    private mutating func append(_ directive: Directive) {
        if open.isEmpty {
            directives.append(directive)
        } else {
            open[open.count - 1].block.directives.append(directive)
        }
    }

    private mutating func takeHeaderOfLineBefore() -> [Word] {
        if open.isEmpty {
            guard let last = directives.last, last.block == nil else { return [] }
            return directives.removeLast().words
        }
        let inner = open.count - 1
        guard let last = open[inner].block.directives.last, last.block == nil else { return [] }
        return open[inner].block.directives.removeLast().words
    }
}

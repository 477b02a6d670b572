/// The files in keepalived's language of one set.
///
/// `global_defs` and definitions count for all of them, wherever they stand.
struct KeepalivedFiles {
    private var readers: [(reader: KeepalivedReader, unfilled: Set<Position>)] = []
    private var globals = KeepalivedGlobals()
    private var preprocessing: Preprocessing
    private var names: Set<String> = []
    /// The first line that is for another node.
    private var leftOut: Location?
    /// Whether a file could not be read.
    private(set) var isIncomplete = false

    private let waits: Bool

    init(
        identity: String, environment: Environment, waits: Bool, defaultScriptUser: ScriptUser?
    ) {
        globals.defaultScriptUser = defaultScriptUser
        preprocessing = Preprocessing(identity: identity, environment: environment)
        self.waits = waits
    }

    /// Reads a file and those that it includes.
    ///
    /// - Parameters:
    ///   - text: What is in it.
    ///   - file: Its name.
    /// - Returns: Their lines, which are not taken in yet, and what is wrong with them.
    mutating func lines(
        of text: SourceText, file: String
    ) -> (lines: PlacedLines, diagnostics: [Diagnostic]) {
        var includes = KeepalivedIncludes(of: file, known: names, waits: waits)
        let (lines, remarks) = BlockParser.parse(
            text, preprocessing: &preprocessing, includes: &includes)
        names.insert(file)
        if leftOut == nil, let position = preprocessing.leftOut {
            leftOut = Location(file: includes.files[position.source], position: position)
        }
        isIncomplete = isIncomplete || includes.isIncomplete
        return (lines, remarks.map { $0.diagnostic(in: lines.files) })
    }

    /// Takes in the lines of a file and of those that it includes.
    ///
    /// - Returns: What there is to say about them.
    mutating func read(_ lines: PlacedLines) -> [Diagnostic] {
        let (reader, remarks) = KeepalivedReader.read(
            lines.directives, files: lines.files, globals: &globals)
        readers.append((reader, lines.unfilled))
        return remarks.outside(lines.unfilled).map { $0.diagnostic(in: lines.files) }
    }

    /// Gives what was read to the draft.
    ///
    /// - Parameter draft: Where it goes to.
    /// - Returns: What there is to say about it.
    func finish(into draft: inout Draft) -> [Diagnostic] {
        remarkOnLeftOut() + globals.finishPipes(into: &draft)
            + readers.flatMap { reader, unfilled in
                reader.finish(globals, into: &draft).outside(unfilled)
                    .map { $0.diagnostic(in: reader.files) }
            }
    }

    /// Lines for others are nothing to tell of, unless the node's name is no node's of these files.
    private func remarkOnLeftOut() -> [Diagnostic] {
        guard let leftOut, !preprocessing.isNamed else { return [] }
        let remark = Remark.warning(
            "this and all other lines with '@' are for other nodes and left out: this node is called"
                + " \(preprocessing.identity.quoted); -i NAME (--config-id) gives it another name",
            at: leftOut.position)
        return [remark.diagnostic(in: leftOut.file)]
    }
}

extension [Remark] {
    /// Those that are about other lines than these, column 0.
    fileprivate func outside(_ lines: Set<Position>) -> [Remark] {
        guard !lines.isEmpty else { return self }
        return filter { remark in
            var line = remark.position
            line.column = 0
            return !lines.contains(line)
        }
    }
}

/// The files in keepalived's language of one set.
///
/// `global_defs` and definitions count for all of them, wherever they stand.
struct KeepalivedFiles {
    private var readers: [KeepalivedReader] = []
    private var globals = KeepalivedGlobals()
    private var preprocessing: Preprocessing
    private var names: Set<String> = []
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
        let (directives, remarks) = BlockParser.parse(
            text, preprocessing: &preprocessing, includes: &includes)
        names = includes.known
        isIncomplete = isIncomplete || includes.isIncomplete
        return (
            PlacedLines(directives: directives, files: includes.files),
            remarks.map { $0.diagnostic(in: includes.files) }
        )
    }

    /// Takes in the lines of a file and of those that it includes.
    ///
    /// - Returns: What there is to say about them.
    mutating func read(_ lines: PlacedLines) -> [Diagnostic] {
        let (reader, remarks) = KeepalivedReader.read(
            lines.directives, files: lines.files, globals: &globals)
        readers.append(reader)
        return remarks.map { $0.diagnostic(in: lines.files) }
    }

    /// Gives what was read to the draft.
    ///
    /// - Parameter draft: Where it goes to.
    /// - Returns: What there is to say about it.
    func finish(into draft: inout Draft) -> [Diagnostic] {
        globals.finishPipes(into: &draft)
            + readers.flatMap { reader in
                reader.finish(globals, into: &draft).map { $0.diagnostic(in: reader.files) }
            }
    }
}

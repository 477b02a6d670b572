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

    init(identity: String, waits: Bool, defaultScriptUser: ScriptUser?) {
        globals.defaultScriptUser = defaultScriptUser
        preprocessing = Preprocessing(identity: identity)
        self.waits = waits
    }

    /// Reads a file and those that it includes.
    ///
    /// - Parameters:
    ///   - text: What is in it.
    ///   - file: Its name.
    /// - Returns: What there is to say about them.
    mutating func read(_ text: SourceText, file: String) -> [Diagnostic] {
        var includes = KeepalivedIncludes(of: file, known: names, waits: waits)
        let (directives, remarks) = BlockParser.parse(
            text, preprocessing: &preprocessing, includes: &includes)
        names = includes.known
        isIncomplete = isIncomplete || includes.isIncomplete
        let (reader, further) = KeepalivedReader.read(
            directives, files: includes.files, globals: &globals)
        readers.append(reader)
        return (remarks + further).map { $0.diagnostic(in: includes.files) }
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

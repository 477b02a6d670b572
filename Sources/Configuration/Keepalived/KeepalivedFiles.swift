/// The files in keepalived's language of one set, those that they include among them.
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

    init(identity: String, waits: Bool) {
        preprocessing = Preprocessing(identity: identity)
        self.waits = waits
    }

    /// Reads a file, then those that it includes.
    ///
    /// - Parameters:
    ///   - text: What is in it.
    ///   - file: Its name.
    /// - Returns: What there is to say about them.
    mutating func read(_ text: SourceText, file: String) -> [Diagnostic] {
        names.insert(file)
        let (reader, remarks) = KeepalivedReader.read(
            text, file: file, globals: &globals, preprocessing: &preprocessing)
        readers.append(reader)
        var diagnostics = remarks.map { $0.diagnostic(in: file) }
        for pattern in reader.includes {
            for path in KeepalivedIncludes.paths(of: pattern.text, from: file) {
                diagnostics += include(path, from: file, at: pattern.position)
            }
        }
        return diagnostics
    }

    private mutating func include(
        _ path: String, from file: String, at position: Position
    ) -> [Diagnostic] {
        guard names.insert(path).inserted else {
            let remark = Remark.error(
                "\(path.quoted) is read already: take one of the two includes out", at: position)
            return [remark.diagnostic(in: file)]
        }
        guard names.count <= KeepalivedIncludes.fileLimit else {
            let remark = Remark.error(
                "more than \(KeepalivedIncludes.fileLimit) files", at: position)
            return [remark.diagnostic(in: file)]
        }
        do throws(Diagnostic) {
            let input = try InputFile(reading: path, waits: waits)
            do throws(Remark) {
                return read(try SourceText(decoding: input.bytes), file: path)
            } catch {
                isIncomplete = true
                return [error.diagnostic(in: path)]
            }
        } catch {
            isIncomplete = true
            return [error]
        }
    }

    /// Gives what was read to the draft.
    ///
    /// - Parameter draft: Where it goes to.
    /// - Returns: What there is to say about it.
    func finish(into draft: inout Draft) -> [Diagnostic] {
        readers.flatMap { reader in
            reader.finish(globals, into: &draft).map { $0.diagnostic(in: reader.file) }
        }
    }
}

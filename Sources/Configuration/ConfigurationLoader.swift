/// Reads configuration files of any known language and merges them into one model.
///
/// ```swift
/// let loaded = ConfigurationLoader().load(paths: ["keepalived.conf", "haproxy.cfg"])
/// for diagnostic in loaded.diagnostics { print(diagnostic) }
/// guard let model = loaded.model else { exit(2) }
/// ```
public struct ConfigurationLoader: Hashable, Sendable {
    /// The language of every file; `nil`: recognised by what each file says.
    public var format: SourceFormat?
    /// Whether scripts that ask for a haproxy process are run as written, also where this program
    /// is the balancer.
    public var literalScripts = false

    /// The node's name that `@NAME` lines of keepalived's language ask for; `nil`: the host's name up
    /// to its first dot.
    public var identity: String?

    /// What names of environment variables stand for; `nil`: what they do in this process.
    public var environment: [String: String]?

    /// Who scripts run as that name nobody; `nil`: as this program does.
    public var defaultScriptUser = ScriptUser.keepalivedDefault

    /// Whether a pipe among the files is waited for; who has other work to do must not.
    public var waits = true

    /// No file tells more than this many things; a further one says that there are more.
    private static let diagnosticLimit = 100

    /// Makes a loader.
    public init(format: SourceFormat? = nil, literalScripts: Bool = false) {
        self.format = format
        self.literalScripts = literalScripts
    }

    /// Reads files from disk.
    ///
    /// - Parameter paths: The files in the order that the user named them.
    /// - Returns: The model, unless something is wrong, and what there is to say.
    public func load(paths: [String]) -> LoadedConfiguration { read(paths: paths).loaded }

    /// Reads files whose bytes are in memory.
    ///
    /// - Parameter files: The files in the order that the user named them.
    /// - Returns: The model, unless something is wrong, and what there is to say.
    public func load(_ files: [InputFile]) -> LoadedConfiguration { read(files).loaded }

    /// Reads files from disk, and keeps their lines.
    func read(paths: [String]) -> (loaded: LoadedConfiguration, sources: [SourceLines]) {
        var files: [InputFile] = []
        var failures: [Diagnostic] = []
        for path in paths {
            do throws(Diagnostic) {
                files.append(try InputFile(reading: path, waits: waits))
            } catch {
                failures.append(error)
            }
        }
        return read(files, order: paths, failures: failures)
    }

    /// Reads files whose bytes are in memory, and keeps their lines.
    func read(_ files: [InputFile]) -> (loaded: LoadedConfiguration, sources: [SourceLines]) {
        read(files, order: files.map(\.name), failures: [])
    }

    private func read(
        _ files: [InputFile], order: [String], failures: [Diagnostic]
    ) -> (loaded: LoadedConfiguration, sources: [SourceLines]) {
        var draft = Draft()
        draft.isComplete = failures.isEmpty
        var diagnostics = failures
        let environment = Environment(variables: environment)
        var ofHAProxy = HAProxyEnvironment(environment)
        var keepalived = KeepalivedFiles(
            identity: identity ?? KeepalivedIncludes.hostIdentity, environment: environment,
            waits: waits, defaultScriptUser: defaultScriptUser)
        var sources: [SourceLines] = []
        for file in files {
            let (lines, ofFile) = read(file, into: &draft, &keepalived, &ofHAProxy)
            sources.append(lines)
            diagnostics += ofFile
        }
        diagnostics += keepalived.finish(into: &draft)
        draft.isRight = !diagnostics.contains { $0.severity == .error }
        var assembler = ModelAssembler(draft, literalScripts: literalScripts)
        let model = assembler.assemble()
        diagnostics += assembler.diagnostics
        if let location = draft.zeroWarning {
            let count = diagnostics.count { $0.severity == .warning }
            if count > 0 {
                diagnostics.append(
                    Diagnostic(
                        .error, file: location.file, line: location.position.line,
                        column: location.position.column,
                        message: "'zero-warning' is asked for, and there \(count.warnings)"))
            }
        }
        let isUsable = !diagnostics.contains { $0.severity == .error }
        let loaded = LoadedConfiguration(
            model: isUsable ? model : nil, diagnostics: Self.sorted(diagnostics, order))
        return (loaded, sources)
    }

    private func read(
        _ file: InputFile, into draft: inout Draft, _ keepalived: inout KeepalivedFiles,
        _ environment: inout HAProxyEnvironment
    ) -> (lines: SourceLines, diagnostics: [Diagnostic]) {
        var lines = SourceLines(file: file.name)
        var diagnostics: [Diagnostic] = []
        var hasOwnDefaults = true
        do throws(Remark) {
            let text = try SourceText(decoding: file.bytes)
            guard text.lines.contains(where: \.saysSomething) else {
                throw .error("the file has no configuration in it", at: .start)
            }
            let language = format ?? SourceFormat.detect(text)
            hasOwnDefaults = language != .haproxy
            switch language {
            case .keepalived:
                (lines.keepalived, diagnostics) = keepalived.lines(of: text, file: file.name)
            case .haproxy:
                let (ofText, remarks) = HAProxyReader.lines(of: text, environment: &environment)
                lines.haproxy = ofText
                diagnostics = remarks.map { $0.diagnostic(in: file.name) }
            case .native:
                let (ofText, remarks) = NativeReader.read(text)
                if remarks.contains(where: { $0.severity == .error }) { draft.isComplete = false }
                lines.take(ofText)
                diagnostics = remarks.map { $0.diagnostic(in: file.name) }
            case nil:
                throw .error(
                    "neither keepalived's nor haproxy's language, nor YAML; --format names it",
                    at: .start)
            }
        } catch {
            draft.isComplete = false
            return (lines, [error.diagnostic(in: file.name)])
        }
        if let ofKeepalived = lines.keepalived { diagnostics += keepalived.read(ofKeepalived) }
        if keepalived.isIncomplete { draft.isComplete = false }
        if !lines.haproxy.isEmpty {
            diagnostics += HAProxyReader.read(
                lines.haproxy, file: file.name, hasOwnDefaults: hasOwnDefaults, into: &draft
            )
            .map { $0.diagnostic(in: file.name) }
        }
        return (lines, diagnostics)
    }

    /// By file in the user's order, then by place; one place tells the worst first.
    private static func sorted(_ diagnostics: [Diagnostic], _ order: [String]) -> [Diagnostic] {
        var rank: [String: Int] = [:]
        for (index, name) in order.enumerated() where rank[name] == nil { rank[name] = index }
        var byFile: [Int: [Diagnostic]] = [:]
        for diagnostic in diagnostics {
            byFile[rank[diagnostic.file] ?? order.count, default: []].append(diagnostic)
        }
        return byFile.sorted { $0.key < $1.key }.flatMap { _, ofFile in
            let sorted = ofFile.sorted {
                ($0.line, $0.column, $0.severity.rank, $0.message)
                    < ($1.line, $1.column, $1.severity.rank, $1.message)
            }
            return limited(sorted)
        }
    }

    private static func limited(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        guard let last = diagnostics.dropFirst(diagnosticLimit).first else { return diagnostics }
        let more = diagnostics.count - diagnosticLimit
        let isWrong = diagnostics.dropFirst(diagnosticLimit).contains { $0.severity == .error }
        return diagnostics.prefix(diagnosticLimit) + [
            Diagnostic(
                isWrong ? .error : .warning, file: last.file, line: last.line,
                column: last.column, message: "and \(more) more from here on")
        ]
    }
}

extension Int {
    /// `is 1 warning`, `are 2 warnings`.
    fileprivate var warnings: String { self == 1 ? "is 1 warning" : "are \(self) warnings" }
}

extension Diagnostic.Severity {
    fileprivate var rank: Int {
        switch self {
        case .error: 0
        case .warning: 1
        case .note: 2
        }
    }
}

extension SourceLine {
    /// Whether anything but space and a comment is on it; every language has comments after `#`.
    fileprivate var saysSomething: Bool {
        var lexer = LineLexer(self, dialect: .haproxy)
        return lexer.next() != nil
    }
}

/// What a set of files comes to.
public struct LoadedConfiguration: Hashable, Sendable {
    /// The model; `nil` where a diagnostic is an error.
    public private(set) var model: Model?
    /// What there is to say, in the order of the files and the places in them.
    public private(set) var diagnostics: [Diagnostic]

    /// Whether the configuration can't be used.
    public var hasErrors: Bool { model == nil }

    /// Adds what only its user could find.
    ///
    /// - Parameter diagnostic: What there is to say; no error.
    public mutating func remark(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

    /// Takes the model away, for a reason that only its user could find.
    ///
    /// - Parameter diagnostic: The reason.
    public mutating func refuse(_ diagnostic: Diagnostic) {
        model = nil
        diagnostics.append(diagnostic)
    }
}

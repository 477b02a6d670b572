/// What `global_defs` says about named pipes that are told of states.
struct KeepalivedPipes: Sendable {
    /// One of the two pipes, as far as it is written.
    fileprivate struct Pipe: Sendable {
        var path: Word?
        var owner: ScriptUser?
        var reader: KeepalivedProgram?
        /// Where the path, or else the reader, stands.
        var file = ""
    }

    /// By the keyword of its path: `notify_fifo`, `vrrp_notify_fifo`.
    fileprivate var pipes: [String: Pipe] = [:]

    /// The keywords.
    static func rules(
        _ field: Field<KeepalivedGlobals, KeepalivedPipes>
    ) -> [String: Rule<KeepalivedGlobals>] {
        var rules: [String: Rule<KeepalivedGlobals>] = [
            "fifo_write_vrrp_states_on_reload": .set(\.tellsStatesOnReload, to: true)
        ]
        for keyword in keywords {
            rules[keyword] = .line { globals, arguments throws(Remark) in
                let path = try arguments.absolutePath("the path of a named pipe")
                var pipe = globals[keyPath: field].pipes[keyword] ?? Pipe()
                pipe.path = path
                pipe.owner = try arguments.scriptUser()
                pipe.file = globals.files[path.position.source]
                globals[keyPath: field].pipes[keyword] = pipe
            }
            rules[keyword + "_script"] = .line { globals, arguments throws(Remark) in
                let word = arguments.upcoming ?? arguments.keyword
                let command = try arguments.command()
                var pipe = globals[keyPath: field].pipes[keyword] ?? Pipe()
                pipe.reader = KeepalivedProgram(
                    command: command, user: try arguments.scriptUser(), word: word)
                if pipe.path == nil { pipe.file = globals.files[word.position.source] }
                globals[keyPath: field].pipes[keyword] = pipe
            }
        }
        return rules
    }

    fileprivate static let keywords = ["notify_fifo", "vrrp_notify_fifo"]
}

extension KeepalivedGlobals {
    /// Gives the pipes to the draft.
    ///
    /// A pipe belongs to its reader's user, unless another is named: the reader has to open it.
    func finishPipes(into draft: inout Draft) -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for keyword in KeepalivedPipes.keywords {
            guard let pipe = pipes.pipes[keyword] else { continue }
            var remarks: [Remark] = []
            defer { diagnostics += remarks.map { $0.diagnostic(in: pipe.file) } }
            guard let path = pipe.path else {
                remarks.append(
                    .warning(
                        "'\(keyword)_script' without '\(keyword)': there is nothing to read",
                        at: pipe.reader?.word.position ?? .start))
                continue
            }
            guard !draft.global.notificationFIFOs.contains(where: { $0.path == path.text }) else {
                remarks.append(
                    .warning(
                        "\(keyword) \(path.text.quoted) is the pipe of notify_fifo, too: it gets"
                            + " each line once", at: path.position))
                continue
            }
            var finished = NotificationPipe(path: path.text)
            finished.reader = pipe.reader.flatMap {
                runnable($0, as: "\(keyword)_script", &remarks)
            }
            finished.owner = pipe.owner ?? pipe.reader.flatMap { user(of: $0) }
            draft.global.notificationFIFOs.append(finished)
        }
        draft.global.tellsStatesOnReload = tellsStatesOnReload
        return diagnostics
    }
}

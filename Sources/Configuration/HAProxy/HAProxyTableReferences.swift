/// What the rules of a section do with tables, and which tables they name.
struct HAProxyTableReferences: Sendable {
    private var trackings: [(settings: TrackingSettings, position: Position)] = []
    private var questions: [(question: CounterQuestion, position: Position)] = []
    private var marks: [(number: Int, position: Position)] = []

    /// Reads `track-sc0 KEY [table NAME]` or `sc-inc-gpc0(NUMBER)`, whose first word is given.
    mutating func action(
        _ word: Word, _ arguments: inout Arguments, in section: String
    ) throws(Remark) -> ConnectionRule.Action {
        let prefix = word.text.hasPrefix("track-sc") ? "track-sc" : "sc-inc-gpc0("
        let digits = word.text.dropFirst(prefix.count)
        let number = Int(prefix.hasSuffix("(") ? digits.dropLast() : digits)
        guard let number, (0..<TrackingSettings.count).contains(number),
            word.text == "\(prefix)\(number)" || word.text == "\(prefix)\(number))"
        else {
            throw .error(
                "\(word.text.quoted): the number must be 0 to \(TrackingSettings.count - 1), as in"
                    + " track-sc0 and sc-inc-gpc0(0)", at: word.position)
        }
        guard prefix == "track-sc" else {
            marks.append((number, word.position))
            return .countMark(number)
        }
        let key = try arguments.next("what is counted, such as src or req.ssl_sni")
            .connectionKey(after: word.text)
        var settings = TrackingSettings(number: number, key: key, tableName: section)
        if arguments.upcoming?.text == "table" {
            arguments.skip(1)
            settings.tableName = try arguments.next("the name of a table's section").text
        }
        trackings.append((settings, word.position))
        return .track(settings)
    }

    /// Takes a question down.
    mutating func note(_ question: CounterQuestion, at position: Position) {
        questions.append((question, position))
    }

    /// Warns of what is never so.
    func warnOfUntracked(_ remarks: inout [Remark]) {
        let known = Set(trackings.map(\.settings.number))
        for (question, position) in questions {
            guard case .tracked(let number) = question.subject, !known.contains(number) else {
                continue
            }
            remarks.append(
                .warning(
                    "nothing is known of what sc\(number) counts, because no 'tcp-request' of this"
                        + " section says 'track-sc\(number)'", at: position))
        }
        for (number, position) in marks where !known.contains(number) {
            remarks.append(
                .warning(
                    "'sc-inc-gpc0(\(number))' has no effect without 'track-sc\(number)' in this"
                        + " section", at: position))
        }
    }

    /// Takes down the tables, which are looked up once all are known.
    func note(in draft: inout Draft, file: String) {
        func add(_ reference: Draft.TableReference, _ position: Position) {
            draft.tableReferences.append(
                Placed(value: reference, location: Location(file: file, position: position)))
        }
        for (settings, position) in trackings {
            add(
                .init(
                    keyword: "track-sc\(settings.number)", tables: [settings.tableName],
                    key: settings.key), position)
        }
        for (question, position) in questions {
            let keyword = question.datum.rawValue
            switch (question.subject, question.tableName) {
            case (.source, let table):
                add(
                    .init(
                        keyword: "src_\(keyword)", tables: [table].compactMap(\.self), key: .source,
                        data: [question.datum]), position)
            case (.tracked(let number), let table?):
                add(
                    .init(
                        keyword: "sc\(number)_\(keyword)", tables: [table], data: [question.datum]),
                    position)
            case (.tracked(let number), nil):
                add(
                    .init(
                        keyword: "sc\(number)_\(keyword)", tables: tables(trackedBy: number),
                        data: [question.datum], isImplied: true), position)
            }
        }
        for (number, position) in marks {
            add(
                .init(
                    keyword: "sc-inc-gpc0(\(number))", tables: tables(trackedBy: number),
                    data: [.marks, .markRate], isImplied: true), position)
        }
    }

    private func tables(trackedBy number: Int) -> [String] {
        trackings.filter { $0.settings.number == number }.map(\.settings.tableName)
    }
}

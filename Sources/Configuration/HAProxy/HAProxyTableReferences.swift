/// What the rules of a section do with tables, and which tables they name.
struct HAProxyTableReferences: Sendable {
    private var trackings: [(settings: TrackingSettings, position: Position)] = []
    private var questions: [(question: CounterQuestion, position: Position)] = []
    /// What is counted or set of what is tracked under a number, and in which data.
    private var changes: [Change] = []

    private struct Change: Sendable {
        let name: String
        let number: Int
        let data: [StickDatum]
        let index: Int
        let position: Position
    }

    /// The actions that are about a tracking, without its number.
    static let actions = [
        "track-sc0", "sc-inc-gpc0", "sc-inc-gpc1", "sc-inc-gpc", "sc-add-gpc", "sc-set-gpt0",
        "sc-set-gpt",
    ]

    /// Whether a word, without its parentheses, is an action of these.
    static func isAction(_ name: String) -> Bool {
        name.hasPrefix("track-sc") || actions.contains(name)
    }

    /// Reads `track-sc0 KEY [table NAME]`, `sc-inc-gpc0(NUMBER)`, `sc-inc-gpc(INDEX,NUMBER)`,
    /// `sc-add-gpc(INDEX,NUMBER) COUNT`, `sc-set-gpt0(NUMBER) VALUE` or `sc-set-gpt(INDEX,NUMBER) VALUE`, whose first word is given.
    mutating func action(
        _ word: Word, _ arguments: inout Arguments, in section: String
    ) throws(Remark) -> ConnectionRule.Action {
        let name = String(word.text.prefix { $0 != "(" })
        guard name.hasPrefix("track-sc") else { return try change(name, word, &arguments) }
        let number = try Self.number(name.dropFirst("track-sc".count), of: word)
        let key = try arguments.nextSample("what is counted, such as src or req.ssl_sni")
            .connectionKey(after: word.text)
        var settings = TrackingSettings(number: number, key: key, tableName: section)
        if arguments.upcoming?.text == "table" {
            arguments.skip(1)
            settings.tableName = try arguments.next("the name of a table's section").text
        }
        trackings.append((settings, word.position))
        return .track(settings)
    }

    /// Reads the number of an action that changes what is tracked, and what it is set to.
    private mutating func change(
        _ name: String, _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> ConnectionRule.Action {
        let isOfArray = ["sc-inc-gpc", "sc-add-gpc", "sc-set-gpt"].contains(name)
        // As haproxy: without a number it is the first one.
        let argument = word.text == name && !isOfArray ? "(0)" : word.text.dropFirst(name.count)
        guard argument.hasSuffix(")") else { throw Self.wrongNumber(of: word) }
        var parts = argument.dropFirst().dropLast()
            .split(separator: ",", omittingEmptySubsequences: false)[...]
        var index: Int?
        if isOfArray { index = try parts.popFirst()?.arrayIndex(of: word) }
        guard parts.count == 1, let digits = parts.first else { throw Self.wrongNumber(of: word) }
        let number = try Self.number(digits, of: word)
        let (data, action): ([StickDatum], ConnectionRule.Action)
        if name.hasPrefix("sc-set-gpt") {
            let tag = try arguments.next("a number").integer(in: 0...Int(UInt32.max), of: name)
            data = [isOfArray ? .tags : .tag]
            action = .setTag(UInt32(tag), number, index: index)
        } else {
            let mark: StickDatum =
                isOfArray ? .markArray : name == "sc-inc-gpc0" ? .marks : .secondMarks
            let count =
                name == "sc-add-gpc"
                ? try arguments.next("a number").integer(in: 0...Int(UInt32.max), of: name) : 1
            data = mark.increased
            action = .countMark(mark, number, index: index ?? 0, count: UInt32(count))
        }
        changes.append(
            Change(
                name: "\(name)(\(index.map { "\($0)," } ?? "")\(number))", number: number,
                data: data, index: index ?? 0, position: word.position))
        return action
    }

    private static func number(_ digits: Substring, of word: Word) throws(Remark) -> Int {
        guard let number = Int(digits), (0..<TrackingSettings.count).contains(number),
            digits == "\(number)"
        else { throw wrongNumber(of: word) }
        return number
    }

    private static func wrongNumber(of word: Word) -> Remark {
        .error(
            "\(word.text.quoted): the number must be 0 to \(TrackingSettings.count - 1), as in"
                + " track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)", at: word.position)
    }

    /// Takes a question down.
    mutating func note(_ question: CounterQuestion, at position: Position) {
        questions.append((question, position))
    }

    /// Warnings of what is never so, because the section tracks nothing under that number.
    var untracked: [Remark] {
        var remarks: [Remark] = []
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
        for change in changes where !known.contains(change.number) {
            remarks.append(
                .warning(
                    "\(change.name.quoted) has no effect without 'track-sc\(change.number)' in this"
                        + " section", at: change.position))
        }
        return remarks
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
            var reference = Draft.TableReference(
                keyword: question.name, tables: [question.tableName].compactMap(\.self),
                key: question.key, data: question.data, index: question.index,
                asksForServer: question.asked == .server)
            if case .tracked(let number) = question.subject, question.tableName == nil {
                reference.tables = tables(trackedBy: number)
                reference.isImplied = true
            }
            add(reference, position)
        }
        for change in changes {
            add(
                .init(
                    keyword: change.name, tables: tables(trackedBy: change.number),
                    data: change.data, index: change.index, isImplied: true), change.position)
        }
    }

    private func tables(trackedBy number: Int) -> [String] {
        trackings.filter { $0.settings.number == number }.map(\.settings.tableName)
    }
}

extension Substring {
    /// An index into an array of what a table counts.
    func arrayIndex(of word: Word) throws(Remark) -> Int {
        let indices = 0..<StickTableSettings.longestArray
        guard let index = Int(self), indices.contains(index), self == "\(index)" else {
            throw .error(
                "\(word.text.quoted) needs an index first, 0 to \(indices.upperBound - 1)",
                at: word.position)
        }
        return index
    }
}

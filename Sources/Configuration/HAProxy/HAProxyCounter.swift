/// A criterion that asks a table: `src_conn_rate`, `sc0_conn_cur`, `sc_gpc0_rate(1,t)`,
/// `sc_get_gpc(2,1,t)`, `src,table_conn_cnt(t)`.
///
/// haproxy's configuration manual, sections 7.3.1 and 7.3.3.
struct HAProxyCounter {
    let question: CounterQuestion
    /// How many are one in the criterion.
    private let unit: Int

    /// Reads the name and what stands in its parentheses.
    ///
    /// - Returns: `nil` where the name is another one.
    /// - Throws: A remark at the criterion.
    init?(
        _ name: String, _ argument: String?, _ criterion: Word, in section: String
    ) throws(Remark) {
        guard let split = name.firstIndex(of: "_") else { return nil }
        let subject = name[..<split]
        let word = String(name[name.index(after: split)...])
        guard case (var asked, let unit)? = Self.asked[word] else { return nil }
        var parts = (argument ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
        if argument == nil { parts = [] }
        if asked.isOfArray {
            // There is no sc0_get_gpc.
            guard subject == "src" || subject == "sc" else { return nil }
            let digits = Substring(parts.isEmpty ? "" : parts.removeFirst())
            asked = asked.at(try digits.arrayIndex(of: criterion))
        }
        switch subject {
        case "src":
            guard Self.ofTrackings[word] == nil else { return nil }
            question = CounterQuestion(asked, of: .key(.source), in: parts.popLast() ?? section)
        case "sc" where word != "updt_conn_cnt":
            let digits = parts.isEmpty ? "" : parts.removeFirst()
            let number = try Self.number(digits, criterion)
            question = CounterQuestion(asked, of: .tracked(number), in: parts.popLast())
        default:
            guard subject.hasPrefix("sc"), subject.count == 3, word != "updt_conn_cnt" else {
                return nil
            }
            let number = try Self.number(String(subject.dropFirst(2)), criterion)
            question = CounterQuestion(asked, of: .tracked(number), in: parts.popLast())
        }
        self.unit = unit
        guard parts.isEmpty, question.tableName != "" else {
            throw .error(
                "\(criterion.text.quoted): write sc_NAME(NUMBER,TABLE), sc0_NAME(TABLE) or"
                    + " src_NAME(TABLE); the table may be left out", at: criterion.position)
        }
    }

    /// Reads `KEY,table_NAME(TABLE)` or `KEY,in_table(TABLE)`.
    ///
    /// - Returns: `nil` where it is something else.
    /// - Throws: A remark at the criterion.
    init?(converting criterion: Word) throws(Remark) {
        let text = criterion.text
        guard
            let comma = text.indices.last(where: { place in
                text[place...].hasPrefix(",table_") || text[place...].hasPrefix(",in_table")
            })
        else { return nil }
        let converter = text[text.index(after: comma)...]
        let name = String(converter.prefix { $0 != "(" })
        guard case (var asked, let unit)? = Self.converters[name] else {
            throw .error(
                "the converter \(name.quoted) is not offered", at: criterion.position,
                suggestion: Self.converters.keys.nearest(to: name))
        }
        var table = converter.dropFirst(name.count + 1).dropLast()
        if asked.isOfArray {
            let digits = table.prefix { $0 != "," }
            asked = asked.at(try digits.arrayIndex(of: criterion))
            table = table.dropFirst(digits.count + 1)
        }
        guard !table.isEmpty, !table.contains(","), converter.hasSuffix(")") else {
            throw .error(
                "\(criterion.text.quoted): \(name) needs a table in parentheses, such as"
                    + " \(name)(web)", at: criterion.position)
        }
        let key = try Word(text: String(text[..<comma]), position: criterion.position)
            .connectionKey(after: name)
        question = CounterQuestion(asked, of: .key(key), in: String(table))
        self.unit = unit
    }

    private static func number(_ text: String, _ criterion: Word) throws(Remark) -> Int {
        guard let number = Int(text), (0..<TrackingSettings.count).contains(number) else {
            throw .error(
                "\(criterion.text.quoted) needs the number of a tracking, 0 to"
                    + " \(TrackingSettings.count - 1)", at: criterion.position)
        }
        return number
    }

    /// The same in what tables count in.
    func scaled(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>] {
        func bound(_ value: Int) -> Int {
            let (product, isOver) = value.multipliedReportingOverflow(by: unit)
            return isOver ? Int.max : product
        }
        return ranges.map { range in
            let last = bound(range.upperBound)
            return bound(range.lowerBound)...(last > Int.max - unit ? Int.max : last + unit - 1)
        }
    }

    private typealias Meaning = (asked: CounterQuestion.Asked, unit: Int)

    /// What tables count, and in what unit it is asked for; the names behind `table_`.
    private static let data: [String: Meaning] = [
        "conn_cur": (.value(.connections), 1), "conn_cnt": (.value(.connectionTotal), 1),
        "conn_rate": (.value(.connectionRate), 1), "sess_cnt": (.value(.sessionTotal), 1),
        "sess_rate": (.value(.sessionRate), 1), "kbytes_in": (.value(.bytesIn), 1024),
        "kbytes_out": (.value(.bytesOut), 1024), "bytes_in_rate": (.value(.bytesInRate), 1),
        "bytes_out_rate": (.value(.bytesOutRate), 1), "gpc0": (.value(.marks), 1),
        "gpc0_rate": (.value(.markRate), 1), "gpc1": (.value(.secondMarks), 1),
        "gpc1_rate": (.value(.secondMarkRate), 1), "gpt0": (.value(.tag), 1),
        "gpc": (.value(.markArray), 1), "gpc_rate": (.value(.markRateArray), 1),
        "gpt": (.value(.tags), 1),
    ]

    /// The names behind `sc_` alone.
    private static let ofTrackings: [String: Meaning] = [
        "tracked": (.presence, 1), "trackers": (.trackers, 1),
    ]

    /// The names behind `sc_` and `src_`.
    private static let asked: [String: Meaning] = {
        var asked = data.merging(ofTrackings) { own, _ in own }
        for name in ["gpc0", "gpc1", "gpt0", "gpc", "gpt"] {
            asked["get_\(name)"] = asked.removeValue(forKey: name)
        }
        asked["inc_gpc0"] = (.increase(.marks), 1)
        asked["inc_gpc1"] = (.increase(.secondMarks), 1)
        asked["inc_gpc"] = (.increase(.markArray), 1)
        asked["clr_gpc0"] = (.clear(.marks), 1)
        asked["clr_gpc1"] = (.clear(.secondMarks), 1)
        asked["clr_gpc"] = (.clear(.markArray), 1)
        asked["updt_conn_cnt"] = (.increase(.connectionTotal), 1)
        return asked
    }()

    private static let converters: [String: Meaning] = {
        var converters: [String: Meaning] = [
            "in_table": (.presence, 1), "table_trackers": (.trackers, 1),
            "table_server_id": (.server, 1),
        ]
        for (name, meaning) in data { converters["table_\(name)"] = meaning }
        return converters
    }()

    /// What a mistyped word may have meant.
    static let names = asked.keys.sorted().flatMap { name in
        if name == "updt_conn_cnt" { return ["src_\(name)"] }
        let isOfArray = asked[name]?.asked.isOfArray == true
        let tracked = isOfArray ? ["sc_\(name)"] : ["sc_\(name)", "sc0_\(name)"]
        return ofTrackings[name] == nil ? tracked + ["src_\(name)"] : tracked
    }
}

extension CounterQuestion {
    /// What asks it, without the table.
    var name: String {
        let prefix =
            switch subject {
            case .tracked(let number): "sc\(number)_"
            case .key(.source): "src_"
            case .key(let key): "\(key.name),table_"
            }
        return switch asked {
        case .value(let datum, let index): prefix + datum.name(of: index)
        case .increase(.connectionTotal, _): prefix + "updt_conn_cnt"
        case .increase(let datum, let index): prefix + "inc_\(datum.name(of: index))"
        case .clear(let datum, let index): prefix + "clr_\(datum.name(of: index))"
        case .presence where key != nil: "in_table"
        case .presence: prefix + "tracked"
        case .trackers where key != nil: "table_trackers"
        case .server: "table_server_id"
        case .trackers: prefix + "trackers"
        }
    }
}

extension CounterQuestion.Asked {
    /// Whether it is about an element of an array.
    fileprivate var isOfArray: Bool {
        switch self {
        case .value(let datum, _), .increase(let datum, _), .clear(let datum, _): datum.isArray
        case .presence, .trackers, .server: false
        }
    }

    /// The same of another element.
    fileprivate func at(_ index: Int) -> Self {
        switch self {
        case .value(let datum, _): .value(datum, index)
        case .increase(let datum, _): .increase(datum, index)
        case .clear(let datum, _): .clear(datum, index)
        case .presence, .trackers, .server: self
        }
    }
}

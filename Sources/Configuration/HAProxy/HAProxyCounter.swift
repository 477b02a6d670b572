/// A criterion that asks for a counter of a table: `src_conn_rate`, `sc0_conn_cur`, `sc_gpc0_rate(1,t)`.
///
/// haproxy's configuration manual, section 7.3.3.
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
        guard let (datum, unit) = Self.data[String(name[name.index(after: split)...])] else {
            return nil
        }
        var parts = (argument ?? "").split(separator: ",", omittingEmptySubsequences: false)
            .map(String.init)
        if argument == nil { parts = [] }
        switch subject {
        case "src":
            question = CounterQuestion(datum, of: .source, in: parts.popLast() ?? section)
        case "sc":
            let digits = parts.isEmpty ? "" : parts.removeFirst()
            let number = try Self.number(digits, criterion)
            question = CounterQuestion(datum, of: .tracked(number), in: parts.popLast())
        default:
            guard subject.hasPrefix("sc"), subject.count == 3 else { return nil }
            let number = try Self.number(String(subject.dropFirst(2)), criterion)
            question = CounterQuestion(datum, of: .tracked(number), in: parts.popLast())
        }
        self.unit = unit
        guard parts.isEmpty, question.tableName != "" else {
            throw .error(
                "\(criterion.text.quoted): write sc_NAME(NUMBER,TABLE), sc0_NAME(TABLE) or"
                    + " src_NAME(TABLE); the table may be left out", at: criterion.position)
        }
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

    /// The names behind `sc_`, what they ask for and in what unit.
    private static let data: [String: (datum: StickDatum, unit: Int)] = [
        "conn_cur": (.connections, 1), "conn_cnt": (.connectionTotal, 1),
        "conn_rate": (.connectionRate, 1), "sess_cnt": (.sessionTotal, 1),
        "sess_rate": (.sessionRate, 1), "kbytes_in": (.bytesIn, 1024),
        "kbytes_out": (.bytesOut, 1024), "bytes_in_rate": (.bytesInRate, 1),
        "bytes_out_rate": (.bytesOutRate, 1), "get_gpc0": (.marks, 1), "gpc0_rate": (.markRate, 1),
    ]

    /// What a mistyped word may have meant.
    static let names = data.keys.sorted().flatMap { ["src_\($0)", "sc_\($0)", "sc0_\($0)"] }
}

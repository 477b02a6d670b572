import VRRPCore

/// `use_backend PREFIX%[SAMPLE]SUFFIX`: a backend whose name something of the connection makes.
///
/// haproxy's configuration manual, `use_backend`, and section 7.3.1, `map`. Which backends that can be is
/// known once all sections are: then it becomes a ``BackendTable``.
struct HAProxyBackendSample: Sendable {
    /// What stands around the sample.
    let (prefix, suffix): (String, String)
    /// What is looked up.
    let key: ConnectionKeyName
    private let map: Map?

    /// The converter `map` and its like.
    fileprivate struct Map: Sendable {
        let path: String
        let lines: [Line]
        /// What stands for what no line has.
        let fallback: String?
    }

    fileprivate struct Line: Sendable {
        let pattern: BackendTable.Pattern
        let value: String
        let number: Int
    }

    /// Reads a name.
    ///
    /// - Returns: `nil`: it has no sample.
    init?(_ word: Word) throws(Remark) {
        guard let start = word.text.firstRange(of: "%[") else { return nil }
        let rest = word.text[start.upperBound...]
        guard let end = rest.firstIndex(of: "]"), !rest[end...].contains("%[") else {
            throw .error(
                "\(word.text.quoted): must be one sample in brackets, such as web_%[dst_port]",
                at: word.position)
        }
        prefix = String(word.text[..<start.lowerBound])
        suffix = String(rest[rest.index(after: end)...])
        guard !prefix.contains("%"), !suffix.contains("%") else {
            throw .error(
                "\(word.text.quoted): beside the sample stands text without a percent sign",
                at: word.position)
        }
        var place = word.position
        if !word.isQuoted { place.column += prefix.utf8.count + 2 }
        let sample = Word(text: String(rest[..<end]), position: place)
        var items = sample.items
        let last = items.last.flatMap { $0.text.hasPrefix("map") ? $0 : nil }
        if last != nil { items.removeLast() }
        let key = try Word(text: items.map(\.text).joined(separator: ","), position: place)
            .connectionKey(after: "use_backend")
        self.key = key
        map = try last.map { word throws(Remark) in try Map(word, of: key) }
        guard map != nil || !key.isAddress else {
            throw .error(
                "use_backend %[\(key.name)]: no backend has the name of an address; look it up, as in"
                    + " %[\(key.name),map_ip(FILE)]", at: place)
        }
    }

    /// Which pools there are for it.
    ///
    /// - Parameter names: The names of all pools.
    /// - Returns: The table, and the first of a map's lines, with their number, whose value makes no name of
    ///   these.
    func table(
        of names: Set<String>
    ) -> (table: BackendTable, idle: (count: Int, first: (value: String, line: Int))?) {
        func known(_ value: String) -> String? {
            let name = prefix + value + suffix
            return names.contains(name) ? name : nil
        }
        var table = BackendTable(key: key)
        table.absentName = known("")
        guard let map else {
            let least = prefix.utf8.count + suffix.utf8.count
            table.entries = names.sorted().filter {
                $0.utf8.count > least && $0.hasPrefix(prefix) && $0.hasSuffix(suffix)
            }.map { name in
                let text = String(name.dropFirst(prefix.count).dropLast(suffix.count))
                return .init(.text(NameMatch(.exact, text)), backendName: name)
            }
            return (table, nil)
        }
        table.entries = map.lines.map { .init($0.pattern, backendName: known($0.value)) }
        table.otherName = known(map.fallback ?? "")
        let idle = map.lines.filter { known($0.value) == nil }
        return (table, idle.first.map { (idle.count, ($0.value, $0.number)) })
    }

    /// The file of the map.
    var path: String? { map?.path }
    /// How many lines the map has.
    var lineCount: Int { map?.lines.count ?? 0 }
}

extension HAProxyBackendSample.Map {
    /// Reads `map(FILE[,VALUE])`, with the file.
    fileprivate init(_ word: Word, of sample: ConnectionKeyName) throws(Remark) {
        let name = String(word.text.prefix { $0 != "(" })
        let arguments = word.text.dropFirst(name.count + 1).dropLast()
            .split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
        guard let method = Self.methods[name] else {
            throw .error(
                "\(name.quoted) is not offered; there are \(Self.methods.keys.sorted().joined(separator: ", "))",
                at: word.position, suggestion: Self.methods.keys.nearest(to: name))
        }
        guard word.text.hasSuffix(")"), let path = arguments.first, !path.isEmpty else {
            throw .error(
                "\(word.text.quoted): needs a file, and perhaps what stands for all others, as in"
                    + " \(name)(/etc/lbctl/names.map,web)", at: word.position)
        }
        guard (method == nil) == sample.isAddress else {
            throw .error(
                sample.isAddress
                    ? "\(name.quoted) is for texts; an address is looked up by map_ip(FILE)"
                    : "'map_ip' is for an address, such as src", at: word.position)
        }
        let isOfNumbers = name == "map_int"
        guard !isOfNumbers || sample.isNumber else {
            throw .error("'map_int' is for a port, such as dst_port", at: word.position)
        }
        self.path = String(path)
        fallback = arguments.count > 1 ? String(arguments[1]) : nil
        let file: InputFile
        do throws(Diagnostic) { file = try InputFile(reading: self.path, waits: false) } catch {
            throw .error("\(name)(\(path)): \(error.message)", at: word.position)
        }
        var lines: [HAProxyBackendSample.Line] = []
        for (index, line) in file.lines.enumerated() {
            let parts = line.split(maxSplits: 1, whereSeparator: \.isSpaceOrTab)
            guard let key = parts.first, !key.hasPrefix("#") else { continue }
            let value = parts.count > 1 ? String(parts[1].trimmingSpaces) : ""
            let text = Word(text: String(key), position: word.position, isQuoted: true)
            do throws(Remark) {
                let pattern = try text.pattern(method, isNumber: isOfNumbers)
                lines.append(.init(pattern: pattern, value: value, number: index + 1))
            } catch {
                throw .error("line \(index + 1) of \(path): \(error.message)", at: word.position)
            }
        }
        self.lines = lines
    }

    /// How keys are compared; `nil`: as networks.
    private static let methods: [String: NameMatch.Method?] = [
        "map": .exact, "map_str": .exact, "map_beg": .beginning, "map_end": .end,
        "map_sub": .part, "map_reg": .expression, "map_int": .exact, "map_ip": nil,
    ]
}

extension Word {
    /// The word as a key of a map; `nil`: a network.
    fileprivate func pattern(
        _ method: NameMatch.Method?, isNumber: Bool
    ) throws(Remark) -> BackendTable.Pattern {
        guard let method else { return .network(try addressPrefix()) }
        if isNumber {
            guard let number = UInt32(text) else {
                throw .error(
                    "\(text.quoted): must be a number; of a range each one has a line of its own",
                    at: position)
            }
            return .text(NameMatch(method, "\(number)"))
        }
        if method == .expression { try checkExpression(ignoringCase: false) }
        return .text(NameMatch(method, text))
    }
}

extension ConnectionKeyName {
    fileprivate var isNumber: Bool { self == .sourcePort || self == .destinationPort }

    /// Whether it is an address, or the network of one.
    fileprivate var isAddress: Bool {
        switch self {
        case .source, .destination: true
        case .converted(let key, _): key.isAddress
        case .sourcePort, .destinationPort, .serverName, .protocolName, .payload, .rdpCookie: false
        }
    }
}

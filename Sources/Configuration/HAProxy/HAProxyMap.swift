import VRRPCore

/// The converter `map` and its like, with the file; haproxy's configuration manual, section 7.3.1.
struct HAProxyMap: Sendable {
    /// A line of the file.
    struct Line: Sendable {
        /// With what a key is compared; of a range of ports those that no line before has, each by itself.
        let patterns: [BackendTable.Pattern]
        /// What stands for it.
        let value: String
        /// From 1.
        let number: Int
    }

    /// The file.
    let path: String
    /// Its lines, without comments and empty ones.
    let lines: [Line]
    /// What stands for what no line has.
    let fallback: String?

    /// Reads `map(FILE[,VALUE])`, with the file.
    init(_ word: Word, of sample: ConnectionKeyName) throws(Remark) {
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
        var lines: [Line] = []
        var ports: Set<Int> = []
        for (index, line) in file.lines.enumerated() {
            let parts = line.split(maxSplits: 1, whereSeparator: \.isSpaceOrTab)
            guard let key = parts.first, !key.hasPrefix("#") else { continue }
            let value = parts.count > 1 ? String(parts[1].trimmingSpaces) : ""
            let text = Word(text: String(key), position: word.position, isQuoted: true)
            do throws(Remark) {
                let patterns =
                    isOfNumbers ? try text.ports(besides: &ports) : [try text.pattern(method)]
                lines.append(.init(patterns: patterns, value: value, number: index + 1))
            } catch {
                throw .error("line \(index + 1) of \(path): \(error.message)", at: word.position)
            }
        }
        self.lines = lines
    }

    /// How keys are compared; `nil`: as networks.
    private static let methods: [String: NameMatch.Method?] = [
        "map": .exact, "map_str": .exact, "map_beg": .beginning, "map_end": .end,
        "map_sub": .part, "map_dir": .directory, "map_dom": .domain, "map_reg": .expression,
        "map_int": .exact, "map_ip": nil,
    ]
}

extension Word {
    /// The word as a key of a map; `nil`: a network.
    fileprivate func pattern(
        _ method: NameMatch.Method?
    ) throws(Remark) -> BackendTable.Pattern {
        guard let method else { return .network(try addressPrefix()) }
        if method == .expression { try checkExpression(ignoringCase: false) }
        try checkWord(method)
        return .text(NameMatch(method, text))
    }

    /// The word as ports of a map, a number or a range such as `80:90`, without those that are known.
    fileprivate func ports(
        besides known: inout Set<Int>
    ) throws(Remark) -> [BackendTable.Pattern] {
        let (range, all) = (try range(.eq, from: 0), 0...Int(UInt16.max))
        guard range.overlaps(all) else { return [] }
        return range.clamped(to: all).filter { known.insert($0).inserted }.map {
            .text(NameMatch(.exact, "\($0)"))
        }
    }
}

extension ConnectionKeyName {
    fileprivate var isNumber: Bool { self == .sourcePort || self == .destinationPort }

    /// Whether it is an address, or the network of one.
    var isAddress: Bool {
        switch self {
        case .source, .destination: true
        case .converted(let key, _): key.isAddress
        case .sourcePort, .destinationPort, .serverName, .protocolName, .payload, .countedPayload,
            .rdpCookie, .mqttField, .tlsText, .headerText:
            false
        }
    }
}

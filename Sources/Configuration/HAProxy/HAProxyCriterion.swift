import VRRPCore

/// The criterion of an access list, its flags and its values.
///
/// haproxy's configuration manual, sections 7.1 and 7.3.
struct HAProxyCriterion {
    let criterion: Word
    /// The section that it stands in, and whether that has servers.
    let section: String
    let hasServers: Bool
    private(set) var ignoresCase = false
    /// How texts are compared; `nil`: nobody said it.
    private(set) var method: NameMatch.Method?
    /// Whether values are numbers (`int`) or addresses (`ip`); `nil`: nobody said so.
    private(set) var form: String?
    private(set) var values: [Word] = []

    /// Reads a criterion to the end of its words.
    ///
    /// - Parameters:
    ///   - words: What follows the name of the list, or the brace.
    ///   - word: The name, or the brace: for the complaint when nothing follows.
    ///   - section: The section that it stands in.
    ///   - hasServers: Whether that has servers.
    /// - Returns: What is asked.
    /// - Throws: A remark at the word that makes no sense.
    static func read(
        _ words: inout ArraySlice<Word>, after word: Word, in section: String, hasServers: Bool
    ) throws(Remark) -> ConnectionQuestion {
        guard let criterion = words.popFirst() else {
            throw .error("\(word.text.quoted) needs a criterion, such as src", at: word.position)
        }
        let sample = criterion.joined(with: &words)
        var reader = HAProxyCriterion(
            criterion: sample, section: section, hasServers: hasServers)
        try reader.readFlags(&words)
        reader.values += words
        words = []
        if let map = try reader.mapQuestion() { return map }
        if let question = try reader.mqttQuestion() { return question }
        if let question = try reader.handshakeQuestion() { return question }
        if let question = try reader.headerQuestion() { return question }
        return try reader.question()
    }

    private init(criterion: Word, section: String, hasServers: Bool) {
        self.criterion = criterion
        self.section = section
        self.hasServers = hasServers
    }

    private mutating func readFlags(_ words: inout ArraySlice<Word>) throws(Remark) {
        while let flag = words.first, flag.text.hasPrefix("-"), !flag.isQuoted {
            words = words.dropFirst()
            switch flag.text {
            case "--": return
            case "-i": ignoresCase = true
            case "-n": break
            case "-f": values += try file(argument(of: flag, &words))
            case "-m":
                let word = try argument(of: flag, &words)
                // Numbers and addresses have one way to be compared.
                if word.text == "int" || word.text == "ip" {
                    form = word.text
                    continue
                }
                guard let known = NameMatch.Method(rawValue: word.text) else {
                    throw .error(
                        "-m \(word.text): must be str, beg, end, sub, dir, dom, len, reg, bin, int, ip or found",
                        at: word.position)
                }
                method = known
            default:
                throw .error(
                    "the flag \(flag.text.quoted) is not offered; there are -i, -m and -f",
                    at: flag.position)
            }
        }
    }

    private func argument(
        of flag: Word, _ words: inout ArraySlice<Word>
    ) throws(Remark) -> Word {
        guard let word = words.popFirst() else {
            throw .error("\(flag.text) needs a word after it", at: flag.position)
        }
        return word
    }

    /// The lines of a file, without comments and empty ones.
    private func file(_ path: Word) throws(Remark) -> [Word] {
        let file: InputFile
        do throws(Diagnostic) { file = try InputFile(reading: path.text, waits: false) } catch {
            throw .error("-f \(path.text): \(error.message)", at: path.position)
        }
        let lines = file.lines.map(\.trimmingSpaces).filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard lines.count <= Model.mostListLines else {
            throw .error(
                "-f \(path.text): has \(lines.count) lines; all lists and maps together may have"
                    + " \(Model.mostListLines)", at: path.position)
        }
        return lines.map { Word(text: String($0), position: path.position, isQuoted: true) }
    }

    /// What a table counts, as it is compared.
    private func compared(_ counter: HAProxyCounter) throws(Remark) -> ConnectionQuestion {
        .counter(counter.question, counter.scaled(try ranges(unlessSaid: 1...Int.max)))
    }

    private func question() throws(Remark) -> ConnectionQuestion {
        if let counter = try HAProxyCounter(converting: criterion) { return try compared(counter) }
        let (name, argument) = criterionParts
        switch name {
        case "always_true", "always_false": return .constant(name == "always_true")
        case "wait_end": return .waitIsOver
        case "src": return .source(try prefixes())
        case "dst": return .destination(try prefixes())
        case "src_port": return .sourcePort(try ranges())
        case "dst_port": return .destinationPort(try ranges())
        case "req.ssl_sni", "req_ssl_sni": return .serverName(try texts())
        case "req.ssl_alpn", "req_ssl_alpn": return .protocolName(try texts())
        case "req.ssl_hello_type", "req_ssl_hello_type": return .helloType(try ranges())
        case "req.len", "req_len": return .byteCount(try ranges())
        case "var": return .variable(try variable(argument), try comparison())
        case "req.payload", "payload": return try payload(argument)
        case "req.rdp_cookie", "rdp_cookie":
            return .rdpCookie(try cookieName(argument), try texts())
        case "req.rdp_cookie_cnt", "rdp_cookie_cnt":
            return .rdpCookieCount(
                try cookieName(argument), try ranges(unlessSaid: 1...Int.max))
        case "fe_conn", "fe_sess_rate":
            let frontend = argument.flatMap { $0.isEmpty ? nil : $0 }
            let ranges = try ranges(unlessSaid: 1...Int.max)
            return name == "fe_conn"
                ? .connectionCount(frontendName: frontend, ranges)
                : .sessionRate(frontendName: frontend, ranges)
        case "dst_conn", "so_id", "nbproc": return try plainNumber(name, argument)
        case "rand":
            return .random(below: try bound(argument), try ranges(unlessSaid: 1...Int.max))
        case "req.ssl_ver", "req_ssl_ver": return .tlsVersion(try versions())
        case "srv_is_up":
            guard values.isEmpty else {
                throw .error(
                    "srv_is_up(…) is true or false: it takes no value", at: values[0].position)
            }
            return .serverIsUp(try server(argument, of: name))
        default:
            if let quantity = BackendQuantity(rawValue: name) {
                return .pool(
                    quantity, backendName: try backend(argument, of: name),
                    // A number alone is true where it is not 0.
                    try ranges(unlessSaid: 1...Int.max))
            }
            if let quantity = ServerQuantity(rawValue: name) {
                return .server(
                    quantity, try server(argument, of: name), try ranges(unlessSaid: 1...Int.max))
            }
            if let counter = try HAProxyCounter(name, argument, criterion, in: section) {
                return try compared(counter)
            }
            if let matter = HAProxySamples.refusal(of: criterion.text) {
                throw .error(
                    "the criterion \(criterion.text.quoted) \(matter)", at: criterion.position)
            }
            throw .error(
                "the criterion \(criterion.text.quoted) is not offered", at: criterion.position,
                suggestion: (Self.names + HAProxySamples.ofConnections).nearest(to: name))
        }
    }

    /// `NAME(ARGUMENT),lower`: letters are compared as they are asked to be.
    var criterionParts: (name: String, argument: String?) {
        var text = Substring(criterion.text)
        for suffix in [",lower", ",upper"] where text.hasSuffix(suffix) {
            text = text.dropLast(suffix.count)
        }
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
            return (String(text), nil)
        }
        return (String(text[..<open]), String(text[text.index(after: open)...].dropLast()))
    }

    // MARK: Values

    func needingValues() throws(Remark) -> [Word] {
        guard !values.isEmpty else {
            throw .error("\(criterion.text.quoted) needs a value", at: criterion.position)
        }
        return values
    }

    func prefixes() throws(Remark) -> [AddressPrefix] {
        try refuseComparisonOfTexts()
        var prefixes: [AddressPrefix] = []
        for word in try needingValues() { prefixes.append(try word.addressPrefix()) }
        return prefixes
    }

    func texts() throws(Remark) -> [NameMatch] {
        guard method != .binary else {
            throw .error(
                "-m bin: is for req.payload(…), ssl_c_sha1 and other bytes", at: criterion.position)
        }
        return try patterns(method ?? .exact)
    }

    /// The values, to be compared in one way.
    func patterns(_ method: NameMatch.Method) throws(Remark) -> [NameMatch] {
        if method == .length { return try numbers().map(NameMatch.init(lengths:)) }
        if method == .found || values.isEmpty { return [NameMatch(.found, "")] }
        let folds = ignoresCase || criterion.text.hasSuffix(",lower")
        var texts: [NameMatch] = []
        for value in values {
            if method == .expression { try value.checkExpression(ignoringCase: folds) }
            try value.checkWord(method)
            var text = NameMatch(method, value.text, ignoresCase: folds)
            if method == .binary { text.bytes = try value.hexBytes(of: "-m bin") }
            texts.append(text)
        }
        return texts
    }

    /// Numbers, ranges such as `80:90`, or a comparison: `gt 80`.
    ///
    /// - Parameters:
    ///   - fallback: What is meant where there is no value; `nil`: there must be one.
    ///   - least: Where what has no beginning begins. As haproxy: of what is counted -1, which has no
    ///     bound, and is less than any number.
    /// - Returns: The numbers, as ranges.
    /// - Throws: A remark at the word that is none, or where there must be one.
    func ranges(
        unlessSaid fallback: ClosedRange<Int>? = nil, from least: Int = -1
    ) throws(Remark) -> [ClosedRange<Int>] {
        try refuseComparisonOfTexts()
        guard method != .found else {
            throw .error(
                "-m found: \(criterion.text.quoted) is a number, which is compared with others, such as"
                    + " 'ge 1'", at: criterion.position)
        }
        if let fallback, values.isEmpty { return [fallback] }
        return try numbers(from: least)
    }

    /// The values as numbers, ranges or comparisons.
    private func numbers(from least: Int = -1) throws(Remark) -> [ClosedRange<Int>] {
        var words = try needingValues()[...]
        var ranges: [ClosedRange<Int>] = []
        var comparison = Comparison.eq
        while let word = words.popFirst() {
            if let known = Comparison(rawValue: word.text) {
                comparison = known
                guard !words.isEmpty else {
                    throw .error("\(word.text.quoted) needs a number", at: word.position)
                }
                continue
            }
            ranges.append(try word.range(comparison, from: least))
        }
        return ranges
    }

    /// Says that a number or an address is not compared as a text is.
    func refuseComparisonOfTexts() throws(Remark) {
        switch method {
        case nil, .exact, .found: return
        case let method?:
            throw .error(
                "-m \(method.rawValue): is for texts, such as req.ssl_sni, and not for"
                    + " \(criterion.text.quoted)", at: criterion.position)
        }
    }

    /// The criteria that are offered.
    static let names =
        [
            "src", "dst", "src_port", "dst_port", "req.ssl_sni", "req.ssl_alpn",
            "req.ssl_hello_type", "req.ssl_ver", "req.len", "req.payload", "req.rdp_cookie",
            "req.rdp_cookie_cnt", "fe_conn", "fe_sess_rate", "dst_conn", "so_id", "rand", "nbproc",
            "var",
            "srv_is_up", "always_true", "always_false", "wait_end",
        ] + BackendQuantity.allCases.map(\.rawValue) + ServerQuantity.allCases.map(\.rawValue)
        + HAProxyCounter.names + HeaderTextNames.samples + TLSText.sampleNames
        + TLSNumber.allCases.map(\.rawValue)
}

extension Word {
    /// The word as a network: `ADDRESS`, `ADDRESS/LENGTH` or, of IPv4, `ADDRESS/MASK`.
    func addressPrefix() throws(Remark) -> AddressPrefix {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let address = IPAddress(parts[0]), parts.count <= 2 else {
            throw .error(
                "\(text.quoted): must be an address or a network, such as 192.0.2.0/24",
                at: position)
        }
        let most = address.family == .ipv4 ? 32 : 128
        guard parts.count == 2 else { return AddressPrefix(address: address, length: most) }
        if address.family == .ipv4, let mask = IPv4Address(parts[1]) {
            let length = (~mask.rawValue).leadingZeroBitCount
            guard mask.rawValue.trailingZeroBitCount == 32 - length || mask.rawValue == 0 else {
                throw .error("\(parts[1]) is no mask of leading bits", at: position)
            }
            return AddressPrefix(address: address, length: mask.rawValue.nonzeroBitCount)
        }
        let length = try Word(text: parts[1], position: position)
            .integer(in: 0...most, of: "prefix length")
        return AddressPrefix(address: address, length: length)
    }

    func range(
        _ comparison: Comparison, from least: Int
    ) throws(Remark) -> ClosedRange<Int> {
        func number(_ text: Substring) throws(Remark) -> Int {
            guard let number = Int(text), (-1...Int(UInt32.max)).contains(number) else {
                throw .error(
                    "\(self.text.quoted): must be a number or a range such as 80:90", at: position)
            }
            return number
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            let low = parts[0].isEmpty ? least : try number(parts[0])
            let high = parts[1].isEmpty ? Int.max : try number(parts[1])
            guard low <= high, comparison == .eq else {
                throw .error("\(text.quoted): the first is above the last", at: position)
            }
            return low...high
        }
        return comparison.range(try number(parts[0]), from: least)
    }
}

/// How numbers are compared; haproxy's words.
enum Comparison: String {
    case eq, ge, gt, le, lt

    /// The numbers that compare so with one, of those from a least one on.
    func range(_ value: Int, from least: Int) -> ClosedRange<Int> {
        switch self {
        case .ge: value...Int.max
        case .gt: (value + 1)...Int.max
        case .le: least...max(least, value)
        case .lt: value <= least ? -2...(-2) : least...(value - 1)
        case .eq: value...value
        }
    }
}

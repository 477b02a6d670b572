/// The conditional blocks of a file, `.if` to `.endif`, and its messages (`.warning` …).
///
/// haproxy's configuration manual, section 2.4. They are carried out where lines are cut into words, so
/// that no keyword knows of them.
struct HAProxyConditionals {
    private enum Branch {
        /// The lines hold.
        case holds
        /// They don't, and those after another condition may.
        case waits
        /// They don't, nor do any up to the block's end.
        case isOver
    }

    private struct Open {
        let keyword: Word
        var branch: Branch
        var hasElse = false
    }

    private static let keywords = [
        ".if", ".elif", ".else", ".endif", ".alert", ".warning", ".notice", ".diag",
    ]
    /// Deepest nesting, haproxy's.
    private static let mostOpen = 64

    private var open: [Open] = []

    /// Whether the lines that come are left out.
    var leavesOut: Bool { open.last.map { $0.branch != .holds } ?? false }

    /// Whether a line begins or ends a block.
    static func isCondition(_ words: [Word]) -> Bool {
        [".if", ".elif"].contains(words.first?.text)
    }

    /// Takes in a line.
    ///
    /// - Returns: Whether it is one of these, so that nothing else reads it.
    /// - Throws: What is wrong with it, or the message that it is.
    mutating func take(
        _ words: [Word], _ environment: HAProxyEnvironment
    ) throws(Remark) -> Bool {
        guard let keyword = words.first, keyword.text.hasPrefix(".") else { return false }
        let rest = words.dropFirst()
        switch keyword.text {
        case ".if":
            guard open.count < Self.mostOpen else {
                throw .error(
                    "blocks are nested deeper than \(Self.mostOpen) here", at: keyword.position)
            }
            // Also where it can't be read: its .endif comes all the same.
            open.append(Open(keyword: keyword, branch: .isOver))
            if !outerLinesAreLeftOut { try follow(keyword, rest, environment) }
        case ".elif":
            try beginBranch(keyword)
            switch open[open.count - 1].branch {
            case .holds: open[open.count - 1].branch = .isOver
            case .waits: try follow(keyword, rest, environment)
            case .isOver: break
            }
        case ".else":
            try beginBranch(keyword)
            open[open.count - 1].hasElse = true
            open[open.count - 1].branch =
                open[open.count - 1].branch == .waits ? .holds : .isOver
            try refuse(rest)
        case ".endif":
            guard open.popLast() != nil else { throw .lone(keyword) }
            try refuse(rest)
        case _ where leavesOut: break
        case ".alert": throw .error(try message(keyword, rest), at: keyword.position)
        case ".warning": throw .warning(try message(keyword, rest), at: keyword.position)
        case ".notice", ".diag": _ = try message(keyword, rest)
        default:
            throw .error(
                "\(keyword.text.quoted) is not known", at: keyword.position,
                suggestion: Self.keywords.nearest(to: keyword.text))
        }
        return true
    }

    /// What is wrong at the end of the file.
    var fault: Remark? {
        open.last.map { .error("this .if has no .endif after it", at: $0.keyword.position) }
    }

    private var outerLinesAreLeftOut: Bool {
        open.dropLast().last.map { $0.branch != .holds } ?? false
    }

    /// Decides whether the lines after a condition hold; those of one that can't be read don't.
    private mutating func follow(
        _ keyword: Word, _ words: ArraySlice<Word>, _ environment: HAProxyEnvironment
    ) throws(Remark) {
        open[open.count - 1].branch = .isOver
        let holds = try HAProxyCondition.holds(words, after: keyword, environment)
        open[open.count - 1].branch = holds ? .holds : .waits
    }

    private func beginBranch(_ keyword: Word) throws(Remark) {
        guard let last = open.last else { throw .lone(keyword) }
        guard !last.hasElse else {
            throw .error("there is an .else before this \(keyword.text)", at: keyword.position)
        }
    }

    private func refuse(_ words: ArraySlice<Word>) throws(Remark) {
        guard let word = words.first else { return }
        throw .error("\(word.text.quoted): nothing may follow here", at: word.position)
    }

    private func message(
        _ keyword: Word, _ words: ArraySlice<Word>
    ) throws(Remark) -> String {
        guard let word = words.first, words.count == 1 else {
            throw .error(
                "\(keyword.text) needs a message, in quotes where it has spaces",
                at: keyword.position)
        }
        return word.text
    }
}

extension Remark {
    fileprivate static func lone(_ keyword: Word) -> Remark {
        .error("there is no .if before this \(keyword.text)", at: keyword.position)
    }
}

/// A condition: `!`, `&&`, `||`, parentheses, numbers and predicates, as haproxy combines them.
private struct HAProxyCondition {
    private var rest: Substring
    private let place: Position
    private let environment: HAProxyEnvironment

    static func holds(
        _ words: ArraySlice<Word>, after keyword: Word, _ environment: HAProxyEnvironment
    ) throws(Remark) -> Bool {
        // None is false, as one that is a variable without a value.
        guard let first = words.first else { return false }
        var condition = HAProxyCondition(
            rest: words.map(\.text).joined(separator: " ")[...], place: first.position,
            environment: environment)
        if condition.rest.allSatisfy({ $0 == " " }) { return false }
        let holds = try condition.alternatives(depth: 0)
        guard condition.rest.isEmpty else { throw condition.fault("'&&', '||' or its end") }
        return holds
    }

    private init(rest: Substring, place: Position, environment: HAProxyEnvironment) {
        self.rest = rest
        self.place = place
        self.environment = environment
    }

    private func fault(_ wanted: String) -> Remark {
        .error(
            "the condition must have \(wanted) \(rest.isEmpty ? "at its end" : "before \(rest.quoted)")",
            at: place)
    }

    /// Takes a token off the front, and the spaces around it.
    private mutating func take(_ token: String) -> Bool {
        let text = rest.drop { $0 == " " }
        guard text.hasPrefix(token) else { return false }
        rest = text.dropFirst(token.count).drop { $0 == " " }
        return true
    }

    private mutating func alternatives(depth: Int) throws(Remark) -> Bool {
        var holds = try terms(depth: depth)
        while take("||") {
            // Read in any case: a mistake is one wherever it stands.
            let other = try terms(depth: depth)
            holds = holds || other
        }
        return holds
    }

    private mutating func terms(depth: Int) throws(Remark) -> Bool {
        var holds = try factor(depth: depth)
        while take("&&") {
            let other = try factor(depth: depth)
            holds = holds && other
        }
        return holds
    }

    private mutating func factor(depth: Int) throws(Remark) -> Bool {
        guard depth < 64 else { throw fault("fewer parentheses") }
        var isNegated = false
        while take("!") { isNegated.toggle() }
        if take("(") {
            let holds = try alternatives(depth: depth + 1)
            guard take(")") else { throw fault("a ')'") }
            return holds != isNegated
        }
        return try primary() != isNegated
    }

    /// A number, which holds unless it is 0, or a predicate.
    private mutating func primary() throws(Remark) -> Bool {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
        if let number = Int(word) {
            rest = rest.dropFirst(word.count).drop { $0 == " " }
            return number != 0
        }
        let open = rest.dropFirst(word.count)
        guard !word.isEmpty, open.hasPrefix("("), let end = open.firstIndex(of: ")") else {
            throw fault("a number or a predicate such as defined(NAME)")
        }
        let arguments = open[..<end].dropFirst()
            .split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let holds = try predicate(String(word), arguments)
        rest = open[end...].dropFirst().drop { $0 == " " }
        return holds
    }

    private func predicate(_ name: String, _ arguments: [String]) throws(Remark) -> Bool {
        guard let count = Self.argumentCounts[name] else {
            throw .error(
                "the predicate \(name.quoted) is not offered", at: place,
                suggestion: Self.argumentCounts.keys.nearest(to: name))
        }
        guard arguments.count == count else {
            throw .error("\(name)(…) has \(count) arguments, not \(arguments.count)", at: place)
        }
        let first = arguments[0]
        switch name {
        case "defined": return environment[first] != nil
        case "streq": return first == arguments[1]
        case "strneq": return first != arguments[1]
        case "strstr": return arguments[1].isEmpty || first.contains(arguments[1])
        case "feature": return Self.features.contains(first)
        case "enabled": return Self.enabled.contains(first)
        case "version_atleast": return Self.version >= (try version(first))
        case "version_before": return Self.version < (try version(first))
        // Of libraries that nobody has here, whatever their version is.
        default: return false
        }
    }

    /// `2.6`, `2.6.12` or `2.6-dev3`, as a number that grows with it.
    private func version(_ text: String) throws(Remark) -> Int {
        let parts = text.split(separator: "-", maxSplits: 1)
        let numbers = (parts.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
            .map { Int($0).flatMap { (0..<1000).contains($0) ? $0 : nil } }
        guard (1...3).contains(numbers.count), !numbers.contains(nil) else {
            throw .error("\(text.quoted): must be a version such as 2.6", at: place)
        }
        let known = numbers.compactMap(\.self) + [0, 0]
        let isUnfinished = parts.count == 2 && parts[1].hasPrefix("dev")
        return Self.number(known[0], known[1], known[2]) - (isUnfinished ? 1 : 0)
    }

    private static func number(_ major: Int, _ minor: Int, _ patch: Int) -> Int {
        (major * 1000 + minor) * 1000 + patch
    }

    /// The haproxy whose orders, time-outs and log lines these are.
    private static let version = number(2, 6, 12)

    private static let argumentCounts = [
        "defined": 1, "streq": 2, "strneq": 2, "strstr": 2, "feature": 1, "enabled": 1,
        "version_atleast": 1, "version_before": 1, "openssl_version_atleast": 1,
        "openssl_version_before": 1, "ssllib_name_startswith": 1, "awslc_api_atleast": 1,
        "awslc_api_before": 1,
    ]

    /// What haproxy would call built in.
    private static let features: Set<String> = [
        "ACCEPT4", "CPU_AFFINITY", "EPOLL", "GETADDRINFO", "LINUX_SPLICE", "LINUX_TPROXY",
        "NETFILTER", "OPENSSL", "PRCTL", "PROMEX", "RT", "SYSTEMD", "TFO", "THREAD", "TPROXY",
    ]

    /// What haproxy would call switched on.
    private static let enabled: Set<String> = [
        "EPOLL", "FAST-FORWARD", "GETADDRINFO", "REUSEPORT", "SPLICE",
    ]
}

/// Reads a file in haproxy's language into a draft.
///
/// haproxy's configuration manual, section 2. Keywords that current releases have dropped
/// (`clitimeout`, an address on the `listen` line) mean what they meant.
struct HAProxyReader {
    /// What the lines after a section's header belong to.
    private enum Place { case outside, skipped, global, section, resolvers, peers }

    /// The sections that are read.
    static let sections = [
        "global", "defaults", "listen", "frontend", "backend", "check", "resolvers",
        "peers",
    ]
    /// The sections that are known and passed over with a warning.
    static let otherSections: Set<String> = [
        "acme", "cache", "crt-store", "dynamic-update", "fcgi-app", "healthcheck", "http-errors",
        "log-forward", "log-profile", "mailers", "program", "ring", "traces",
        "userlist",
    ]
    /// All that begins a section.
    static let allSections = otherSections.union(sections)

    private let file: String
    private var place = Place.outside
    private var section = HAProxySection(
        .defaults, name: Word(text: "", position: .start), inheriting: HAProxySettings())
    private var resolvers = HAProxyResolvers(Word(text: "", position: .start))
    private var peers = HAProxyPeers(Word(text: "", position: .start), after: Draft())
    private var defaults = HAProxySettings()
    private var namedDefaults: [String: HAProxySettings] = [:]
    /// Whether the file has a section of `defaults`, or it is said what that means.
    private var hasDefaults = false
    private var remarks: [Remark] = []

    /// Cuts a text into lines.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - environment: What variables stand for; with what the lines say about it afterwards.
    /// - Returns: The lines that say something else, and what is wrong with all of them.
    static func lines(
        of text: SourceText, environment: inout HAProxyEnvironment
    ) -> (lines: [Directive], remarks: [Remark]) {
        environment.beginFile()
        var lines: [Directive] = []
        var remarks: [Remark] = []
        var conditionals = HAProxyConditionals()
        for line in text.lines {
            var lexer = LineLexer(line, dialect: .haproxy, environment: environment)
            var words: [Word] = []
            while case .word(let word) = lexer.next() { words.append(word) }
            // A condition may ask about a variable that is not set.
            let isCondition = HAProxyConditionals.isCondition(words)
            if !conditionals.leavesOut || isCondition {
                remarks += lexer.remarks.filter { $0.severity == .error || !isCondition }
            }
            environment.addedByteCount += lexer.addedByteCount
            do throws(Remark) {
                guard try !conditionals.take(words, environment), !conditionals.leavesOut,
                    try !environment.take(words), !words.isEmpty
                else { continue }
                lines.append(Directive(words: words))
            } catch {
                remarks.append(error)
            }
        }
        if let fault = conditionals.fault { remarks.append(fault) }
        return (lines, remarks)
    }

    /// Reads the lines of one file.
    ///
    /// - Parameters:
    ///   - lines: The lines.
    ///   - file: Its name.
    ///   - hasOwnDefaults: Whether nobody expects the `defaults` of earlier files to hold in it.
    ///   - draft: Gets what they say.
    /// - Returns: What there is to say about it, in no particular order.
    static func read(
        _ lines: [Directive], file: String, hasOwnDefaults: Bool, into draft: inout Draft
    ) -> [Remark] {
        var reader = HAProxyReader(file: file)
        reader.hasDefaults = hasOwnDefaults
        for line in lines {
            do throws(Remark) {
                try reader.take(line, &draft)
            } catch {
                reader.remarks.append(error)
            }
        }
        reader.endSection(&draft)
        return reader.remarks
    }

    private init(file: String) { self.file = file }

    private mutating func take(_ directive: Directive, _ draft: inout Draft) throws(Remark) {
        guard var arguments = Arguments(directive) else { return }
        let keyword = try arguments.nextKeyword("a keyword")
        if Self.allSections.contains(keyword.text) {
            endSection(&draft)
            try begin(keyword, &arguments, draft)
            remarks += arguments.remarks
            return
        }
        switch place {
        case .outside:
            throw .error(
                "\(keyword.text.quoted) stands before any section; one begins with global,"
                    + " defaults, listen, frontend or backend", at: keyword.position,
                suggestion: Self.sections.nearest(to: keyword.text))
        case .skipped: break
        case .global:
            guard isFirst(keyword, &draft) else { return }
            HAProxyGlobal.table.read(directive, into: &draft, remarks: &remarks)
            if keyword.text == "zero-warning" {
                draft.zeroWarning = Location(file: file, position: keyword.position)
            }
        case .resolvers:
            HAProxyResolvers.table.read(directive, into: &resolvers, remarks: &remarks)
        case .peers: HAProxyPeers.table.read(directive, into: &peers, remarks: &remarks)
        case .section:
            section.note(directive, &remarks)
            section.settings.bindSurroundings = draft.bindSurroundings
            section.settings.serverOptions.follow(draft)
            try section.checkScope(of: directive, &remarks)
            HAProxySection.table.read(directive, into: &section, remarks: &remarks)
        }
    }

    /// Whether a line of the global section is the first that says it, where that one counts.
    private mutating func isFirst(_ keyword: Word, _ draft: inout Draft) -> Bool {
        guard let name = Self.saidOnce[keyword.text] else { return true }
        guard let former = draft.saidOnce[name] else {
            draft.saidOnce[name] = Location(file: file, position: keyword.position)
            return true
        }
        remarks.append(
            .warning(
                "\(keyword.text.quoted) is ignored: \(former.reference) says it, and"
                    + " the first line counts, as in haproxy", at: keyword.position))
        return false
    }

    /// Says that a section goes by no `defaults` although haproxy would have it go by those of an earlier
    /// file.
    private mutating func remarkOnDefaults(_ keyword: Word, _ draft: Draft) {
        guard !hasDefaults, let former = draft.defaultsLocation else { return }
        hasDefaults = true
        remarks.append(
            .warning(
                "the defaults of \(former.reference) hold in that file alone; haproxy"
                    + " goes on by them in this one, so repeat them here or put both into one file",
                at: keyword.position))
    }

    /// What of the global section counts where it is said first, by what is said; keyword by keyword.
    private static let saidOnce = [
        "maxconn": "maxconn", "user": "user", "uid": "user", "group": "group", "gid": "group",
    ]

    private mutating func begin(
        _ keyword: Word, _ arguments: inout Arguments, _ draft: Draft
    ) throws(Remark) {
        place = .skipped
        guard keyword.text != "global" else {
            place = .global
            return try arguments.finish()
        }
        guard keyword.text != "resolvers", keyword.text != "peers" else {
            let name = try arguments.next("a name")
            try name.checkSectionName()
            if keyword.text == "peers" {
                (peers, place) = (HAProxyPeers(name, after: draft), .peers)
            } else {
                (resolvers, place) = (HAProxyResolvers(name), .resolvers)
            }
            return try arguments.finish()
        }
        guard let kind = HAProxySection.Kind(rawValue: keyword.text) else {
            arguments.warn(
                "section \(keyword.text.quoted) is known but not implemented yet; it is ignored")
            return
        }
        guard kind != .defaults else { return try beginDefaults(keyword, &arguments) }
        remarkOnDefaults(keyword, draft)
        let name = try arguments.next("a name")
        try name.checkSectionName()
        section = HAProxySection(kind, name: name, inheriting: defaults)
        section.counts = draft.counts
        place = .section
        if let word = arguments.upcoming, word.text != "from" {
            guard kind != .backend, kind != .check else { return try arguments.finish() }
            try section.bind(&arguments)
        } else if let inherited = try inheritance(&arguments) {
            section = HAProxySection(kind, name: name, inheriting: inherited)
            section.counts = draft.counts
            try arguments.finish()
        }
    }

    private mutating func beginDefaults(
        _ keyword: Word, _ arguments: inout Arguments
    ) throws(Remark) {
        let name = arguments.upcoming?.text == "from" ? nil : arguments.nextIfPresent()
        let inherited = try inheritance(&arguments) ?? HAProxySettings()
        section = HAProxySection(.defaults, name: name ?? keyword, inheriting: inherited)
        place = .section
        try arguments.finish()
    }

    /// `from NAME`: the named `defaults` section that this one goes on from.
    private func inheritance(_ arguments: inout Arguments) throws(Remark) -> HAProxySettings? {
        guard arguments.upcoming?.text == "from" else { return nil }
        arguments.skip(1)
        let name = try arguments.next("the name of a defaults section")
        guard let settings = namedDefaults[name.text] else {
            throw .error(
                "no defaults section is named \(name.text.quoted)", at: name.position,
                suggestion: namedDefaults.keys.nearest(to: name.text))
        }
        return settings
    }

    private mutating func endSection(_ draft: inout Draft) {
        if place == .resolvers { resolvers.finish(file: file, into: &draft, &remarks) }
        if place == .peers { peers.finish(file: file, into: &draft) }
        defer { place = .outside }
        guard place == .section else { return }
        if section.kind == .defaults {
            defaults = section.settings
            hasDefaults = true
            draft.defaultsLocation = Location(file: file, position: section.name.position)
            namedDefaults[section.name.text] = section.settings
        } else {
            section.finish(file: file, into: &draft, &remarks)
        }
    }
}

extension Word {
    /// haproxy's configuration manual, section 4: letters, digits, `-`, `_`, `.` and `:`.
    func checkSectionName() throws(Remark) {
        let allowed = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"): true
            default: false
            }
        }
        guard allowed, !text.isEmpty else {
            throw .error(
                "the name \(text.quoted) may only have letters, digits, '-', '_', '.' and ':'",
                at: position)
        }
    }
}

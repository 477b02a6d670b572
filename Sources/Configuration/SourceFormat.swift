/// The language that a configuration file is written in.
public enum SourceFormat: String, Hashable, Sendable, CaseIterable {
    /// The native YAML.
    case native
    /// keepalived's language.
    case keepalived
    /// haproxy's language.
    case haproxy

    /// Recognises the language by what the file says.
    ///
    /// YAML begins with a key and its colon, or with `---`. Otherwise the first line that only one
    /// of the languages can have decides; failing that, braces; failing that, a first word that is nearly
    /// a section of haproxy's.
    ///
    /// - Returns: The language, or `nil` where nothing tells.
    public static func detect(_ bytes: [UInt8]) -> SourceFormat? {
        (try? SourceText(decoding: bytes)).flatMap { detect($0) }
    }

    static func detect(_ text: SourceText) -> SourceFormat? {
        var hasBraces = false
        var firstWord: String?
        for line in text.lines {
            var lexer = LineLexer(line, dialect: .keepalived)
            guard let token = lexer.next() else { continue }
            if firstWord == nil, !hasBraces, isNative(line) { return .native }
            guard case .word(let word) = token else {
                hasBraces = true
                continue
            }
            if keepalivedWords.contains(word.text) || word.text.hasPrefix("vrrp_") {
                return .keepalived
            }
            if !hasBraces, haproxyWords.contains(word.text) { return .haproxy }
            firstWord = firstWord ?? word.text
            while let further = lexer.next() {
                if case .open = further { hasBraces = true }
            }
        }
        if hasBraces { return .keepalived }
        return firstWord.flatMap { HAProxyReader.sections.nearest(to: $0) }.map { _ in .haproxy }
    }

    private static let keepalivedWords: Set<String> = [
        "global_defs", "static_ipaddress", "static_routes", "static_rules", "virtual_server",
        "virtual_server_group", "include", "track_file", "garp_group", "bfd_instance",
        "net_namespace", "linkbeat_interfaces", "interface_up_down_delays",
    ]

    private static let haproxyWords = HAProxyReader.allSections

    /// Whether the first line that says something begins a document of YAML, or has a key.
    private static func isNative(_ line: SourceLine) -> Bool {
        var lexer = LineLexer(line, dialect: .keepalived)
        var words: [Word] = []
        while case .word(let word) = lexer.next() { words.append(word) }
        guard let first = words.first, let last = words.last else { return false }
        return first.text == "---" || first.text.hasSuffix(":") || last.text.hasSuffix(":")
    }
}

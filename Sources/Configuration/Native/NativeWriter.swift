/// Writes lines of keepalived's and haproxy's languages as native YAML, which reads as the same lines.
///
/// Knows no keyword's meaning, so that a new one cannot be forgotten here.
struct NativeWriter {
    /// The documents, each with its sections: a key can be only once in one.
    private var documents: [[NativeNode.Pair]] = [[]]
    /// The keys of the last one.
    private var keys: Set<NativeNode.Key> = []
    private var diagnostics: [Diagnostic] = []
    /// The names of the files that positions number, of the file that is being written.
    private var files: [String] = []

    /// Writes the lines of files.
    ///
    /// - Parameter sources: The lines of each file, in the order of reading.
    /// - Returns: The YAML, and an error for each line that cannot be written.
    static func write(_ sources: [SourceLines]) -> (text: String, diagnostics: [Diagnostic]) {
        var writer = NativeWriter()
        var hasDefaults = false
        for source in sources {
            if let lines = source.keepalived {
                writer.files = lines.files
                for directive in lines.directives { writer.addBlock(directive) }
            }
            writer.files = [source.file]
            var sections = HAProxySectionLines.sections(of: source.haproxy)
            // What one file sets for its sections does not hold for those of the next.
            if hasDefaults, let index = sections.firstIndex(where: \.inherits),
                !sections[..<index].contains(where: \.isDefaults)
            {
                sections.insert(.noDefaults, at: index)
            }
            hasDefaults = hasDefaults || sections.contains(where: \.isDefaults)
            for section in sections { writer.add(section) }
        }
        return (writer.text, writer.diagnostics)
    }

    private var text: String {
        let texts = documents.map { sections in
            sections.map { $0.lines.joined(separator: "\n") + "\n" }.joined(separator: "\n")
        }
        let text = texts.joined(separator: "\n---\n")
        return SourceFormat.detect(Array(text.utf8)) == .native ? text : "---\n" + text
    }

    private mutating func add(_ key: NativeNode.Key, _ value: NativeNode) {
        if !keys.insert(key).inserted {
            documents.append([])
            keys = [key]
        }
        documents[documents.count - 1].append(NativeNode.Pair(key: key, value: value))
    }

    private mutating func refuse(_ directive: Directive) {
        guard let first = directive.words.first else { return }
        let file = files.indices.contains(first.position.source) ? files[first.position.source] : ""
        diagnostics.append(
            Diagnostic(
                .error, file: file, line: first.position.line, column: first.position.column,
                message: "\(first.text.quoted): native YAML has no way to write the words of this"
                    + " line; one has a character that no text can have"))
    }

    // MARK: - Blocks

    private mutating func addBlock(_ directive: Directive) {
        guard let pair = pair(directive, unlike: []) else { return refuse(directive) }
        add(pair.key, pair.value)
    }

    /// A line alone, or a block, by as many of its words as make a new key.
    private mutating func pair(
        _ directive: Directive, unlike used: Set<NativeNode.Key>
    ) -> NativeNode.Pair? {
        let words = directive.words[...]
        if let block = directive.block {
            guard let key = NativeText.key(words), !used.contains(key) else { return nil }
            return NativeNode.Pair(key: key, value: contents(of: block, header: directive.words))
        }
        return Self.pair(words, unlike: used)
    }

    private static func pair(
        _ words: ArraySlice<Word>, unlike used: Set<NativeNode.Key> = [], keyWords: Int = 1
    ) -> NativeNode.Pair? {
        guard words.count >= keyWords else { return nil }
        for count in keyWords...words.count {
            guard let key = NativeText.key(words.prefix(count)), !used.contains(key) else {
                continue
            }
            let rest = words.dropFirst(count)
            guard !rest.isEmpty else { return NativeNode.Pair(key: key, value: .nothing) }
            if let text = NativeText.value(rest) {
                return NativeNode.Pair(key: key, value: .text(text))
            }
        }
        return nil
    }

    private mutating func contents(of block: Block, header: [Word]) -> NativeNode {
        let lines = block.directives
        guard header.count == 1, Self.lists.contains(header[0].text),
            lines.allSatisfy({ $0.block == nil })
        else {
            return mapping(of: lines) { writer, lines, used in
                lines.first.flatMap { writer.pair($0, unlike: used) }.map { ($0, 1) }
            }
        }
        return .sequence(lines.compactMap { item($0) })
    }

    /// keepalived's blocks whose lines begin with no keyword; they read best as a list.
    private static let lists: Set<String> = [
        "virtual_ipaddress", "virtual_ipaddress_excluded", "virtual_routes", "virtual_rules",
        "track_interface", "track_script", "track_file", "track_process", "track_backend",
        "track_check", "unicast_peer", "group", "notification_email", "interface_up_down_delays",
    ]

    // MARK: - Sections

    private mutating func add(_ section: HAProxySectionLines) {
        guard let key = NativeText.key(section.header.words[...]) else {
            return refuse(section.header)
        }
        let lines = section.lines
        add(
            key,
            lines.isEmpty
                ? .nothing
                : mapping(of: lines) { writer, lines, used in
                    writer.sectionPair(lines, unlike: used)
                })
    }

    /// The lines that begin with the same words as the first, as few as make a new key.
    private mutating func sectionPair(
        _ lines: ArraySlice<Directive>, unlike used: Set<NativeNode.Key>
    ) -> (NativeNode.Pair, count: Int)? {
        guard let first = lines.first?.words else { return nil }
        for count in first.indices.map({ $0 + 1 }) {
            let prefix = first.prefix(count)
            guard let key = NativeText.key(prefix), !used.contains(key) else { continue }
            let run = lines.prefix { line in
                line.words.count > count
                    && line.words.prefix(count).map(\.text) == prefix.map(\.text)
            }
            if run.count > 1 {
                let group = group(run.map { Directive(words: Array($0.words.dropFirst(count))) })
                return (NativeNode.Pair(key: key, value: group), run.count)
            }
            guard let pair = Self.pair(first[...], unlike: used, keyWords: count) else {
                return nil
            }
            return (pair, 1)
        }
        return nil
    }

    /// What follows the words that several lines have in common: by the next word where each line has
    /// one of its own and goes on after it, or else as a list, as rules are whose order counts.
    private mutating func group(_ lines: [Directive]) -> NativeNode {
        var used: Set<NativeNode.Key> = []
        var pairs: [NativeNode.Pair] = []
        for line in lines {
            guard line.words.count > 1, !["if", "unless"].contains(line.words[1].text),
                let pair = Self.pair(line.words[...]),
                pair.key == NativeText.key(line.words.prefix(1)), pair.value != .nothing,
                used.insert(pair.key).inserted
            else { return .sequence(lines.compactMap { item($0) }) }
            pairs.append(pair)
        }
        return .mapping(pairs)
    }

    private mutating func item(_ line: Directive) -> NativeNode? {
        if let text = NativeText.value(line.words[...]) { return .text(text) }
        if let pair = Self.pair(line.words[...]) { return .mapping([pair]) }
        refuse(line)
        return nil
    }

    /// Lines as a mapping, or as a list of mappings where a key comes again.
    private mutating func mapping(
        of lines: [Directive],
        next: (inout NativeWriter, ArraySlice<Directive>, Set<NativeNode.Key>) -> (
            NativeNode.Pair, count: Int
        )?
    ) -> NativeNode {
        var parts: [[NativeNode.Pair]] = [[]]
        var used: Set<NativeNode.Key> = []
        var rest = lines[...]
        while let first = rest.first {
            if let (pair, count) = next(&self, rest, used) {
                parts[parts.count - 1].append(pair)
                used.insert(pair.key)
                rest = rest.dropFirst(count)
            } else if used.isEmpty {
                refuse(first)
                rest = rest.dropFirst()
            } else {
                parts.append([])
                used = []
            }
        }
        return parts.count == 1 ? .mapping(parts[0]) : .sequence(parts.map { .mapping($0) })
    }
}

/// A section of haproxy's language as its lines.
private struct HAProxySectionLines {
    let header: Directive
    var lines: [Directive] = []

    var isDefaults: Bool { header.words.first?.text == "defaults" }

    /// Whether it takes over what `defaults` say.
    var inherits: Bool {
        ["listen", "frontend", "backend", "check"].contains(header.words.first?.text)
    }

    static let noDefaults = HAProxySectionLines(
        header: Directive(words: [Word(text: "defaults", position: .start)]))

    static func sections(of lines: [Directive]) -> [HAProxySectionLines] {
        var sections: [HAProxySectionLines] = []
        for line in lines {
            if let keyword = line.words.first, HAProxyReader.allSections.contains(keyword.text) {
                sections.append(HAProxySectionLines(header: line))
            } else if !sections.isEmpty {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections
    }
}

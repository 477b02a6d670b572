/// Reads native YAML: the sections of keepalived's and haproxy's languages, written as YAML.
///
/// A key begins a line of the language, and its value goes on with it:
/// - A plain scalar is the rest of the line, with haproxy's quotes and escapes.
/// - A scalar in quotes is one word.
/// - A mapping or a list is what the section or block has in it. Under a keyword of haproxy's, which has
///   no blocks, it is several lines that begin with the keyword.
///
/// So there is no third vocabulary, and what is said about a keyword holds in either form.
struct NativeReader {
    /// A file as lines of the two languages.
    struct Lines {
        var keepalived: [Directive] = []
        var haproxy: [Directive] = []
    }

    private var lines = Lines()
    private var remarks: [Remark] = []

    /// Reads one file.
    ///
    /// - Returns: Its lines, and what there is to say about it.
    static func read(_ text: SourceText) -> (lines: Lines, remarks: [Remark]) {
        let (documents, remarks) = YAMLReader.read(text)
        var reader = NativeReader()
        reader.remarks = remarks
        for document in documents { reader.takeSections(document) }
        return (reader.lines, reader.remarks)
    }

    private mutating func takeSections(_ node: YAMLNode) {
        switch node {
        case .nothing: break
        case .mapping(let pairs, _):
            for pair in pairs { takeSection(pair) }
        case .sequence(let items, _):
            for item in items { takeSections(item) }
        case .scalar(let scalar):
            remarks.append(
                .error(
                    "\(scalar.text.quoted) begins no section; one is a key, such as"
                        + " 'vrrp_instance NAME:' or 'listen NAME:'", at: scalar.position))
        }
    }

    private mutating func takeSection(_ pair: YAMLPair) {
        guard let keyword = pair.key.words.first else { return }
        if HAProxyReader.allSections.contains(keyword.text) {
            takeProxySection(pair)
        } else if KeepalivedReader.table.knows(keyword) {
            lines.keepalived.append(block(pair))
        } else {
            let known = HAProxyReader.allSections.union(KeepalivedReader.table.vocabulary)
            remarks.append(
                .error(
                    "\(keyword.text.quoted) begins no section of keepalived's or haproxy's language",
                    at: keyword.position, suggestion: known.nearest(to: keyword.text)))
        }
    }

    // MARK: - Lines in blocks

    private mutating func block(_ pair: YAMLPair) -> Directive {
        switch pair.value {
        case .nothing: return Directive(words: pair.key.words)
        case .scalar(let scalar): return Directive(words: pair.key.words + scalar.words)
        case .mapping, .sequence:
            var block = Block(opening: pair.value.position)
            block.directives = blockLines(pair.value)
            return Directive(words: pair.key.words, block: block)
        }
    }

    private mutating func blockLines(_ node: YAMLNode) -> [Directive] {
        switch node {
        case .nothing: return []
        case .scalar(let scalar): return [Directive(words: scalar.words)]
        case .mapping(let pairs, _): return pairs.map { block($0) }
        case .sequence(let items, _): return items.flatMap { item in blockLines(of: item) }
        }
    }

    private mutating func blockLines(of item: YAMLNode) -> [Directive] {
        guard case .sequence(_, let position) = item else { return blockLines(item) }
        refuseList(at: position)
        return []
    }

    // MARK: - Lines that begin with the same words

    private mutating func takeProxySection(_ pair: YAMLPair) {
        guard case .scalar(let scalar) = pair.value else {
            lines.haproxy.append(Directive(words: pair.key.words))
            for line in repeated([], pair.value) {
                if let keyword = line.first, HAProxyReader.allSections.contains(keyword.text) {
                    remarks.append(
                        .error(
                            "\(keyword.text.quoted) begins a section and cannot stand in one",
                            at: keyword.position))
                } else {
                    lines.haproxy.append(Directive(words: line))
                }
            }
            return
        }
        lines.haproxy.append(Directive(words: pair.key.words + scalar.words))
    }

    private mutating func repeated(_ prefix: [Word], _ node: YAMLNode) -> [[Word]] {
        switch node {
        case .nothing: return prefix.isEmpty ? [] : [prefix]
        case .scalar(let scalar): return [prefix + scalar.words]
        case .mapping(let pairs, _):
            return pairs.flatMap { pair in repeated(prefix + pair.key.words, pair.value) }
        case .sequence(let items, _):
            return items.flatMap { item in repeatedItem(prefix, item) }
        }
    }

    private mutating func repeatedItem(_ prefix: [Word], _ item: YAMLNode) -> [[Word]] {
        guard case .sequence(_, let position) = item else { return repeated(prefix, item) }
        refuseList(at: position)
        return []
    }

    private mutating func refuseList(at position: Position) {
        remarks.append(
            .error("a list cannot be an item of a list; write its words in one line", at: position))
    }
}

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
    private let map: HAProxyMap?

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
        map = try last.map { word throws(Remark) in try HAProxyMap(word, of: key) }
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
        table.entries = map.lines.flatMap { line in
            line.patterns.map { .init($0, backendName: known(line.value)) }
        }
        table.otherName = known(map.fallback ?? "")
        let idle = map.lines.filter { known($0.value) == nil }
        return (table, idle.first.map { (idle.count, ($0.value, $0.number)) })
    }

    /// The file of the map.
    var path: String? { map?.path }
    /// How many lines the map has.
    var lineCount: Int { map?.lines.count ?? 0 }
}

import VRRPCore

extension HAProxyMap {
    /// The keys that are texts.
    fileprivate var names: [NameMatch] {
        lines.flatMap(\.patterns).compactMap { if case .text(let name) = $0 { name } else { nil } }
    }

    /// The keys that may be found among small letters (`lower`), to be compared with those of any case.
    ///
    /// - Throws: A remark, where that cannot be told of an expression.
    fileprivate func smallNames(at criterion: Word) throws(Remark) -> [NameMatch] {
        var small: [NameMatch] = []
        for line in lines {
            guard case .text(var name)? = line.patterns.first else { continue }
            guard name.text.utf8.contains(where: { (0x41...0x5A).contains($0) }) else {
                name.ignoresCase = true
                small.append(name)
                continue
            }
            // A text with a capital letter is never found.
            guard name.method == .expression else { continue }
            throw .error(
                "line \(line.number) of \(path): \(name.text.quoted) has capital letters, of which"
                    + " ',lower' leaves none; write it without", at: criterion.position)
        }
        return small
    }
}

extension HAProxyCriterion {
    /// `SAMPLE,map…(FILE) -m found`: whether a map has a line for something, which is whether it is one of
    /// the file's keys.
    ///
    /// - Returns: `nil`: no map is asked.
    /// - Throws: A remark at the criterion, where something else is asked than whether there is a line.
    func mapQuestion() throws(Remark) -> ConnectionQuestion? {
        var items = criterion.items
        guard let last = items.popLast(), last.text.hasPrefix("map"), !items.isEmpty else {
            return nil
        }
        guard method == .found, values.isEmpty else {
            throw .error(
                "the criterion \(criterion.text.quoted): of a map only '-m found' is asked, whether it has"
                    + " a line; 'use_backend %[\(criterion.text)]' leads to where the line says",
                at: criterion.position)
        }
        var key = try Word(
            text: items.map(\.text).joined(separator: ","), position: criterion.position
        ).connectionKey(after: "acl")
        let map = try HAProxyMap(last, of: key)
        guard map.fallback == nil else {
            throw .error(
                "the criterion \(criterion.text.quoted): with a value for all others something is always"
                    + " found; leave it out", at: criterion.position)
        }
        var folds = false
        if case .converted(let plain, .lower) = key { (key, folds) = (plain, true) }
        let names = try folds ? map.smallNames(at: criterion) : map.names
        let prefixes = map.lines.flatMap(\.patterns).compactMap { pattern -> AddressPrefix? in
            if case .network(let prefix) = pattern { prefix } else { nil }
        }
        let numbers = names.compactMap { Int($0.text) }.sorted().joinedToRanges
        switch key {
        case .serverName: return .serverName(names)
        case .protocolName: return .protocolName(names)
        case .rdpCookie(let name): return .rdpCookie(name, names)
        case .headerText(let type): return .headerText(type, names)
        case .source: return .source(prefixes)
        case .destination: return .destination(prefixes)
        case .sourcePort where last.text.hasPrefix("map_int("): return .sourcePort(numbers)
        case .destinationPort where last.text.hasPrefix("map_int("):
            return .destinationPort(numbers)
        default:
            throw .error(
                "the criterion \(criterion.text.quoted): a map is asked about src or dst by map_ip, about"
                    + " a port by map_int, about req.ssl_sni, req.ssl_alpn, req.rdp_cookie and fc_pp_authority by map,"
                    + " map_beg, map_end, map_sub, map_dir, map_dom and map_reg",
                at: criterion.position)
        }
    }
}

extension [Int] {
    /// Numbers in ascending order, those that follow each other as one range.
    fileprivate var joinedToRanges: [ClosedRange<Int>] {
        reduce(into: []) { ranges, number in
            if let last = ranges.last, number == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
    }
}

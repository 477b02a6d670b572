/// Reads `stick-table type TYPE [len N] size N [expire T] [nopurge] [store DATUM,…] [peers P]`.
///
/// haproxy's configuration manual, section 4.2.
enum HAProxyStickTable {
    static func read(
        _ arguments: inout Arguments, in section: String
    ) throws(Remark) -> (table: StickTableSettings, peers: Word?) {
        var table = StickTableSettings(name: section, size: 0)
        var hasType = false
        var peers: Word?
        while let word = arguments.nextIfPresent() {
            switch word.text {
            case "type":
                try readType(&arguments, of: &table)
                hasType = true
            case "size": table.size = try arguments.next("a number, such as 100k").size()
            case "expire": table.lifetime = try arguments.time(isZeroAllowed: false)
            case "nopurge": table.keepsAll = true
            case "store":
                let word = try arguments.next("what is counted, such as conn_cur,conn_rate(10s)")
                for item in word.items { try store(item, in: &table, &arguments) }
            case "peers":
                peers = try arguments.next("the name of a peers section")
                table.peers = peers?.text
            case "srvkey", "write-to":
                let value = try arguments.next("a value")
                arguments.warn(
                    "'\(word.text) \(value.text)' of 'stick-table' is known but not implemented"
                        + " yet; it is ignored", at: word.position)
            default:
                throw .error(
                    "unknown word \(word.text.quoted) of 'stick-table'", at: word.position,
                    suggestion: ["type", "size", "expire", "nopurge", "store", "peers"].nearest(
                        to: word.text))
            }
        }
        guard hasType, table.size > 0 else {
            throw .error(
                "'stick-table' needs a type and a size, such as type ip size 100k",
                at: arguments.keyword.position)
        }
        let elements = table.counters.filter(\.datum.isArray).reduce(0) { $0 + $1.count }
        guard table.size * elements <= StickTableSettings.mostElements else {
            throw .error(
                "'stick-table' keeps arrays of \(elements) elements for each of \(table.size) keys; there"
                    + " may be 64m elements in all", at: arguments.keyword.position)
        }
        guard table.size * table.keyByteCount <= StickTableSettings.greatestKeyRoom else {
            throw .error(
                "'stick-table' keeps \(table.size) keys of \(table.keyByteCount) bytes; all of them may"
                    + " take 1g at most", at: arguments.keyword.position)
        }
        return (table, peers)
    }

    /// Reads a type, and after `string` and `binary` how many bytes of a key are kept.
    private static func readType(
        _ arguments: inout Arguments, of table: inout StickTableSettings
    ) throws(Remark) {
        table.kind = try arguments.next("ip, ipv6, integer, string or binary").kind()
        // haproxy's own: without 'len' the end of the text is one of 32.
        table.keyByteCount = table.kind == .string ? 31 : table.kind == .binary ? 32 : 0
        guard table.keyByteCount > 0, arguments.upcoming?.text == "len" else { return }
        arguments.skip(1)
        table.keyByteCount = try arguments.next("a number of bytes")
            .integer(in: 1...StickTableSettings.longestKey, of: "'len' of 'stick-table'")
    }

    /// Reads `NAME`, `NAME(PERIOD)`, `NAME(COUNT)` or `NAME(COUNT,PERIOD)` after `store`.
    private static func store(
        _ item: Word, in table: inout StickTableSettings, _ arguments: inout Arguments
    ) throws(Remark) {
        let name = String(item.text.prefix { $0 != "(" })
        // The server is kept wherever there is a 'stick'; without one its number is asked for, and 0.
        guard name != "server_id" else { return table.hasServerNumbers = true }
        guard let datum = StickDatum(rawValue: name) else {
            guard otherData.contains(name) else {
                throw .error(
                    "store \(item.text.quoted): there is no such datum", at: item.position,
                    suggestion: (StickDatum.allCases.map(\.rawValue) + ["server_id"])
                        .nearest(to: name))
            }
            return arguments.warn(
                "'store \(item.text)' of 'stick-table' is known but not implemented yet; it is"
                    + " ignored", at: item.position)
        }
        guard !table.counters.contains(where: { $0.datum == datum }) else {
            throw .error("store \(item.text): \(name) is stored already", at: item.position)
        }
        // haproxy has both in a table for neither to be the other's first elements.
        let rivals = datum.singles + StickDatum.allCases.filter { $0.singles.contains(datum) }
        if let rival = table.counters.map(\.datum).first(where: rivals.contains) {
            throw .error(
                "store \(item.text): \(name) and \(rival.rawValue) are the same; store one of them",
                at: item.position)
        }
        var argument = item.text.dropFirst(name.count)
        let count = datum.isArray ? try count(of: datum, &argument, item) : 1
        let period = try period(of: datum, argument, item)
        table.counters.append(.init(datum: datum, period: period, count: count))
    }

    /// Takes the number of an array's elements off, and leaves what else stands in the parentheses.
    private static func count(
        of datum: StickDatum, _ argument: inout Substring, _ item: Word
    ) throws(Remark) -> Int {
        let digits = argument.dropFirst().prefix { $0 != "," && $0 != ")" }
        guard argument.hasPrefix("("), let count = Int(digits),
            (1...StickTableSettings.longestArray).contains(count)
        else {
            throw .error(
                "store \(item.text): needs a number of elements, 1 to"
                    + " \(StickTableSettings.longestArray), such as \(datum.rawValue)"
                    + (datum.isRate ? "(3,10s)" : "(3)"), at: item.position)
        }
        let rest = argument.dropFirst(1 + digits.count)
        argument = rest == ")" ? "" : "(" + rest.dropFirst()
        return count
    }

    private static func period(
        of datum: StickDatum, _ argument: Substring, _ item: Word
    ) throws(Remark) -> Duration? {
        guard datum.isRate else {
            guard argument.isEmpty else {
                throw .error(
                    "store \(item.text): \(datum.rawValue) has no period", at: item.position)
            }
            return nil
        }
        guard argument.hasPrefix("("), argument.hasSuffix(")"), argument.count > 2 else {
            throw .error(
                "store \(item.text): needs a period, such as \(datum.rawValue)"
                    + (datum.isArray ? "(3,10s)" : "(10s)"), at: item.position)
        }
        let word = Word(text: String(argument.dropFirst().dropLast()), position: item.position)
        guard var arguments = Arguments(Directive(words: [item, word])) else { return nil }
        _ = try arguments.nextKeyword("a period")
        return try arguments.time(isZeroAllowed: false)
    }

    /// What haproxy's tables can hold besides.
    private static let otherData: Set<String> = [
        "glitch_cnt", "glitch_rate", "http_err_cnt", "http_err_rate", "http_fail_cnt",
        "http_fail_rate", "http_req_cnt", "http_req_rate", "server_key",
    ]
}

extension Word {
    fileprivate func kind() throws(Remark) -> StickTableSettings.Kind {
        if let kind = StickTableSettings.Kind(rawValue: text) { return kind }
        throw .error(
            "stick-table type \(text.quoted): must be ip, ipv6, integer, string or binary",
            at: position,
            suggestion: StickTableSettings.Kind.allCases.map(\.rawValue).nearest(to: text))
    }

    /// What stands between commas, those in parentheses left alone.
    var items: [Word] {
        var depth = 0
        let parts = text.split(omittingEmptySubsequences: false) { letter in
            if letter == "(" { depth += 1 }
            if letter == ")" { depth -= 1 }
            return letter == "," && depth == 0
        }
        var place = position
        return parts.map { part in
            defer { place.column += part.utf8.count + 1 }
            return Word(text: String(part), position: place)
        }
    }

    /// A number of entries, 1 to 16m.
    fileprivate func size() throws(Remark) -> Int {
        guard let size = quantity, size > 0, size <= 1 << 24 else {
            throw .error(
                "stick-table size \(text.quoted): must be a number of clients from 1 to 16m",
                at: position)
        }
        return size
    }
}

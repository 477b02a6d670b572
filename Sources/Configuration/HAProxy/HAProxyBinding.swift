/// What binds clients to servers: `stick-table`, `stick` and `use-server`.
struct HAProxyBinding: Sendable {
    private var table: StickinessSettings?
    private var matches = false
    private var stores = false
    /// What the rules tell clients apart by, and whether the table holds numbers.
    private var key: StickinessSettings.Key?
    private var holdsNumbers = false
    /// Where the first `stick` and the `stick-table` stand.
    private var rulePosition: Position?
    private var tablePosition: Position?

    /// Reads `stick-table type TYPE size N [expire T] [nopurge] [store …] [peers P]`.
    mutating func readTable(_ arguments: inout Arguments) throws(Remark) {
        tablePosition = arguments.keyword.position
        var table = StickinessSettings(size: 0)
        var hasType = false
        while let word = arguments.nextIfPresent() {
            switch word.text {
            case "type":
                let type = try arguments.next("ip, ipv6 or integer")
                table.isIPv4 = try type.isTypeOfIPv4()
                holdsNumbers = type.text == "integer"
                hasType = true
            case "size": table.size = try arguments.next("a number, such as 100k").size()
            case "expire": table.lifetime = try arguments.time(isZeroAllowed: false)
            case "nopurge": table.keepsAll = true
            case "store", "peers", "srvkey", "write-to":
                let value = try arguments.next("a value")
                // The server is what is kept.
                guard value.text != "server_id" else { continue }
                arguments.warn(
                    "'\(word.text) \(value.text)' of 'stick-table' is not supported, because a table"
                        + " holds each client's server alone; it is ignored", at: word.position)
            default:
                throw .error(
                    "unknown word \(word.text.quoted) of 'stick-table'", at: word.position,
                    suggestion: ["type", "size", "expire", "nopurge", "store"].nearest(
                        to: word.text))
            }
        }
        guard hasType, table.size > 0 else {
            throw .error(
                "'stick-table' needs a type and a size, such as type ip size 100k",
                at: arguments.keyword.position)
        }
        self.table = table
    }

    /// Reads `stick on|match|store-request KEY [table NAME]`.
    mutating func readRule(_ arguments: inout Arguments, in section: String) throws(Remark) {
        let position = arguments.keyword.position
        let kind = try arguments.next("on, match or store-request")
        guard ["on", "match", "store-request"].contains(kind.text) else {
            throw .error(
                "stick \(kind.text.quoted): must be on, match or store-request", at: kind.position)
        }
        let word = try arguments.next("src, dst or dst_port")
        guard let key = StickinessSettings.Key(rawValue: word.text) else {
            throw .error(
                "stick \(kind.text) \(word.text.quoted) is not supported, because clients are told"
                    + " apart by ends of their connections; write src, dst or dst_port",
                at: word.position)
        }
        guard self.key == nil || self.key == key else {
            throw .error(
                "stick \(kind.text) \(key.rawValue): the rules of a section have one key, and there is"
                    + " one with another above", at: word.position)
        }
        self.key = key
        while let word = arguments.nextIfPresent() {
            guard word.text == "table" else {
                throw .error(
                    "\(word.text.quoted) after 'stick \(kind.text) \(key.rawValue)' is not supported, because all"
                        + " clients of a section are bound alike", at: word.position)
            }
            let name = try arguments.next("the name of this section")
            guard name.text == section else {
                throw .error(
                    "table \(name.text.quoted) is not supported, because each section's servers have a"
                        + " table of their own; put the 'stick-table' into this section",
                    at: name.position)
            }
        }
        if kind.text != "store-request" { matches = true }
        if kind.text != "match" { stores = true }
        rulePosition = rulePosition ?? position
    }

    /// What holds in the end; `nil`: nobody is bound.
    func finish(_ remarks: inout [Remark]) -> StickinessSettings? {
        guard var table else {
            if let rulePosition {
                remarks.append(
                    .error(
                        "'stick' needs a table in its section, such as 'stick-table type ip size"
                            + " 100k expire 30m'", at: rulePosition))
            }
            return nil
        }
        guard matches || stores else {
            if let tablePosition {
                remarks.append(
                    .warning(
                        "'stick-table' has no effect without 'stick on src' in its section",
                        at: tablePosition))
            }
            return nil
        }
        (table.matches, table.stores) = (matches, stores)
        table.key = key ?? .source
        if let rulePosition, holdsNumbers != (table.key == .destinationPort) {
            let type = holdsNumbers ? "ip or ipv6" : "integer"
            remarks.append(
                .error(
                    "'stick' by \(table.key.rawValue) needs a table of type \(type)",
                    at: rulePosition))
        }
        return table
    }
}

extension HAProxySection {
    /// Keywords that bind clients to servers; haproxy's configuration manual, section 4.2.
    static let bindingKeywords: [String: Rule<HAProxySection>] = [
        "stick-table": .line { section, arguments throws(Remark) in
            try section.binding.readTable(&arguments)
        },
        "stick": .each { section, arguments throws(Remark) in
            try section.binding.readRule(&arguments, in: section.name.text)
        },
        "use-server": .each { section, arguments throws(Remark) in
            try section.routing.addServer(&arguments)
        },
    ]
}

extension Word {
    fileprivate func isTypeOfIPv4() throws(Remark) -> Bool {
        switch text {
        case "ip": return true
        case "ipv6", "integer": return false
        default:
            throw .error(
                "stick-table type \(text.quoted) is not supported, because clients are told apart by"
                    + " ends of their connections; write ip, ipv6 or integer", at: position)
        }
    }

    /// A number with haproxy's `k`, `m` or `g`.
    fileprivate func size() throws(Remark) -> Int {
        let units: [Character: Int] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        let digits = unit == nil ? Substring(text) : text.dropLast()
        guard let number = Int(digits), number > 0,
            case let (size, isOver) = number.multipliedReportingOverflow(by: unit ?? 1), !isOver,
            size <= 1 << 24
        else {
            throw .error(
                "stick-table size \(text.quoted): must be a number of clients from 1 to 16m",
                at: position)
        }
        return size
    }
}

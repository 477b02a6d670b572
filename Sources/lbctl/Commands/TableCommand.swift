#if Program
internal import ArgumentParser
internal import Control

/// Looks into stick tables and changes them: `lbctl table VERB [NAME [KEY]]`.
struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "table", abstract: "Show what stick tables hold, and change it.",
        subcommands: [Show.self, Clear.self, Set.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show all tables, all keys of one, or one key.",
            discussion: """
                For each key: by how many connections it is tracked (use), in how many \
                milliseconds it is forgotten (exp; 0: as long as there is room), its server, and what \
                is counted. In a text, what does not print and '\\' are written as \\xHH.
                """)
        @OptionGroup var control: ControlOptions
        @Argument(help: "The table: the name of its section.")
        var table: String?
        @Argument(help: "The key, as it is shown.")
        var key: String?
        @Flag(help: "Print one JSON document.")
        var json = false

        func run() throws {
            guard let table else { return try showTables() }
            var part = try control.part(TableOrder(table: table, key: key, action: .show(from: 0)))
            if let key, part.entries.isEmpty {
                throw Failure(.notSo, "table '\(table)': no key is '\(key)'")
            }
            guard json else {
                print(TableText.head(table, part.table), terminator: "")
                while true {
                    print(TableText.lines(part), terminator: "")
                    guard let next = part.next else { return }
                    part = try control.part(TableOrder(table: table, action: .show(from: next)))
                }
            }
            // However many there are, no more than a part of them is held here.
            print(
                "{\"name\":\(JSONText.line(table)),\"table\":\(JSONText.line(part.table)),"
                    + "\"store\":\(JSONText.line(part.store)),\"entries\":[", terminator: "")
            var separator = "\n"
            while true {
                for entry in part.entries {
                    print(separator + JSONText.line(entry), terminator: "")
                    separator = ",\n"
                }
                guard let next = part.next else { return print("]}") }
                part = try control.part(TableOrder(table: table, action: .show(from: next)))
            }
        }

        private func showTables() throws {
            let tables = try control.status().proxies.compactMap { proxy in
                proxy.table.map { NamedTable(name: proxy.name, table: $0) }
            }
            guard !json else { return print(JSONText.line(tables)) }
            for named in tables { print(TableText.head(named.name, named.table), terminator: "") }
        }

        private struct NamedTable: Encodable {
            let name: String
            let table: StickTableStatus
        }
    }

    struct Clear: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget a key, or all; those that connections are tracked by stay.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The table: the name of its section.")
        var table: String
        @Argument(help: "The key, as it is shown.")
        var key: String?
        @Flag(help: "Forget all keys.")
        var all = false

        func validate() throws {
            guard (key == nil) == all else {
                throw ValidationError("say which key is to be forgotten, or --all")
            }
        }

        func run() throws {
            try control.say(.table(TableOrder(table: table, key: key, action: .clear)))
        }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set what is counted of a key, which is entered if it is not known.")
        @OptionGroup var control: ControlOptions
        @Argument(help: "The table: the name of its section.")
        var table: String
        @Argument(help: "The key, as it is shown.")
        var key: String
        @Argument(help: "What to set: gpt0=7, gpc0=0, conn_cnt=3 …")
        var values: [String]

        func run() throws {
            var data: [String: Int] = [:]
            for word in values {
                let parts = word.split(separator: "=", omittingEmptySubsequences: false)
                guard parts.count == 2, let value = Int(parts[1]), value >= 0 else {
                    throw Failure(
                        .badInput, "'\(word)': must be DATUM=NUMBER, 'gpt0=7' for example")
                }
                data[String(parts[0])] = value
            }
            try control.say(.table(TableOrder(table: table, key: key, action: .set(data))))
        }
    }
}

extension ControlOptions {
    fileprivate func part(_ order: TableOrder) throws(Failure) -> TablePart {
        guard case .table(let part) = try ask(.table(order)) else {
            throw Failure(.internalError, "the program answered something else than a table")
        }
        return part
    }
}
#endif

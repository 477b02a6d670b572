/// Stick tables as haproxy's `show table` has them, for `lbctl table show`.
public enum TableText {
    /// `# table: NAME, type: TYPE, size:N, used:N`.
    ///
    /// - Parameters:
    ///   - name: The table's name.
    ///   - table: The table.
    /// - Returns: A line with its end.
    public static func head(_ name: String, _ table: StickTableStatus) -> String {
        "# table: \(Readable.line(name)), type: \(Readable.line(table.type)), size:\(table.size),"
            + " used:\(table.used)\n"
    }

    /// `key=KEY use=N exp=MS server=NAME DATUM=N …`, a line for each entry.
    ///
    /// - Parameter part: The entries.
    /// - Returns: Lines with their ends.
    public static func lines(_ part: TablePart) -> String {
        part.entries.map { entry in
            var words = ["key=\(entry.key)", "use=\(entry.use)", "exp=\(entry.exp ?? 0)"]
            if let server = entry.server { words.append("server=\(server)") }
            words += part.store.map { name in
                let datum = String(name.prefix { $0 != "(" })
                return "\(name)=\(entry.data[datum] ?? 0)"
            }
            return Readable.line(words.joined(separator: " ")) + "\n"
        }.joined()
    }
}

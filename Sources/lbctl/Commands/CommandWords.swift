#if Program
internal import ArgumentParser
internal import NodeConfiguration

extension ParsableCommand {
    /// Finds a word that names no command where one is wanted.
    ///
    /// The parser would count all words from there on as too many; after `help` it would pass them over.
    ///
    /// - Parameter arguments: What stands behind the program's name.
    /// - Throws: `Failure` that says which command may be meant, or which there are.
    static func checkWords(_ arguments: some Collection<String>) throws(Failure) {
        var words = arguments.prefix { !$0.hasPrefix("-") }[...]
        if words.first == "help" { words.removeFirst() }
        var (command, path): (any ParsableCommand.Type, [String]) = (Self.self, [])
        for word in words {
            let known = command.configuration.subcommands
            guard !known.isEmpty else { return }
            guard let next = known.first(where: { $0._commandName == word }) else {
                throw command.unknown(word, after: path, of: Self.self)
            }
            command = next
            path.append(word)
        }
    }

    private static func unknown(
        _ word: String, after path: [String], of root: any ParsableCommand.Type
    ) -> Failure {
        let shown = configuration.subcommands.filter { $0.configuration.shouldDisplay }
        let names = shown.map { $0._commandName } + (path.isEmpty ? ["help"] : [])
        // Whoever leaves out the first word of two means the same.
        let elsewhere = root.configuration.subcommands.first { group in
            group.configuration.subcommands.contains { $0._commandName == word }
        }
        let hint =
            if let elsewhere {
                "did you mean '\(elsewhere._commandName) \(word)'?"
            } else if let name = names.nearest(to: word) {
                "did you mean '\((path + [name]).joined(separator: " "))'?"
            } else {
                "there are: \(names.joined(separator: ", "))"
            }
        let what = (path + [word]).joined(separator: " ")
        return Failure(.badInput, "no command is named '\(what)'; \(hint)")
    }
}
#endif

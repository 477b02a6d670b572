#if Program
internal import NodeConfiguration

extension Failure {
    /// Says that there is nothing of a name, which names there are, and which one may be meant.
    ///
    /// - Parameters:
    ///   - kind: What it would be the name of: `backend`.
    ///   - name: The name.
    ///   - known: The names that there are; some of them are told.
    /// - Returns: What to throw.
    static func unknown(_ kind: String, _ name: String, _ known: [String]) -> Failure {
        let most = 10
        let rest = known.count > most ? " and \(known.count - most) more" : ""
        let others =
            known.isEmpty
            ? "there is none" : "there are: \(known.prefix(most).joined(separator: ", "))\(rest)"
        let suggestion = known.nearest(to: name).map { "; did you mean '\($0)'?" } ?? ""
        return Failure(.notSo, "no \(kind) is named '\(name)'; \(others)\(suggestion)")
    }
}
#endif

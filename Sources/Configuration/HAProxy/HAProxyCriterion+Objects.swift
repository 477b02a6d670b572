/// Criteria with something in parentheses: a pool, a server, a part of what the client said.
extension HAProxyCriterion {
    /// A backend's name; nothing: the section's own servers.
    func backend(_ argument: String?, of name: String) throws(Remark) -> String {
        if let argument, !argument.isEmpty { return argument }
        guard hasServers else {
            throw .error(
                "\(name) asks about this section, which is a frontend and has no servers; write a"
                    + " backend's name in parentheses, such as \(name)(web)",
                at: criterion.position)
        }
        return section
    }

    /// `BACKEND/SERVER`, or a server of this section.
    func server(_ argument: String?, of name: String) throws(Remark) -> ServerReference {
        let parts = (argument ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
            let server = parts.last
        else {
            throw .error(
                "\(name) needs a server in parentheses, such as \(name)(web/a)",
                at: criterion.position)
        }
        return ServerReference(
            backend: parts.count == 2 ? String(parts[0]) : section, server: String(server))
    }

    /// The name of a cookie; nothing: any.
    func cookieName(_ argument: String?) throws(Remark) -> String {
        guard let argument else { return "" }
        return try criterion.cookieName("\(argument))")
    }

    /// `OFFSET,LENGTH`; a length of 0 is all that has come.
    func payload(_ argument: String?) throws(Remark) -> ConnectionQuestion {
        let slice = try criterion.payloadSlice(argument ?? "")
        guard let method else {
            throw .error(
                "\(criterion.text.quoted): needs '-m' with how bytes are compared: bin, str, beg, end,"
                    + " sub, reg or found", at: criterion.position)
        }
        if method != .found { _ = try needingValues() }
        return .payload(slice, try patterns(method))
    }
}

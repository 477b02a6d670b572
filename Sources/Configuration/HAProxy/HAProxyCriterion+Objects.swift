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

    /// A number that there is one of, so that nothing stands in parentheses.
    func plainNumber(_ name: String, _ argument: String?) throws(Remark) -> ConnectionQuestion {
        guard argument?.isEmpty ?? true else {
            throw .error(
                "\(criterion.text.quoted) takes nothing in parentheses", at: criterion.position)
        }
        let ranges = try ranges(unlessSaid: 1...Int.max)
        switch name {
        case "dst_conn": return .listenerConnections(ranges)
        case "so_id": return .listenerNumber(ranges)
        // As haproxy since 2.5: a process has threads instead.
        default: return .constant(ranges.contains { $0.contains(1) })
        }
    }

    /// How many numbers there are to draw from; nothing: those of 32 bits.
    func bound(_ argument: String?) throws(Remark) -> Int {
        guard let argument, !argument.isEmpty else { return 1 << 32 }
        guard let count = Int(argument), (0...1 << 32).contains(count) else {
            throw .error(
                "\(criterion.text.quoted): needs how many numbers to draw from, 0 to \(1 << 32), such"
                    + " as rand(100), which draws 0 to 99", at: criterion.position)
        }
        // As haproxy: of none, 0 is drawn.
        return max(1, count)
    }

    /// The variable that stands in parentheses.
    func variable(_ argument: String?) throws(Remark) -> VariableName {
        let text = argument ?? ""
        guard !text.contains(",") else {
            throw .error(
                "\(criterion.text.quoted): a default is not offered; ask '-m found' first",
                at: criterion.position)
        }
        return try criterion.variableName(text[...])
    }

    /// What a variable is compared with, which has to be said: it may be anything.
    func comparison() throws(Remark) -> VariableComparison {
        switch (form, method) {
        case ("int"?, _):
            // What is below a number has no least one, unlike what is counted. Deviation: haproxy reads
            // `-- -1` as a range up to 1, and refuses `-1:5`.
            return .numbers(try ranges(from: .min))
        case ("ip"?, _): return .networks(try prefixes())
        case (_, .found?): return .found
        case (_, let method?):
            _ = try needingValues()
            return .texts(try patterns(method))
        case (_, nil):
            throw .error(
                "\(criterion.text.quoted): needs '-m' with how it is compared: int, ip, str, beg, end,"
                    + " sub, dir, dom, len, reg, bin or found", at: criterion.position)
        }
    }

    /// What is asked about the packet that a client of MQTT begins with; `nil`: something else is asked.
    func mqttQuestion() throws(Remark) -> ConnectionQuestion? {
        try criterion.mqttQuestion(values) { () throws(Remark) in
            if method != .found { _ = try needingValues() }
            return try patterns(method ?? .exact)
        }
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
                    + " sub, dir, dom, len, reg or found", at: criterion.position)
        }
        if method != .found { _ = try needingValues() }
        return .payload(slice, try patterns(method))
    }
}

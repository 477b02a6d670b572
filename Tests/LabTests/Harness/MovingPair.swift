import Glibc

/// Which program runs in which of the two nodes.
enum PairOfPrograms {
    case ours, keepalivedSecond, keepalivedFirst

    func isKeepalived(_ node: Lab.Node) -> Bool {
        switch self {
        case .ours: false
        case .keepalivedSecond: node == .lb2
        case .keepalivedFirst: node == .lb1
        }
    }
}

/// Two nodes with files in keepalived's language, run by lbctl or by keepalived itself.
struct MovingPair {
    let lab: Lab

    /// Starts a program in each node, or in one.
    func start(
        _ programs: PairOfPrograms, only: Lab.Node? = nil, _ text: (Lab.Node) -> String
    ) throws -> [LabProgram] {
        try [Lab.Node.lb1, .lb2].filter { only == nil || only == $0 }.map { node in
            let path = try lab.write(text(node), to: "moves-\(node).conf")
            let command =
                programs.isKeepalived(node)
                ? [
                    "keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp",
                    "--use-file", path,
                ]
                : [Lab.binary("lbctl"), "run", path]
            return try lab.start(node, command, log: "moves-\(node)-\(getpid())")
        }
    }

    /// Starts our program in lb1, and in lb2 once lb1 has the addresses.
    ///
    /// Of two that start at once either may be Active first: who listens first, waits first, and there is
    /// nobody to hear until the other one has waited as well.
    func startInTurn(
        _ addresses: [String], within limit: Duration, _ text: (Lab.Node) -> String
    ) throws -> [LabProgram] {
        let first = try start(.ours, only: .lb1, text)
        try awaitHolder(.lb1, of: addresses, within: limit, running: first)
        return try first + start(.ours, only: .lb2, text)
    }

    /// Waits until lb2 has taken so many advertisements of lb1.
    func awaitAdvertisements(_ count: Int, within limit: Duration) throws(LabError) {
        var status = ""
        try eventually(within: limit, "lb2 has heard lb1 \(count) times: \(status)") {
            () throws(LabError) -> Void? in
            status = try lab.run(.lb2, Lab.binary("lbctl"), "status", "--json").text
            guard let heard = status.firstMatch(of: /"accepted" ?: ?(\d+)/) else { return nil }
            return Int(heard.1) ?? 0 >= count ? () : nil
        }
    }

    /// Which of the addresses a node has.
    func holds(_ node: Lab.Node, _ addresses: [String]) throws(LabError) -> [Bool] {
        let present = try lab.require(node, "ip", "-o", "address", "show")
        return addresses.map { present.contains(" \($0)/") }
    }

    /// Waits until one node, and only it, has all of the addresses.
    func awaitHolder(
        _ node: Lab.Node, of addresses: [String], within limit: Duration,
        running programs: [LabProgram]
    ) throws(LabError) {
        let other: Lab.Node = node == .lb1 ? .lb2 : .lb1
        let logs = { programs.map(\.log).joined(separator: "\n---\n") }
        try eventually(within: limit, "\(node) alone holds \(addresses): \(logs())") {
            () throws(LabError) -> Void? in
            for program in programs where program.exit != nil {
                throw LabError("a program ended: \(program.log)")
            }
            guard try holds(node, addresses).allSatisfy(\.self) else { return nil }
            return try holds(other, addresses).contains(true) ? nil : ()
        }
    }
}

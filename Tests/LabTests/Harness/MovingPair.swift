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

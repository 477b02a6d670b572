import Glibc

/// `lbctl run` with the seed's two files, in one node.
struct SeedNode {
    let program: LabProgram
    private let node: Lab.Node
    private let lab: Lab

    init(_ node: Lab.Node, in lab: Lab) throws {
        self.node = node
        self.lab = lab
        program = try lab.start(
            node,
            [Lab.binary("lbctl"), "run", SeedFiles.keepalived(node), SeedFiles.haproxy(node)],
            log: "lbctl-\(node)")
    }

    /// Kills the balancer process, and its successors as long as the result is held.
    func keepBalancerDown() throws -> ChildProcess {
        try ChildProcess(
            [Lab.repository + "/Lab/keep-balancer-down", String(program.pid)],
            outputPath: lab.scratch + "/keep-balancer-down.log")
    }
}

extension Lab {
    /// Both nodes with lbctl and the seed's files, lb1 holding the virtual address.
    func startSeed() throws -> (lb1: SeedNode, lb2: SeedNode) {
        let nodes = (lb1: try SeedNode(.lb1, in: self), lb2: try SeedNode(.lb2, in: self))
        do {
            try awaitHolder(
                .lb1, within: .seconds(12), running: [nodes.lb1.program, nodes.lb2.program])
        } catch {
            throw LabError(
                "\(error)\nlb1's log:\n\(nodes.lb1.program.log)\nlb2's log:\n\(nodes.lb2.program.log)"
            )
        }
        return nodes
    }

    /// What the client gets through the virtual address: "web01" or "web02".
    func server(ofPlainRequest path: String = "/") throws(LabError) -> String {
        try servedBy(["http://172.17.0.5" + path])
    }

    /// What the client gets through the virtual address by TLS: "web01" or "web02".
    func server(ofTLSRequest path: String = "/") throws(LabError) -> String {
        try servedBy(["--cacert", "/keys/cert.crt", "https://lb.domain.tld" + path])
    }

    private func servedBy(_ arguments: [String]) throws(LabError) -> String {
        let output = try run(.client, ["curl", "-sS", "-m", "5"] + arguments)
        guard output.isSuccess, output.text.hasPrefix("blog.ziirish.info through web") else {
            throw LabError("curl \(arguments): \(output.exit): \(output.text)")
        }
        return String(output.text.dropFirst("blog.ziirish.info through ".count).dropLast())
    }

    /// The status column of a server in the statistics of `node`, such as "UP" or "DOWN".
    func status(of server: String, in proxy: String, on node: Node) throws(LabError) -> String? {
        let address = node == .lb1 ? "10.0.0.6" : "10.0.0.7"
        let table = try require(
            .client, "curl", "-sS", "-f", "-m", "5", "-u", "utilisateur:motdepasse",
            "http://\(address)/stats;csv"
        ).split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        guard let column = table.first?.firstIndex(of: "status") else { return nil }
        let row = table.first { $0.count > column && $0[0] == proxy && $0[1] == server }
        return row.map { String($0[column]) }
    }

    /// Waits until the statistics of `node` give a server that status.
    func awaitStatus(
        _ status: String, of server: String, in proxy: String, on node: Node,
        within limit: Duration
    ) throws(LabError) {
        try eventually(within: limit, "\(proxy)/\(server) is \(status) on \(node)") {
            () throws(LabError) -> Void? in
            let found = try self.status(of: server, in: proxy, on: node)
            return found?.hasPrefix(status) == true ? () : nil
        }
    }
}

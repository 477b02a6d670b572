import Glibc

/// A router of the lab that speaks VRRP: lbctl, or Debian's keepalived, with a file of one text.
struct Speaker {
    enum Kind: String {
        case lbctl, keepalived

        var other: Kind { self == .lbctl ? .keepalived : .lbctl }
    }

    let kind: Kind
    let node: Lab.Node
    let program: LabProgram

    init(_ kind: Kind, _ node: Lab.Node, in lab: Lab, _ text: String) throws {
        self.kind = kind
        self.node = node
        let path = try lab.write(text, to: "\(kind.rawValue)-\(node.rawValue).conf")
        let command =
            switch kind {
            case .lbctl: [Lab.binary("lbctl"), "run", path]
            case .keepalived:
                ["keepalived", "--dont-fork", "--log-console", "--log-detail", "--vrrp"]
                    + ["--use-file", path]
            }
        program = try lab.start(node, command, log: "\(kind.rawValue)-\(node.rawValue)")
    }

    /// Resigns, and waits for the end.
    func stop() throws {
        program.signal(SIGTERM)
        _ = try program.awaitExit(within: .seconds(10))
    }
}

/// A `vrrp_instance` of keepalived's language on `eth1`.
func vrrpInstance(
    _ name: String, vrid: Int, priority: Int, _ addresses: [String], _ lines: String...
) -> String {
    """
    vrrp_instance \(name) {
        interface eth1
        state BACKUP
        virtual_router_id \(vrid)
        priority \(priority)
        \(lines.joined(separator: "\n    "))
        virtual_ipaddress {
            \(addresses.joined(separator: "\n        "))
        }
    }

    """
}

extension Lab {
    /// Which of these addresses `eth1` of a node holds.
    func held(_ addresses: [String], by node: Node) throws(LabError) -> Set<String> {
        let text = try require(node, "ip", "-o", "address", "show", "dev", "eth1")
        return Set(addresses.filter { text.contains(" \($0)/") })
    }

    /// Waits until `node` holds all of these addresses, and the other node none.
    func await(_ addresses: [String], at node: Node, within limit: Duration) throws(LabError) {
        let other: Node = node == .lb1 ? .lb2 : .lb1
        try eventually(within: limit, "\(node) alone holds \(addresses)") {
            () throws(LabError) -> Void? in
            let (own, others) = (
                try held(addresses, by: node), try held(addresses, by: other)
            )
            return own.count == addresses.count && others.isEmpty ? () : nil
        }
    }

    /// The link-local address of `eth1` of a node, once the kernel has checked it.
    func linkLocalAddress(_ node: Node) throws(LabError) -> String {
        try eventually(within: .seconds(5), "\(node) has a link-local address") {
            () throws(LabError) -> String? in
            let text = try require(
                node, "ip", "-6", "-o", "address", "show", "dev", "eth1", "scope", "link")
            guard !text.contains("tentative") else { return nil }
            let words = text.split(separator: " ")
            return words.firstIndex(of: "inet6").map {
                String(words[$0 + 1].prefix { $0 != "/" })
            }
        }
    }

    /// The figure at a path of `lbctl status --json`, as text: `virtualRouters[0].peers[0].accepted`.
    func status(_ node: Node) throws(LabError) -> String {
        try require(node, Lab.binary("lbctl"), "status")
    }
}

/// What an interface of a node sees of VRRP, kept in a file for tshark to judge.
struct VRRPCapture {
    private let program: LabProgram
    private let path: String
    private let lab: Lab

    init(_ node: Lab.Node, on interface: String = "eth1", in lab: Lab) throws {
        self.lab = lab
        path = "\(lab.scratch)/\(node.rawValue)-\(interface)-\(getpid()).pcap"
        program = try lab.start(
            node,
            [
                "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-i", interface, "-w", path,
                "ip proto 112 or ip6 proto 112",
            ],
            log: "tcpdump-\(node.rawValue)-\(interface)")
        try program.awaitLog("listening on", within: .seconds(5))
    }

    /// Ends the capture.
    ///
    /// - Returns: How many packets tshark read as VRRP, and one line for each that it complains of:
    ///   malformed, a bad checksum, or anything that it warns of.
    func stop() throws -> (count: Int, complaints: [String]) {
        program.signal(SIGTERM)
        _ = try program.awaitExit(within: .seconds(5))
        return (
            try tshark("vrrp").count,
            // 0x600000: a warning; above it is an error.
            try tshark(
                "_ws.malformed || _ws.expert.severity >= 0x600000 || vrrp.checksum.status == 0")
                + tshark("!vrrp")
        )
    }

    private func tshark(_ filter: String) throws -> [String] {
        let output = try lab.run(
            .client, ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-Y", filter])
        guard output.isSuccess else { throw LabError("tshark: \(output.text)") }
        return output.lines.filter { !$0.hasPrefix("Running as user") }
    }
}

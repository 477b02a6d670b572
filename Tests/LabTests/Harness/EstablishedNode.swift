import Foundation

/// Debian's keepalived with the seed's file and its haproxy with the same proxies, in one node.
struct EstablishedNode {
    let failover: LabProgram
    let balancer: LabProgram

    init(_ node: Lab.Node, in lab: Lab) throws {
        // As the post says: haproxy listens on an address that the other node may hold.
        try lab.require(node, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind")
        var text = Lab.text(of: Lab.repository + "/Lab/haproxy-2.6.cfg")
        if node == .lb2 { text = text.replacing("bind 10.0.0.6:80", with: "bind 10.0.0.7:80") }
        let file = try lab.write(text, to: "haproxy-\(node).cfg")
        balancer = try lab.start(node, ["haproxy", "-db", "-f", file], log: "haproxy-\(node)")
        failover = try lab.start(
            node,
            ["keepalived", "--dont-fork", "--log-console", "--log-detail", "--use-file"]
                + [SeedFiles.keepalived(node)],
            log: "keepalived-\(node)")
    }
}

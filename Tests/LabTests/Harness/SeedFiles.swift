/// The post's files, as the examples hold them.
enum SeedFiles {
    static func keepalived(_ node: Lab.Node) -> String {
        folder + (node == .lb1 ? "keepalived-master.conf" : "keepalived-backup.conf")
    }

    static func haproxy(_ node: Lab.Node) -> String {
        folder + (node == .lb1 ? "haproxy.cfg" : "haproxy-lb2.cfg")
    }

    private static let folder = Lab.repository + "/Examples/seed/"
}

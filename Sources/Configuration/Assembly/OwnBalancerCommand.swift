/// The commands by which keepalived users ask whether haproxy runs.
///
/// Beside a haproxy file that this program serves, no process of that name exists; the question
/// is then about the program's own balancer.
enum OwnBalancerCommand {
    /// Whether the command asks for a process named haproxy and does nothing else.
    static func matches(_ command: [String]) -> Bool {
        guard let path = command.first, let program = path.split(separator: "/").last else {
            return false
        }
        let arguments = Array(command.dropFirst())
        return known[String(program)]?.contains(arguments) ?? false
    }

    private static let known: [String: [[String]]] = [
        "killall": [["-0", "haproxy"]],
        "pidof": [["haproxy"]],
        "pgrep": [["haproxy"], ["-x", "haproxy"]],
    ]
}

#if Program
import LinuxIO
import Testing

extension ProgramFolder {
    /// A virtual router that follows a pool, for a program started by `startElecting`.
    func electionFile(
        priority: Int = 100, interval: String = "0.1", tracking lines: String
    ) throws -> String {
        try write(
            """
            vrrp_script own {
                script "killall -0 haproxy"
                interval 1
                weight 50
            }
            vrrp_instance VI_1 {
                interface lan
                virtual_router_id 51
                priority \(priority)
                advert_int \(interval)
                version 3
                virtual_ipaddress {
                    10.77.0.9
                }
                track_script {
                    own
                }
                \(lines)
            }

            """, to: "election.conf")
    }

    /// Starts `lbctl run` with an election, alone on a network of its own.
    ///
    /// - Parameters:
    ///   - arguments: What it is started with.
    ///   - log: Where it writes to.
    ///   - capture: Where advertisements are written to, a line each; `nil`: nowhere.
    ///   - isFirst: Whether it runs in real time.
    ///   - environment: What it finds in its environment beside the usual.
    /// - Returns: The program.
    /// - Throws: `SystemError`, where it does not start.
    func startElecting(
        _ arguments: String..., log: String = "log", capture: String? = nil, isFirst: Bool = false,
        environment: [String] = []
    ) throws -> RunningProgram {
        let script = """
            ip link set lo up
            ip link add lan type veth peer name end
            ip link set lan up
            ip link set end up
            ip address add 10.77.0.1/24 dev lan
            \(capture.map(capturing) ?? "")
            exec env \(environment.joined(separator: " ")) \(Self.binary) run \(isFirst ? "" : "--no-realtime") --control \(control) \(arguments.joined(separator: " "))
            """
        return try adopt(
            RunningProgram(
                ["unshare", "--net", "sh", "-ec", script], in: self, output: log, errors: log))
    }

    /// Writes advertisements to a file as long as the program runs that becomes of the shell.
    ///
    /// That is the parent, whose end ends this one too; as another user than root it would forget it.
    private func capturing(to name: String) -> String {
        "setpriv --pdeathsig TERM tcpdump -Z root -i end -n -tt -l vrrp >\(path)/\(name) 2>/dev/null &"
    }
}
#endif

import Glibc
import Testing

extension InTheLab {
    /// What an operator does with a running pair, through `lbctl` alone.
    @Suite struct `An operator moves the address` {
        let lab: Lab

        init() throws { lab = try Lab() }

        /// The seed's file for keepalived, ten times as fast, with lines put before `track_script`.
        private func configuration(_ node: Lab.Node, adding lines: String) -> String {
            let text = Lab.text(of: SeedFiles.keepalived(node)).replacing(
                "virtual_router_id", with: "version 3\nadvert_int 0.1\nvirtual_router_id")
            let parts = text.split(separator: "        track_script {", maxSplits: 1)
            guard parts.count == 2 else { return "" }
            return parts[0] + lines + "\n        track_script {" + parts[1]
        }

        private func start(_ node: Lab.Node, adding lines: String = "") throws -> LabProgram {
            let path = try lab.write(
                configuration(node, adding: lines), to: "keepalived-\(node).conf")
            return try lab.start(
                node, [Lab.binary("lbctl"), "run", path, SeedFiles.haproxy(node)],
                log: "lbctl-\(node)")
        }

        private func lbctl(_ node: Lab.Node, _ arguments: String...) throws -> String {
            let output = try lab.run(node, [Lab.binary("lbctl")] + arguments)
            #expect(output.isSuccess, "\(output.text)")
            return output.text
        }

        @Test func `release, takeover, and the plan of a reload`() throws {
            let programs = [try start(.lb1), try start(.lb2)]
            try lab.awaitHolder(.lb1, within: .seconds(12), running: programs)
            #expect(
                try lbctl(.lb1, "vrrp", "release", "VI_1")
                    == "VI_1: released; another node takes over\n")
            try lab.awaitHolder(.lb2, within: .seconds(1))
            // More than two down timers of lb1.
            usleep(800_000)
            #expect(try lab.holdsVirtualAddress(.lb2))
            #expect(try !lab.holdsVirtualAddress(.lb1))
            #expect(try lbctl(.lb1, "status").contains("gave way"))
            #expect(try lbctl(.lb1, "vrrp", "takeover", "VI_1") == "VI_1: taken over\n")
            try lab.awaitHolder(.lb1, within: .seconds(1))
            #expect(try lbctl(.lb2, "vrrp", "takeover", "VI_1") == "VI_1: taken over\n")
            try lab.awaitHolder(.lb2, within: .seconds(1))

            #expect(try lbctl(.lb1, "reload", "--dry-run") == "nothing changes\n")
            let changed = configuration(.lb1, adding: "        track_interface {\n eth0\n }")
                .replacing("priority 101", with: "priority 110")
            _ = try lab.write(changed, to: "keepalived-lb1.conf")
            #expect(
                try lbctl(.lb1, "reload", "--dry-run")
                    == "virtual router VI_1: changed in place: priority 101 becomes 110, what it tracks\n"
            )
            let status = try lbctl(.lb1, "status", "--json").replacing(" ", with: "")
            #expect(status.contains("\"base_priority\":101"))
            _ = try lab.write(changed + "}", to: "keepalived-lb1.conf")
            let wrong = try lab.run(.lb1, Lab.binary("lbctl"), "reload", "--dry-run")
            #expect(wrong.exit == .status(2))
            #expect(wrong.text.contains("this '}' closes nothing"))
        }

        @Test func `a pool without a usable server costs the node the address at once`() throws {
            let programs = [
                try start(.lb1, adding: "        track_backend {\n http\n }"), try start(.lb2),
            ]
            try lab.awaitHolder(.lb1, within: .seconds(12), running: programs)
            for server in ["http/web01", "http/web02"] {
                _ = try lbctl(.lb1, "server", "disable", server)
            }
            // The skew time of lb2 is 60 ms.
            try lab.awaitHolder(.lb2, within: .milliseconds(500))
            try programs[0].awaitLog(
                "(VI_1): entering FAULT state (backend http is not usable)", within: .seconds(1))
            _ = try lbctl(.lb1, "server", "enable", "http/web01")
            try lab.awaitHolder(.lb1, within: .seconds(5))
        }
    }
}

import Glibc
import Testing

extension InTheLab {
    /// What a client gets through the virtual address, with the post's files on both nodes.
    @Suite struct `The seed serves` {
        let lab: Lab
        let nodes: (lb1: SeedNode, lb2: SeedNode)

        init() throws {
            lab = try Lab()
            nodes = try lab.startSeed()
            for proxy in ["http", "https"] {
                for server in ["web01", "web02"] {
                    try lab.awaitStatus(
                        "UP", of: server, in: proxy, on: .lb1, within: .seconds(5))
                }
            }
        }

        // One start for all: the election takes longer than they do.
        @Test func `https alternates, http sticks, the page is locked, a stopped server leaves`()
            throws
        {
            try httpsAlternates()
            try httpSticks()
            try thePageWantsThePassword()
            try theBackupListens()
            try aStoppedServerLeavesAndReturns()
        }

        private func httpsAlternates() throws {
            let first = try lab.server(ofTLSRequest: "/")
            let second = first == "web01" ? "web02" : "web01"
            let following = try (0..<6).map { _ in try lab.server(ofTLSRequest: "/") }
            #expect(following == [second, first, second, first, second, first])
        }

        private func httpSticks() throws {
            let first = try lab.server(ofPlainRequest: "/")
            let following = try (0..<8).map { _ in try lab.server(ofPlainRequest: "/") }
            #expect(following == Array(repeating: first, count: 8))
        }

        /// Within 3 checks, and after 2.
        private func aStoppedServerLeavesAndReturns() throws {
            try lab.require(.lb2, "nginx", "-s", "stop")
            // A check every 2 s: the third failure is at most 6 s away.
            try lab.awaitStatus("DOWN", of: "web02", in: "https", on: .lb1, within: .seconds(6.5))
            let served = try (0..<4).map { _ in try lab.server(ofTLSRequest: "/") }
            #expect(served == ["web01", "web01", "web01", "web01"])

            try lab.require(.lb2, "nginx", "-c", "\(lab.stateDirectory)/lb2.nginx.conf")
            try lab.awaitStatus("UP", of: "web02", in: "https", on: .lb1, within: .seconds(4.5))
            let again = try Set((0..<4).map { _ in try lab.server(ofTLSRequest: "/") })
            #expect(again == ["web01", "web02"])
        }

        private func thePageWantsThePassword() throws {
            let status = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-m", "5"]
            let page = "http://10.0.0.6/stats"
            #expect(try lab.run(.client, status + [page]).text == "401")
            for wrong in ["utilisateur:wrong", "utilisateur:", "other:motdepasse"] {
                #expect(try lab.run(.client, status + ["-u", wrong, page]).text == "401")
            }
            let right = ["-u", "utilisateur:motdepasse"]
            #expect(try lab.run(.client, status + right + [page]).text == "200")
            #expect(try lab.run(.client, status + right + ["http://10.0.0.7/stats"]).text == "200")
            #expect(
                try lab.require(.client, "curl", "-sS", "-D", "-", "-o", "/dev/null", page)
                    .lowercased().contains(#"www-authenticate: basic realm="haproxy statistics""#))
        }

        private func theBackupListens() throws {
            // Bound although the address is on the other node, without ip_nonlocal_bind.
            #expect(
                try lab.require(.lb2, "cat", "/proc/sys/net/ipv4/ip_nonlocal_bind") == "0\n")
            #expect(try lab.require(.lb2, "ss", "-Hltn").contains("172.17.0.5:443"))
        }
    }
}

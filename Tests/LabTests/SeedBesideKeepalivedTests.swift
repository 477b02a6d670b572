import Glibc
import Testing

extension InTheLab {
    /// One node runs lbctl, the other Debian's keepalived and haproxy; the post's files on both.
    @Suite struct `The seed beside keepalived` {
        let lab: Lab
        init() throws { lab = try Lab() }

        @Test func `lbctl on lb1 hands over to keepalived, and takes back`() throws {
            let capture = try VRRPCapture(.lb2, in: lab)
            let lb1 = try SeedNode(.lb1, in: lab)
            let lb2 = try EstablishedNode(.lb2, in: lab)
            try lab.awaitHolder(.lb1, within: .seconds(12))
            _ = try lab.server(ofPlainRequest: "/")

            lb1.program.signal(SIGTERM)
            try lab.awaitHolder(.lb2, within: .seconds(1))
            _ = try lab.server(ofPlainRequest: "/")
            #expect(try lb1.program.awaitExit(within: .seconds(20)) == .status(0))
            let again = try SeedNode(.lb1, in: lab)
            try lab.awaitHolder(.lb1, within: .seconds(8))
            try again.program.awaitLog("(VI_1) Entering MASTER STATE", within: .seconds(1))
            try lb2.failover.awaitLog("Entering BACKUP STATE", count: 2, within: .seconds(2))
            try expectNoComplaint(of: capture)
        }

        @Test func `keepalived on lb1 hands over to lbctl, and takes back`() throws {
            let capture = try VRRPCapture(.lb2, in: lab)
            let lb1 = try EstablishedNode(.lb1, in: lab)
            let lb2 = try SeedNode(.lb2, in: lab)
            try lab.awaitHolder(.lb1, within: .seconds(12))
            _ = try lab.server(ofPlainRequest: "/")

            try lab.require(.lb1, "ip", "link", "set", "eth1", "down")
            try lab.awaitHolder(.lb2, within: .seconds(4))
            _ = try lab.server(ofPlainRequest: "/")
            try lab.require(.lb1, "ip", "link", "set", "eth1", "up")
            try lab.awaitHolder(.lb1, within: .seconds(6))
            try lb2.program.awaitLog("(VI_1) Entering BACKUP STATE", count: 2, within: .seconds(2))

            lb1.balancer.signal(SIGKILL)
            try lab.awaitHolder(.lb2, within: .seconds(8))
            lb1.failover.signal(SIGTERM)
            _ = try lb1.failover.awaitExit(within: .seconds(10))
            #expect(try lab.holdsVirtualAddress(.lb2))
            _ = try lab.server(ofPlainRequest: "/")
            try expectNoComplaint(of: capture)
        }

        /// Of the plain version 2 of the post.
        private func expectNoComplaint(of capture: VRRPCapture) throws {
            let seen = try capture.stop()
            #expect(seen.count > 5)
            #expect(seen.complaints == [])
        }
    }
}

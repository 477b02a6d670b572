import Glibc
import Testing

extension InTheLab {
    /// Debian's keepalived and haproxy in both nodes: shows that the lab carries a failover, and
    /// what the established programs do with the seed's files.
    @Suite struct `keepalived and haproxy in both nodes` {
        let lab: Lab
        let first: EstablishedNode
        let second: EstablishedNode

        init() throws {
            lab = try Lab()
            first = try EstablishedNode(.lb1, in: lab)
            second = try EstablishedNode(.lb2, in: lab)
            try lab.awaitHolder(.lb1, within: .seconds(15))
        }

        @Test func `the address moves with the link of lb1, and back`() throws {
            let probe = try lab.probe("172.17.0.5:80")
            try lab.require(.lb1, "ip", "link", "set", "eth1", "down")
            try lab.awaitHolder(.lb2, within: .seconds(5))
            try first.failover.awaitLog("Entering FAULT STATE", within: .seconds(1))
            try second.failover.awaitLog("Entering MASTER STATE", within: .seconds(1))
            try lab.require(.lb1, "ip", "link", "set", "eth1", "up")
            try lab.awaitHolder(.lb1, within: .seconds(10))
            let gap = try #require(probe.stop().gapsInMilliseconds.max())
            #expect(gap > 2500)
            #expect(gap < 4500)
        }

        @Test func `a stopped haproxy costs lb1 the address`() throws {
            first.balancer.signal(SIGKILL)
            try lab.awaitHolder(.lb2, within: .seconds(10))
        }
    }
}

import Glibc
import Testing

extension InTheLab {
    /// Connections through an address that moves to the other node.
    @Suite struct `An address leaves with its connections` {
        let lab: Lab

        init() throws { lab = try Lab() }

        @Test func `client and server see a reset as soon as the address is released`() throws {
            let balancer = try lab.write(
                """
                defaults
                    mode tcp
                    timeout client 1m
                    timeout server 1m
                    timeout connect 1s
                listen held
                    bind 172.17.0.5:7000
                    bind 127.0.0.1:7000
                    server s 127.0.0.1:7001
                """, to: "held.cfg")
            let server = try lab.start(
                .lb1, ["socat", "-d", "-d", "TCP4-LISTEN:7001,bind=127.0.0.1,fork", "EXEC:cat"],
                log: "server")
            let program = try lab.start(
                .lb1, [Lab.binary("lbctl"), "run", SeedFiles.keepalived(.lb1), balancer],
                log: "lbctl")
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [program, server])
            func client(_ node: Lab.Node, _ address: String) throws -> LabProgram {
                let client = try lab.start(
                    node,
                    ["sh", "-c", "(echo hello; sleep 60) | socat -d -d - TCP4:\(address):7000"],
                    log: "client-\(node)")
                try client.awaitLog("hello", within: .seconds(5))
                return client
            }
            let leaving = try client(.client, "172.17.0.5")
            let staying = try client(.lb1, "127.0.0.1")

            let released = try lab.run(.lb1, Lab.binary("lbctl"), "vrrp", "release", "VI_1")
            #expect(released.isSuccess)
            try leaving.awaitLog("Connection reset by peer", within: .milliseconds(500))
            try server.awaitLog("Connection reset by peer", within: .milliseconds(500))
            let status = try lab.require(.lb1, Lab.binary("lbctl"), "status")
            #expect(status.contains("held: address-left 1"))
            #expect(staying.exit == nil)
            #expect(!staying.log.contains("reset"))
        }
    }
}

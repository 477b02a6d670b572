import Foundation
import Glibc
import Testing

extension InTheLab {
    /// Mail about new states, through Debian's exim.
    @Suite struct `Mail about new states` {
        let lab: Lab
        private let pair: MovingPair

        init() throws {
            lab = try Lab()
            pair = MovingPair(lab: lab)
        }

        private var mailbox: String { lab.scratch + "/mail/box" }

        private func startServer() throws -> LabProgram {
            let folder = lab.scratch + "/mail"
            try lab.require(.lb1, "install", "-d", "-o", "nobody", "-g", "nogroup", folder)
            let file = try lab.write(
                """
                spool_directory = \(folder)/spool
                log_file_path = \(folder)/%slog
                pid_file_path = \(folder)/pid
                exim_user = nobody
                exim_group = nogroup
                primary_hostname = mail.example.test
                local_interfaces = 127.0.0.1
                daemon_smtp_ports = 2525
                keep_environment =
                host_lookup =
                rfc1413_query_timeout = 0s
                qualify_domain = example.test
                acl_smtp_rcpt = anybody
                begin acl
                anybody:
                  accept
                begin routers
                all:
                  driver = accept
                  transport = box
                begin transports
                box:
                  driver = appendfile
                  file = \(mailbox)
                  user = nobody
                  group = nogroup

                """, to: "exim.conf")
            let server = try lab.start(.lb1, ["exim4", "-bdf", "-C", file], log: "exim")
            try eventually(within: .seconds(5), "exim listens: \(server.log)") {
                () throws(LabError) -> Void? in
                try lab.run(.lb1, "ss", "-tln").text.contains(":2525") ? () : nil
            }
            return server
        }

        private func text(_ node: Lab.Node, _ lines: String = "") -> String {
            """
            global_defs {
                router_id first
                notification_email {
                    ops@example.test
                    night@example.test
                }
                notification_email_from lb@example.test
                smtp_server 127.0.0.1 2525
                smtp_alert
                \(lines)
            }
            vrrp_instance VI_1 {
                state BACKUP
                interface eth1
                version 3
                virtual_router_id 51
                priority 110
                advert_int 0.2
                virtual_ipaddress { 172.17.0.5 }
            }

            """
        }

        @Test func `each state arrives, with keepalived's subject`() throws {
            let server = try startServer()
            let node = try pair.start(.ours, only: .lb1) { text($0) }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: node)
            try eventually(within: .seconds(10), "\(server.log)\(node[0].log)") {
                () throws(LabError) -> Void? in
                let mail = Lab.text(of: mailbox)
                let isThere =
                    mail.contains("Subject: [first] VRRP Instance VI_1 - Entering MASTER state")
                    && mail.contains("=> VRRP Instance is now owning VRRP VIPs <=")
                    && mail.contains("From: lb@example.test")
                    && mail.contains("To: ops@example.test, night@example.test")
                return isThere ? () : nil
            }
        }

        @Test func `a server that is not there delays no state`() throws {
            let node = try pair.start(.ours, only: .lb1) { text($0) }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(4), running: node)
            try node[0].awaitLog(
                "A mail was not sent: lbctl: connect 127.0.0.1 port 2525: Connection refused",
                within: .seconds(5))
        }
    }
}

#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: whom servers are told of once rules have changed the
/// ends of a connection.
@ProgramThread @Suite(.serialized) struct `Changed ends beside haproxy` {
    /// What rules say, and what the server hears of a client from 127.0.0.7, whose own port is `7` and the
    /// proxy's `1`, after the address that it is connected to from.
    private static let cases: [(lines: String, heard: String)] = [
        ("", "127.0.0.1 PROXY TCP4 127.0.0.7 127.0.0.1 7 1"),
        (
            "tcp-request connection set-src src,ipmask(24)",
            "127.0.0.1 PROXY TCP4 127.0.0.0 127.0.0.1 7 1"
        ),
        (
            """
            tcp-request connection set-src-port int(4000)
            tcp-request connection set-dst ipv4(192.0.2.9) if { src_port 4000 }
            tcp-request session set-dst-port int(53) if { dst 192.0.2.9 }
            """, "127.0.0.1 PROXY TCP4 127.0.0.7 192.0.2.9 4000 53"
        ),
        (
            """
            tcp-request session set-src dst
            tcp-request session set-dst-port src_port
            tcp-request session set-dst src
            """, "127.0.0.1 PROXY TCP4 127.0.0.1 127.0.0.1 7 7"
        ),
        (
            "tcp-request session set-src ipv6(2001:db8::1)",
            "127.0.0.1 PROXY TCP6 2001:db8::1 ::ffff:127.0.0.1 7 1"
        ),
        (
            """
            tcp-request connection set-src ipv6(2001:db8::1)
            tcp-request connection set-dst ipv6(2001:db8:1:2:3::4)
            tcp-request connection set-src src,ipmask(8)
            tcp-request connection set-dst dst,ipmask(8,64)
            """, "127.0.0.1 PROXY TCP6 2001:db8::1 2001:db8:1:2:: 7 1"
        ),
        (
            """
            tcp-request inspect-delay 5s
            tcp-request content set-dst src,ipmask(8) if { req.len gt 0 }
            tcp-request content set-src str(10.1.2.3) if { dst 127.0.0.0 }
            """, "127.0.0.1 PROXY TCP4 10.1.2.3 127.0.0.0 7 1"
        ),
        (
            """
            stick-table type ip size 9 store conn_cnt
            tcp-request connection set-src ipv4(192.0.2.1)
            tcp-request connection track-sc0 src
            tcp-request session set-src ipv4(127.0.0.99) if { src_conn_cnt 1 }
            source 0.0.0.0 usesrc clientip
            """, "127.0.0.99 PROXY TCP4 127.0.0.99 127.0.0.1 7 1"
        ),
    ]

    private func file(_ ports: [UInt16], server: UInt16) -> String {
        let sections = zip(Self.cases, ports).map { one, port in
            "listen at\(port)\nbind 127.0.0.1:\(port)\n\(one.lines)\n"
                + "server s 127.0.0.1:\(server) send-proxy\n"
        }
        return """
            global
                nbthread 1
            defaults
                mode tcp
                timeout client 9s
                timeout server 9s
                timeout connect 9s
            \(sections.joined())
            """
    }

    /// What the server hears of a client.
    private func heard(at port: UInt16) throws -> String {
        guard let heard = try LbctlTests.heard(by: 0x7f00_0007, saying: "x", at: port) else {
            return "nobody"
        }
        return heard.text.split(separator: " ")
            .map { $0 == "\(heard.ownPort)" ? "7" : $0 == "\(port)" ? "1" : String($0) }
            .joined(separator: " ")
    }

    @Test func `servers are told the same`() throws {
        let folder = try ProgramFolder()
        let server = try TalkingServer(.repeats)
        let theirPorts = try Self.cases.map { _ in try freePort() }
        let ourPorts = try Self.cases.map { _ in try freePort() }
        let theirs = try folder.write(file(theirPorts, server: server.port), to: "haproxy.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(
            try folder.write(file(ourPorts, server: server.port), to: "ours.cfg"))
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try heard(at: theirPorts[0]) == Self.cases[0].heard
        }
        for (number, one) in Self.cases.enumerated() where number != 0 {
            #expect(try heard(at: ourPorts[number]) == one.heard, "\(one.lines)")
            #expect(try heard(at: theirPorts[number]) == one.heard, "\(one.lines)")
        }
        program.kill()
    }
}
#endif

#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: who is let in by rules on what tables count.
@ProgramThread @Suite(.serialized) struct `Counted connections beside haproxy` {
    /// What a section says, which clients come to it one after the other, and who is let in.
    struct Case: Sendable {
        let name: String
        let lines: String
        /// The last octets of their addresses; `_` waits until the table has forgotten.
        let clients: String
        /// For each client whether it is let in.
        let outcome: String
        /// Whether all come before the first one leaves.
        var isHeld = false
        /// Whether all come within one second.
        var isRated = false
        /// What a client says first.
        var saying: @Sendable (Character) -> [UInt8] = { _ in [0] }
    }

    private static let cases = [
        Case(
            name: "rate",
            lines: """
                tcp-request connection track-sc0 src table per_ip
                tcp-request connection reject if { sc0_conn_rate gt 5 }
                """, clients: "1111111111" + "1111111111" + "2",
            outcome: "+++++-----" + "----------" + "+"),
        Case(
            name: "held",
            lines: """
                stick-table type ip size 1k store conn_cur
                tcp-request connection track-sc1 src
                tcp-request connection reject if { src_conn_cur gt 3 }
                """, clients: "111112", outcome: "+++--+", isHeld: true),
        Case(
            name: "over_v6",
            lines: """
                stick-table type ipv6 size 1k expire 10s store sess_cnt,conn_cnt
                acl many sc_sess_cnt(2) ge 2
                tcp-request connection track-sc2 src
                tcp-request connection reject if many { sc2_conn_cnt 3:4 }
                """, clients: "1111121", outcome: "++--+++"),
        Case(
            name: "short",
            lines: """
                stick-table type ip size 1k expire 200ms store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection reject if { sc0_conn_cnt gt 2 }
                """, clients: "111_11", outcome: "++-++"),
        Case(
            name: "small",
            lines: """
                stick-table type ip size 2 store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection reject if { sc0_conn_cnt gt 1 }
                """, clients: "12313", outcome: "++++-"),
        Case(
            name: "full",
            lines: """
                stick-table type ip size 2 nopurge store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection reject unless { sc0_conn_cnt 1 }
                """, clients: "12312", outcome: "++---"),
        Case(
            name: "ports",
            lines: """
                stick-table type integer size 9 store conn_cnt
                tcp-request content track-sc0 dst_port
                tcp-request content reject if { sc0_conn_cnt gt 2 }
                """, clients: "123", outcome: "++-"),
        Case(
            name: "marked",
            lines: """
                stick-table type ip size 9 store conn_cnt,gpc0
                tcp-request connection track-sc0 src
                tcp-request connection sc-inc-gpc0(0) if { sc0_conn_cnt 3 }
                tcp-request connection reject if { sc0_get_gpc0 gt 0 }
                """, clients: "11112", outcome: "++--+"),
        Case(
            name: "elsewhere",
            lines: """
                stick-table type ip size 9 store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection track-sc1 src table others if { sc_conn_cnt(0,others) 0 } { src 127.0.0.2 }
                tcp-request connection accept if { sc_conn_cnt(0,others) 1 }
                tcp-request connection reject if { sc0_conn_cnt gt 1 }
                """, clients: "112222", outcome: "+-++++"),
        Case(
            name: "tracked",
            lines: """
                tcp-request connection track-sc0 src table per_ip if { src 127.0.0.1 }
                tcp-request connection reject if { sc0_tracked(others) }
                """, clients: "12", outcome: "-+"),
        Case(
            name: "unmarked",
            lines: """
                stick-table type ip size 9 store gpc0
                tcp-request connection track-sc0 src table per_ip if { src 127.0.0.1 }
                tcp-request connection reject if { sc0_inc_gpc0(unmarked) lt 1 }
                """, clients: "12", outcome: "-+"),
        Case(
            name: "untracked",
            lines: """
                stick-table type ip size 9 store conn_cnt
                tcp-request connection track-sc0 src if { src 127.0.0.1 }
                tcp-request connection reject unless { sc0_conn_cnt ge 0 }
                """, clients: "121", outcome: "+-+"),
        Case(
            name: "names",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.ssl_sni
                tcp-request content reject if { sc0_conn_cnt gt 2 }
                """, clients: "1213121", outcome: "++++-+-",
            saying: { tlsHello(asking: "\($0 == "1" ? "one" : "other\($0)").example.org") }),
        // Without 'len' a text is kept up to its 31st byte.
        Case(
            name: "cut",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.payload(0,33)
                tcp-request content reject if { sc0_conn_cnt gt 1 }
                """, clients: "123", outcome: "+-+",
            saying: {
                Array(String(repeating: "x", count: $0 == "3" ? 30 : 31).utf8)
                    + Array("\($0)\($0)\($0)".utf8)
            }),
        Case(
            name: "ended",
            lines: """
                stick-table type string len 9 size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.payload(0,3)
                tcp-request content reject if { sc0_conn_cnt gt 1 }
                """, clients: "123", outcome: "+-+",
            saying: { $0 == "3" ? [9, 9, 9] : [9, 0, UInt8($0.wholeNumberValue ?? 0)] }),
        Case(
            name: "filled",
            lines: """
                stick-table type binary len 3 size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.payload(0,2) if { req.payload(0,1) -m bin 01 }
                tcp-request content track-sc0 req.payload(0,4)
                tcp-request content reject if { sc0_conn_cnt gt 1 }
                """, clients: "12345", outcome: "+++--",
            saying: {
                switch $0 {
                case "1": [1, 7, 7, 7]
                case "2": [2, 7, 7, 7]
                case "3": [2, 7, 0, 0]
                case "4": [1, 7, 9, 9]
                default: [2, 7, 7, 9]
                }
            }),
        Case(
            name: "as_text",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request content track-sc1 dst_port
                tcp-request content reject if { sc0_conn_cnt gt 1 } or { sc1_conn_cnt gt 3 }
                """, clients: "12134", outcome: "++---"),
        Case(
            name: "as_number",
            lines: """
                stick-table type integer size 9 store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection reject if { src_conn_cnt gt 1 }
                """, clients: "121", outcome: "++-"),
        Case(
            name: "as_bytes",
            lines: """
                stick-table type binary len 3 size 9 store conn_cnt
                tcp-request connection track-sc0 src
                tcp-request connection reject if { sc0_conn_cnt gt 1 }
                """, clients: "12", outcome: "+-"),
        Case(
            name: "tagged",
            lines: """
                stick-table type ip size 9 store conn_cnt,gpt0,gpc1,gpc1_rate(10s)
                tcp-request connection track-sc0 src
                tcp-request connection sc-set-gpt0(0) 7 if { sc0_conn_cnt 2 }
                tcp-request connection sc-inc-gpc1(0)
                tcp-request connection reject if { src_get_gpt0 7 } { sc_get_gpc1(0) lt 4 }
                tcp-request connection reject if { sc0_gpc1_rate ge 5 }
                """, clients: "1111122", outcome: "+--+-+-"),
        Case(
            name: "networks",
            lines: """
                stick-table type ip size 9 store conn_cnt
                tcp-request connection track-sc0 src,ipmask(30)
                tcp-request connection track-sc1 src,ipmask(255.255.255.1) table others
                tcp-request connection reject if { sc0_conn_cnt gt 2 }
                tcp-request connection reject if { src,ipmask(0.0.0.3),table_conn_cnt(others) gt 0 }
                """, clients: "123454", outcome: "++-++-"),
        Case(
            name: "letters",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.ssl_sni,lower
                tcp-request content reject if { sc0_conn_cnt gt 1 }
                """, clients: "123", outcome: "+-+",
            saying: {
                tlsHello(asking: ["1": "ONE.org", "2": "one.ORG", "3": "One.com"][$0] ?? "")
            }
        ),
        Case(
            name: "capitals",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.payload(0,4),upper
                tcp-request content reject if { sc0_conn_cnt gt 1 }
                """, clients: "1234", outcome: "+-+-",
            saying: {
                switch $0 {
                case "1": Array("aB{d".utf8)
                case "2": Array("Ab{D".utf8)
                case "3": [0x61, 0, 1, 2]
                default: [0x41, 0, 2, 3]
                }
            }),
        Case(
            name: "arrays",
            lines: """
                stick-table type ip size 9 store conn_cnt,gpt(2),gpc(3),gpc_rate(3,10s)
                tcp-request connection track-sc0 src
                tcp-request connection sc-set-gpt(1,0) 7 if { sc0_conn_cnt 2 }
                tcp-request connection sc-inc-gpc(2,0)
                tcp-request connection reject if { src_get_gpt(1,arrays) 7 } { sc_get_gpc(2,0) lt 4 }
                tcp-request connection reject if { src,table_gpc_rate(2,arrays) ge 5 }
                tcp-request connection accept if { sc_get_gpc(3,0) ge 0 }
                tcp-request connection accept if { sc0_inc_gpc1 1 } { sc_inc_gpc(1,0) 2 }
                tcp-request connection reject if { src_clr_gpc(1,arrays) ge 3 } !{ sc_get_gpt(0,0) 1 }
                """, clients: "1111122", outcome: "+----+-"),
        Case(
            name: "asking_counts",
            lines: """
                stick-table type ip size 9 store gpc0,gpc0_rate(10s),gpc1
                tcp-request connection accept if { src_get_gpc0 1 } { src_clr_gpc0 1 }
                tcp-request connection track-sc0 src if { src,in_table(asking_counts) }
                acl first src_inc_gpc0 1
                tcp-request connection reject if !first
                tcp-request connection reject if { sc0_tracked } { src_gpc0_rate gt 2 }
                tcp-request connection accept if !{ sc0_tracked } or { sc0_inc_gpc1 lt 2 }
                tcp-request connection reject if { sc0_clr_gpc1 ge 2 }
                """, clients: "1111121", outcome: "++++-++"),
        Case(
            name: "updated",
            lines: """
                stick-table type ip size 9 store conn_cnt
                tcp-request connection reject if { src_updt_conn_cnt gt 2 }
                """, clients: "112111", outcome: "+++---"),
        Case(
            name: "converted",
            lines: """
                stick-table type string size 9 store conn_cnt
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 req.payload(0,1)
                tcp-request content reject if { req.payload(0,1),table_conn_cnt(converted) gt 2 }
                """, clients: "1112212", outcome: "++-++--", saying: { [$0.asciiValue ?? 0] }),
        // Who was rejected before does not count, and a client who is asked about later does.
        Case(
            name: "sessions",
            lines: "tcp-request connection reject if { fe_sess_rate gt 3 }",
            clients: "11111111", outcome: "++++----", isRated: true),
        Case(
            name: "sessions_later",
            lines: "tcp-request session reject if { fe_sess_rate(sessions_later) gt 3 }",
            clients: "11111111", outcome: "++++----", isRated: true),
        Case(
            name: "contents",
            lines: "tcp-request content reject if { fe_sess_rate gt 3 }",
            clients: "11111111", outcome: "+++-----", isRated: true),
        Case(
            name: "arrivals",
            lines: "tcp-request content reject if { be_sess_rate gt 3 }",
            clients: "11111111", outcome: "++++----", isRated: true),
        Case(
            name: "arrivals_there",
            lines: "use_backend limited unless { be_sess_rate(limited) ge 5 }",
            clients: "11111111", outcome: "++---+++", isRated: true),
        Case(
            name: "led",
            lines: """
                tcp-request connection track-sc0 src table others
                use_backend nobody if { src_conn_cnt(others) gt 2 }
                """, clients: "3333", outcome: "++--"),
    ]

    private func file(_ ports: [UInt16], server: UInt16) -> String {
        let sections = zip(Self.cases, ports).map {
            "listen \($0.name)\nbind 127.0.0.1:\($1)\nserver s 127.0.0.1:\(server)\n\($0.lines)\n"
        }
        return """
            global
                nbthread 1
            defaults
                mode tcp
                timeout client 9s
                timeout server 9s
                timeout connect 9s
            backend per_ip
                stick-table type ip size 100k expire 30s store conn_cur,conn_rate(10s)
            backend others
                stick-table type ip size 9 store conn_cnt
            backend nobody
            backend limited
                server s 127.0.0.1:\(server)
                tcp-request content reject if { be_sess_rate gt 2 }
            \(sections.joined())
            """
    }

    /// Connects from `127.0.0.LAST`.
    private func connect(to port: UInt16, from last: Character) throws -> Int32 {
        let socket = try Socket.tcp()
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        let source = IPEndpoint(
            ipv4: 0x7f00_0000 | UInt32(last.wholeNumberValue ?? 1), port: 0)
        _ = StreamSocket.bind(socket.rawValue, to: RawStreamAddress(source))
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        let result = StreamSocket.connect(socket.rawValue, to: address.raw)
        // Who is refused at once may hear of it before he hears that he was connected.
        guard result == 0 || Errno(result: result) == .connectionReset else {
            throw ProgramError("\(port): \(Errno(result: result))")
        }
        return socket.release()
    }

    /// Says something, and looks whether it is answered.
    private func end(_ client: Int32, saying words: [UInt8] = [0]) -> Character {
        defer { close(client) }
        var byte: UInt8 = 0
        _ = words.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        return recv(client, &byte, 1, 0) == 1 ? "+" : "-"
    }

    private func outcome(of one: Case, at port: UInt16) throws -> String {
        guard !one.isHeld else {
            let held = try one.clients.map { try connect(to: port, from: $0) }
            // The last one is let in: by then all of them have been looked at.
            let last = held.reversed().map { end($0) }
            return String(last.reversed())
        }
        var outcome = ""
        let instant = MonotonicInstant.now.nanoseconds % 1_000_000_000
        if one.isRated, instant > 500_000_000 {
            LinuxIO.Thread.sleep(for: .nanoseconds(1_000_000_000 - instant))
        }
        for client in one.clients {
            guard client != "_" else {
                LinuxIO.Thread.sleep(for: .milliseconds(300))
                continue
            }
            outcome.append(end(try connect(to: port, from: client), saying: one.saying(client)))
        }
        return outcome
    }

    @Test func `the same connections are let in`() throws {
        let folder = try ProgramFolder()
        let server = try TalkingServer(.answers("y"))
        let theirPorts = try Self.cases.map { _ in try freePort() }
        let ourPorts = try Self.cases.map { _ in try freePort() }
        let theirs = try folder.write(file(theirPorts, server: server.port), to: "haproxy.cfg")
        let ours = try folder.write(file(ourPorts, server: server.port), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            (try? connect(to: theirPorts[theirPorts.count - 1], from: "9")).map { end($0) } != nil
        }
        for (number, one) in Self.cases.enumerated() {
            #expect(try outcome(of: one, at: ourPorts[number]) == one.outcome, "\(one.name)")
            #expect(try outcome(of: one, at: theirPorts[number]) == one.outcome, "\(one.name)")
        }
        let table = try #require(try folder.proxy("per_ip")["table"] as? [String: Any])
        #expect(table["type"] as? String == "ip")
        #expect(table["size"] as? Int == 102_400)
        #expect(table["used"] as? Int == 2)
        #expect(
            try folder.run("status", "--control", folder.control).output
                .contains("per_ip: stick-table of type ip, 2 of 102400 used\n"))
        try reload(folder, file(ourPorts, server: server.port), ourPorts)
        program.kill()
    }

    /// What a table holds outlives a reload, unless it is another table then.
    private func reload(_ folder: ProgramFolder, _ text: String, _ ports: [UInt16]) throws {
        func isLetIn(_ client: Character, _ name: String) throws -> Character {
            let number = try #require(Self.cases.firstIndex { $0.name == name })
            return end(
                try connect(to: ports[number], from: client),
                saying: Self.cases[number].saying(client))
        }
        #expect(try isLetIn("3", "small") == "-")
        #expect(try isLetIn("1", "marked") == "-")
        // Every table stands at another place, and one has another size.
        let marked = "stick-table type ip size 9 store conn_cnt,gpc0"
        try folder.write(
            text.replacing("backend per_ip", with: "backend first\n\(marked)\nbackend per_ip")
                .replacing(
                    "\n\(marked)\n", with: "\nstick-table type ip size 8 store conn_cnt,gpc0\n"),
            to: "ours.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try isLetIn("3", "small") == "-")
        #expect(try isLetIn("4", "names") == "+")
        #expect(try isLetIn("1", "names") == "-")
        #expect(try isLetIn("1", "marked") == "+")
    }
}
#endif

#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: which server clients get that belong to one.
@ProgramThread @Suite(.serialized) struct `Sticky clients beside haproxy` {
    /// Sections, named by the case and `x`, `y`, `z`, which client says what to which of them, and whom each
    /// one gets.
    struct Case: Sendable {
        let name: String
        /// `@a` stands for the address of the server that answers `a`, `#` for the case's name.
        let sections: [String]
        /// Section, last octet and what is said, of each connection.
        let clients: String
        /// `?`: none.
        let servers: String
    }

    private static let cases = [
        Case(
            name: "named",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                server c @c
                """,
                """
                stick on src table #x
                server c @c
                server b @b
                server a @a
                """,
            ], clients: "x1 x2 y1 y3 x3 y2", servers: "abaccb"),
        Case(
            name: "numbered",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick on src table #x
                server d @d
                server e @e
                """,
            ], clients: "x1 x2 y2 y1 y2 x2", servers: "abedeb"),
        Case(
            name: "unknown",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick on src table #x
                server f @f id 9
                server g @g id 10
                """,
            ], clients: "x1 y1 y1 x1 y1", servers: "affbg"),
        Case(
            name: "alone",
            sections: [
                """
                stick store-request src table #t
                server a @a
                server b @b
                """,
                """
                stick match src table #t
                server b @b
                server a @a
                backend #t
                stick-table type ip size 9
                """,
            ], clients: "y1 x1 x1 y1 y1 x1 y1", servers: "babbbaa"),
        Case(
            name: "precise",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                stick-table type ip size 9
                stick on req.payload(0,1) table #t
                stick on src
                server a @a
                server b @b
                server c @c
                backend #t
                stick-table type string size 9
                """
            ], clients: "x1k x2k x1m x3z x3k x3y x2z", servers: "aaabaab"),
        Case(
            name: "either",
            sections: [
                """
                tcp-request inspect-delay 200ms
                tcp-request content accept if { req.len gt 0 }
                stick-table type string size 9
                stick on req.payload(2,1)
                stick on req.payload(0,1)
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1pqr x1r x1p x1p x1ssr", servers: "aabba"),
        Case(
            name: "down",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b
                """,
                """
                stick match src table #x
                stick match src table #z
                server a @a disabled
                server b @b
                server c @c
                """,
                """
                stick-table type ip size 9
                stick on src
                server b @b
                server c @c
                """,
            ], clients: "x1 z2 z1 y1 y1", servers: "abccc"),
        Case(
            name: "chosen",
            sections: [
                """
                stick-table type ip size 9
                acl odd src 127.0.0.1 127.0.0.3
                stick on src if odd
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1 x2 x2 x1 x3 x3", servers: "abcaaa"),
        Case(
            name: "unless",
            sections: [
                """
                stick-table type ip size 9
                stick match src unless { src 127.0.0.2 } or { nbsrv lt 3 }
                stick store-request src
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1 x2 x1 x2 x2", servers: "abaca"),
        Case(
            name: "said",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                acl known req.payload(0,1) -m str k
                stick-table type ip size 9
                stick on req.payload(1,1) table #t if known
                stick on src unless known
                server a @a
                server b @b
                server c @c
                backend #t
                stick-table type string size 9
                """
            ], clients: "x1kp x2kp x2mp x2kq x2mq x1mp x1kq", servers: "aabcbac"),
        Case(
            name: "first",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                use-server b if { src 127.0.0.2 }
                server a @a
                server b @b
                """,
                """
                stick match src table #x if { src 127.0.0.1 127.0.0.2 }
                server c @c
                server b @b
                server a @a
                """,
            ], clients: "x1 x2 y2 y1 x3 y3", servers: "abbabc"),
        Case(
            name: "asked",
            sections: [
                """
                stick-table type ip size 9
                stick on src
                server a @a
                server b @b id 7
                """,
                """
                tcp-request content reject if { src,table_server_id(#x) 7 }
                server c @c
                """,
                """
                stick-table type ip size 9
                tcp-request connection track-sc0 src
                tcp-request content reject if { src,table_server_id(#z) ge 0 }
                use-server e unless { src,table_server_id(#x) 0 }
                server d @d
                server e @e weight 0
                """,
            ], clients: "x1 x2 y1 y2 y3 z1 z3", servers: "abc?ced"),
        Case(
            name: "passed",
            sections: [
                """
                tcp-request inspect-delay 5s
                tcp-request content accept if { req.len gt 0 }
                stick-table type string size 9
                stick on req.payload(0,1) if { req.payload(0,1) -m str p }
                stick on req.payload(1,1)
                server a @a
                server b @b
                server c @c
                """
            ], clients: "x1pq x1zq x1pr x1zr x1zq", servers: "abacb"),
    ]

    private func file(
        _ ports: [[UInt16]], _ servers: [Character: TalkingServer], last: UInt16
    ) -> String {
        var text = """
            global
                nbthread 1
            defaults
                mode tcp
                balance roundrobin
                timeout client 9s
                timeout server 9s
                timeout connect 9s

            """
        for (one, ports) in zip(Self.cases, ports) {
            for (letter, (section, port)) in zip("xyz", zip(one.sections, ports)) {
                text += "listen \(one.name)\(letter)\nbind 127.0.0.1:\(port)\n"
                text += section.replacing("#", with: one.name) + "\n"
            }
        }
        text += "listen last\nbind 127.0.0.1:\(last)\nserver a @a\n"
        for (name, server) in servers {
            text = text.replacing("@\(name)", with: "127.0.0.1:\(server.port)")
        }
        return text
    }

    /// What a client hears.
    private func answer(at port: UInt16, from last: UInt32, saying words: String) throws -> String {
        let socket = try Socket.tcp()
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
        _ = StreamSocket.bind(
            socket.rawValue, to: RawStreamAddress(IPEndpoint(ipv4: 0x7f00_0000 | last, port: 0)))
        let address = SocketAddress(address: 0x7f00_0001, port: port)
        guard StreamSocket.connect(socket.rawValue, to: address.raw) == 0 else { return "-" }
        _ = send(socket.rawValue, words, words.utf8.count, Int32(MSG_NOSIGNAL))
        var byte: UInt8 = 0
        guard recv(socket.rawValue, &byte, 1, 0) == 1 else { return "?" }
        // By then the proxy has taken note of the server.
        var rest: UInt8 = 0
        _ = recv(socket.rawValue, &rest, 1, 0)
        return String(decoding: [byte], as: UTF8.self)
    }

    private func servers(of one: Case, at ports: [UInt16]) throws -> String {
        try one.clients.split(separator: " ").map { client in
            let letters = Array(client)
            let section = try #require("xyz".firstIndex(of: letters[0])).utf16Offset(in: "xyz")
            let last = try #require(letters[1].wholeNumberValue)
            let words = letters.count > 2 ? String(letters[2...]) : "."
            return try answer(at: ports[section], from: UInt32(last), saying: words)
        }.joined()
    }

    @Test func `the same clients get the same servers`() throws {
        let folder = try ProgramFolder()
        var servers: [Character: TalkingServer] = [:]
        for name in "abcdefg" { servers[name] = try TalkingServer(.answers(String(name))) }
        let freePorts = { try Self.cases.map { try $0.sections.map { _ in try freePort() } } }
        let (ourPorts, theirPorts) = (try freePorts(), try freePorts())
        let (ourLast, theirLast) = (try freePort(), try freePort())
        let theirs = try folder.write(
            file(theirPorts, servers, last: theirLast), to: "haproxy.cfg")
        let ours = try folder.write(file(ourPorts, servers, last: ourLast), to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try answer(at: theirLast, from: 9, saying: ".") == "a"
        }
        for (number, one) in Self.cases.enumerated() {
            #expect(try self.servers(of: one, at: ourPorts[number]) == one.servers, "\(one.name)")
            #expect(
                try self.servers(of: one, at: theirPorts[number]) == one.servers,
                "haproxy \(one.name)")
        }
        try show(folder)
        program.kill()
    }

    /// A table that others use says whose servers its keys belong to, by their names there.
    private func show(_ folder: ProgramFolder) throws {
        func lines(_ table: String) throws -> [String] {
            let shown = try folder.run(
                command: [
                    ProgramFolder.binary, "table", "show", table, "--control", folder.control,
                ]
            ).output
            return shown.split(separator: "\n").dropFirst().map { line in
                line.split(separator: " ").filter { $0.hasPrefix("key") || $0.hasPrefix("server") }
                    .joined(separator: " ")
            }.sorted()
        }
        #expect(try lines("numberedx") == ["key=127.0.0.1 server=d", "key=127.0.0.2 server=b"])
        #expect(try lines("unknownx") == ["key=127.0.0.1 server=g"])
        #expect(try lines("alonet") == ["key=127.0.0.1 server=a"])
    }
}
#endif

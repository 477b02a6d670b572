#if Program
import Foundation
import LinuxIO
import Testing

/// Stick tables as an operator meets them: `lbctl table`.
@ProgramThread @Suite(.serialized, .tags(.needsRoot)) struct `The operator's stick tables` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func table(_ words: String...) throws -> CommandResult {
        try folder.run(
            command: [ProgramFolder.binary, "table"] + words + ["--control", folder.control])
    }

    /// A line without what differs from run to run.
    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            line.split(separator: " ").filter { !$0.hasPrefix("0x") && !$0.hasPrefix("exp=") }
                .joined(separator: " ")
        }
    }

    private func say(_ words: String, to port: UInt16, from last: UInt32 = 1) throws {
        let socket = try Socket.tcp()
        _ = fcntl(socket.rawValue, F_SETFL, 0)
        _ = StreamSocket.bind(
            socket.rawValue, to: RawStreamAddress(IPEndpoint(ipv4: 0x7f00_0000 | last, port: 0)))
        _ = StreamSocket.connect(
            socket.rawValue, to: SocketAddress(address: 0x7f00_0001, port: port).raw)
        let bytes = Array(words.utf8)
        _ = bytes.withUnsafeBytes { send(socket.rawValue, $0.baseAddress, $0.count, 0) }
        var byte: UInt8 = 0
        _ = recv(socket.rawValue, &byte, 1, 0)
    }

    private func file(port: UInt16, server: UInt16) -> String {
        """
        defaults
            mode tcp
            timeout client 9s
            timeout server 9s
            timeout connect 9s
        listen said
            bind 127.0.0.1:\(port)
            tcp-request inspect-delay 5s
            tcp-request connection track-sc0 src table ends
            tcp-request content track-sc1 dst_port table ports
            tcp-request content track-sc2 req.payload(0,3) table bytes
            stick-table type string len 5 size 9 store gpt0,bytes_in_cnt,conn_cnt
            stick on req.payload(0,6)
            server one 127.0.0.1:\(server)
        backend ends
            stick-table type ip size 9 expire 10m store conn_cnt,conn_rate(10s),gpt0,gpc0
        backend ports
            stick-table type ipv6 size 9 store conn_cnt,conn_cur
        backend bytes
            stick-table type binary len 5 size 9 store conn_cnt,gpt(1),gpc(2),gpc_rate(2,10s)

        """
    }

    /// The same file in Debian's haproxy and here, and what both show of it.
    @Test func `tables are shown as haproxy shows them`() throws {
        let server = try TalkingServer(.answers("y"))
        let (ourPort, theirPort) = (try freePort(), try freePort())
        let socket = folder.path + "/haproxy.sock"
        let theirs = try folder.write(
            "global\nstats socket \(socket) level admin\n"
                + file(port: theirPort, server: server.port), to: "haproxy.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(
            try folder.write(file(port: ourPort, server: server.port), to: "ours.cfg"))
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            FileManager.default.fileExists(atPath: socket)
        }
        for port in [ourPort, theirPort] {
            try say("abc def", to: port)
            try say("abcdexyz", to: port, from: 2)
            try say("x yzzzz", to: port, from: 2)
        }
        /// The lines, and the words of each, in one order.
        func sorted(_ text: String) -> [[Substring]] {
            text.split(separator: "\n").map { line in
                line.replacing(":\(theirPort)", with: ":\(ourPort)").split(separator: " ")
                    .filter { word in
                        !["0x", "exp=", "server"].contains { word.hasPrefix($0) }
                    }.map { Substring($0) }.sorted()
            }.sorted { $0.lexicographicallyPrecedes($1) }
        }
        for name in ["ends", "bytes"] {
            var (ours, theirs) = ("", "")
            // Connections take a while to end.
            try eventually(within: .seconds(9), "ours:\n\(ours)theirs:\n\(theirs)") {
                ours = try table("show", name).output
                theirs = try folder.run(
                    command: [
                        "/bin/sh", "-c", "echo 'show table \(name)' | socat - UNIX:\(socket)",
                    ]
                ).output
                return sorted(ours) == sorted(theirs)
            }
            #expect(sorted(ours).count == 3)
        }
        // Of a text the space is written so that it can be told.
        #expect(
            try lines(table("show", "said").output) == [
                "# table: said, type: string, size:9, used:3",
                "key=abc\\x20d use=0 server=one gpt0=0 bytes_in_cnt=0 conn_cnt=0",
                "key=abcde use=0 server=one gpt0=0 bytes_in_cnt=0 conn_cnt=0",
                "key=x\\x20yzz use=0 server=one gpt0=0 bytes_in_cnt=0 conn_cnt=0",
            ])
        program.kill()
    }

    @Test func `keys are set, forgotten and kept by a reload`() throws {
        let server = try TalkingServer(.answers("y"))
        let port = try freePort()
        let path = try folder.write(file(port: port, server: server.port), to: "ours.cfg")
        let program = try folder.start(path)
        try folder.awaitLog(" serves, ")
        #expect(
            try table("show").output == """
                # table: said, type: string, size:9, used:0
                # table: ends, type: ip, size:9, used:0
                # table: ports, type: ipv6, size:9, used:0
                # table: bytes, type: binary, size:9, used:0

                """)
        #expect(
            try table("set", "ends", "192.0.2.7", "gpt0=7", "conn_rate=5").output
                == "ends: key '192.0.2.7' has conn_rate=5 gpt0=7\n")
        #expect(try table("set", "said", "a\\x20b", "gpt0=4294967295").status == 0)
        #expect(
            try table("set", "bytes", "61", "conn_cnt=2", "gpt0=3", "gpc1=4", "gpc1_rate=5").status
                == 0)
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(
            try lines(table("show", "ends", "192.0.2.7").output) == [
                "# table: ends, type: ip, size:9, used:1",
                "key=192.0.2.7 use=0 conn_cnt=0 conn_rate(10000)=5 gpt0=7 gpc0=0",
            ])
        #expect(
            try table("show", "bytes").output.contains(
                "key=6100000000 use=0 exp=0 conn_cnt=2 gpt0=3 gpc0=0 gpc1=4 gpc0_rate(10000)=0"
                    + " gpc1_rate(10000)=5"))
        let json = try table("show", "said", "--json").output
        #expect(
            json == """
                {"name":"said","table":{"size":9,"type":"string","used":1},"store":["gpt0","bytes_in_cnt","conn_cnt"],"entries":[
                {"data":{"bytes_in_cnt":0,"conn_cnt":0,"gpt0":4294967295},"key":"a\\\\x20b","use":0}]}

                """)
        #expect((try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]) != nil)
        #expect(
            try table("clear", "said", "a\\x20b").output == "said: key 'a\\x20b' forgotten\n")
        #expect(try table("show", "said").output == "# table: said, type: string, size:9, used:0\n")
        #expect(try table("clear", "ends", "--all").output == "1 forgotten, 0 left\n")
        try folder.awaitLog("notice: table ends: the operator wants all keys forgotten")
        program.kill()
    }

    @Test func `what cannot be is told with what could`() throws {
        let port = try freePort()
        let program = try folder.start(
            try folder.write(file(port: port, server: 1), to: "ours.cfg"))
        try folder.awaitLog(" serves, ")
        for (words, status, complaint) in [
            (
                ["show", "nobody"], 1,
                "no table is named 'nobody'; there are: said, ends, ports, bytes"
            ),
            (["show", "ends", "192.0.2.7"], 1, "table 'ends': no key is '192.0.2.7'"),
            (
                ["show", "ends", "::1"], 2,
                "'::1' is no key of table 'ends', whose type is ip: must be an address of IPv4"
            ),
            (
                ["show", "said", "a\\b"], 2,
                "'a\\b' is no key of table 'said', whose type is string: must be a text, in which '\\' is written as \\x5C"
            ),
            (
                ["clear", "bytes", "616"], 2,
                "'616' is no key of table 'bytes', whose type is binary: must be two hexadecimal digits for each of 5 bytes at most"
            ),
            (["clear", "ends", "192.0.2.7"], 1, "table 'ends': no key is '192.0.2.7'"),
            (["clear", "ends"], 2, nil), (["set", "ends", "192.0.2.7"], 2, nil),
            (
                ["set", "ends", "192.0.2.7", "gpt0"], 2,
                "'gpt0': must be DATUM=NUMBER, 'gpt0=7' for example"
            ),
            (
                ["set", "ports", "192.0.2.7", "conn_cur=1"], 2,
                "table 'ports': 'conn_cur' cannot be set; there are: conn_cnt"
            ),
            (
                ["set", "ends", "192.0.2.7", "gpc0=4294967296"], 2,
                "gpc0=4294967296: must be 0 to 4294967295"
            ),
        ] as [([String], Int32, String?)] {
            let result = try folder.run(
                command: [ProgramFolder.binary, "table"] + words + ["--control", folder.control])
            #expect(result.status == status, "\(words)")
            #expect(result.output == "")
            if let complaint { #expect(result.errors == "lbctl: \(complaint)\n") }
        }
        program.kill()
    }
}
#endif

#if Program
import Foundation
import LinuxIO
import Testing

/// The same file in Debian's haproxy and here: which backend something of a connection names.
@ProgramThread @Suite(.serialized) struct `Backends by samples beside haproxy` {
    /// What a frontend says, with `MAPS` for the folder of the maps, and who answers which words of a client
    /// from 127.0.0.7; "": nobody.
    private static let cases: [(lines: String, answers: KeyValuePairs<String, String>)] = [
        (
            "use_backend b_%[req.payload(0,3)]_x\ndefault_backend none",
            ["one": "b_one_x", "two": "b_two_x", "six": "none"]
        ),
        (
            // The first line of a key counts, and a line without a value has an empty one.
            "use_backend b_%[req.payload(0,3),map(MAPS/names)]_x\ndefault_backend none",
            ["one": "b_two_x", "two": "b_one_x", "six": "none", "ten": "none", "not": "none"]
        ),
        (
            // What names no backend is decided: no further rule is asked.
            """
            use_backend b_%[req.payload(0,3),map_str(MAPS/names)]_x
            use_backend none
            """, ["one": "b_two_x", "six": "", "ten": ""]
        ),
        (
            "use_backend %[req.payload(0,3),lower,map(MAPS/names,b_one_x)]\ndefault_backend none",
            ["ONE": "none", "abc": "b_one_x"]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_beg(MAPS/beginnings)]_x\ndefault_backend none",
            ["one": "b_one_x", "oxx": "b_two_x", "xon": "none"]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_end(MAPS/parts)]_x\ndefault_backend none",
            ["xne": "b_one_x", "xxe": "b_two_x", "nex": "none"]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_sub(MAPS/pieces)]_x\ndefault_backend none",
            ["nex": "b_one_x", "exx": "b_two_x", "xxx": "none"]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_reg(MAPS/expressions)]_x\ndefault_backend none",
            ["a1b": "b_one_x", "bbb": "b_two_x", "cab": "none"]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_dom(MAPS/domains)]_x\ndefault_backend none",
            [
                "a.b": "b_one_x", "b:a": "b_one_x", "aab": "none", "xb/": "b_two_x",
                ".xb": "b_two_x", "axb": "none",
            ]
        ),
        (
            "use_backend b_%[req.payload(0,3),map_dir(MAPS/folders)]_x\ndefault_backend none",
            ["/a/": "b_one_x", "a?b": "b_one_x", "a.b": "none", "x.b": "b_two_x"]
        ),
        (
            """
            use_backend b_one_x if { req.payload(0,0) -m dom -i ONE x.b }
            use_backend b_two_x if { req.payload(0,0) -m dir two }
            default_backend none
            """,
            [
                "a.One.b": "b_one_x", "a.x.b": "b_one_x", "/two/": "b_two_x", "a.two.b": "none",
                "ones": "none",
            ]
        ),
        (
            """
            use_backend b_one_x if { req.payload(0,0) -m len 4 6:7 }
            use_backend b_two_x if { req.payload(0,0) -m len lt 4 ge 9 }
            default_backend none
            """,
            [
                "123": "b_two_x", "1234": "b_one_x", "12345": "none", "123456": "b_one_x",
                "1234567": "b_one_x", "12345678": "none", "123456789": "b_two_x",
            ]
        ),
        (
            """
            tcp-request session set-var(sess.one) dst_port
            use_backend b_one_x if { var(sess.one) -m len 1:3 }
            use_backend b_two_x if { var(sess.one) -m len 4:5 }
            default_backend none
            """, ["any": "b_two_x"]
        ),
        (
            "use_backend b_%[src,map_ip(MAPS/networks)]_x\ndefault_backend none",
            ["any": "b_one_x"]
        ),
        (
            "use_backend b_%[src,ipmask(24),map_ip(MAPS/networks,two)]_x\ndefault_backend none",
            ["any": "b_two_x"]
        ),
        (
            "use_backend b_%[src,map_ip(MAPS/mapped)]_x\ndefault_backend none",
            ["any": "b_one_x"]
        ),
        (
            "use_backend b_%[dst_port,map_int(MAPS/ports,none)]_x\ndefault_backend none",
            ["any": "b_one_x"]
        ),
        (
            """
            use_backend b_%[req.payload(0,3)]_x if { req.payload(0,1) -m str t }
            use_backend none if { req.payload(0,1) -m str o }
            default_backend b_one_x
            """, ["two": "b_two_x", "one": "none", "six": "b_one_x"]
        ),
    ]

    private static let maps: KeyValuePairs<String, String> = [
        "names": "# names\n one  two \none one\n\ntwo\tone\nsix nobody\nten\n",
        "beginnings": "o two\none one\n",
        // Two files: haproxy remembers what was looked up by the file alone.
        "parts": "ne one\ne two\n", "pieces": "ne one\ne two\n",
        "domains": ".a. one\nxb two\n", "folders": "a one\nx.b two\n",
        "expressions": "^[a-z][0-9] one\n^b two\n",
        "mapped": "::ffff:127.0.0.0/104 one\n::ffff:127.0.0.8/127 two\n",
        "networks": "127.0.0.0/8 two\n127.0.0.7 one\n127.0.0.7 two\n",
    ]
    private static let names = ["none", "b_one_x", "b_two_x"]

    /// A program's file, with maps in a folder of its own.
    private func file(
        _ ports: [UInt16], _ servers: [TalkingServer], _ program: String, in folder: ProgramFolder
    ) throws -> String {
        for (name, text) in Self.maps { _ = try folder.write(text, to: "\(program).\(name)") }
        let path = try folder.write(
            ":9 two\n" + ports.map { "\($0 - 1):\($0) one\n" }.joined() + "10: two\n",
            to: "\(program).ports")
        let prefix = String(path.dropLast("ports".count))
        var text = """
            global
                nbthread 1
            defaults
                mode tcp
                timeout client 9s
                timeout server 9s
                timeout connect 9s

            """
        for (one, port) in zip(Self.cases, ports) {
            text +=
                "frontend at\(port)\nbind 127.0.0.1:\(port)\ntcp-request inspect-delay 5s\n"
                + "tcp-request content accept if { req.len ge 3 }\n"
                + one.lines.replacing("MAPS/", with: prefix) + "\n"
        }
        for (name, server) in zip(Self.names, servers) {
            text += "backend \(name)\nserver s 127.0.0.1:\(server.port)\n"
        }
        return try folder.write(text, to: "\(program).cfg")
    }

    /// Who answers a client.
    private func answer(to word: String, at port: UInt16) throws -> String {
        try heard(by: 0x7f00_0007, saying: word, at: port)?.text ?? "not there"
    }

    @Test func `clients come to the same ones`() throws {
        let folder = try ProgramFolder()
        let servers = try Self.names.map { try TalkingServer(.answers($0)) }
        let theirPorts = try Self.cases.map { _ in try freePort() }
        let ourPorts = try Self.cases.map { _ in try freePort() }
        let theirs = try file(theirPorts, servers, "theirs", in: folder)
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(try file(ourPorts, servers, "ours", in: folder))
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            try answer(to: "one", at: theirPorts[0]) == "b_one_x"
        }
        for (number, one) in Self.cases.enumerated() {
            for (word, name) in one.answers {
                let both = [
                    try answer(to: word, at: ourPorts[number]),
                    try answer(to: word, at: theirPorts[number]),
                ]
                #expect(both == [name, name], "\(word): \(one.lines)")
            }
        }
    }
}
#endif

import Foundation
import NodeConfiguration
import Testing
import VRRPCore

/// Braces of a pattern that stand for two things each.
private func braces(count: Int) -> String { String(repeating: "{,a}", count: count) }

/// keepalived.conf(5), "Parameter substitution", "Sequence blocks", "List blocks": its examples.
@Suite struct `What stands for other text in keepalived's language` {
    private func load(_ text: String, on node: String = "lb1") -> LoadedConfiguration {
        var loader = ConfigurationLoader()
        loader.identity = node
        return loader.load([InputFile(name: "/etc/keepalived/f", bytes: Array(text.utf8))])
    }

    /// The addresses of the one instance in a text whose list has these lines.
    private func addresses(_ lines: String, before: String = "") -> [String] {
        let loaded = load(
            before
                + "\nvrrp_instance V {\ninterface eth1\nvirtual_router_id 1\nvirtual_ipaddress {\n\(lines)\n}\n}"
        )
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        return loaded.model?.virtualRouters.first?.addresses.map { "\($0.address)" } ?? []
    }

    @Test func `names are replaced where they are used, also by names`() {
        #expect(
            addresses(
                """
                $ADDRESS_BASE_SUB=0
                ${ADDRESS_BASE}.100/32
                $ADDRESS_BASE_SUB=10
                ${ADDRESS_BASE}.100/32
                """, before: "$ADDRESS_BASE=10.2.${ADDRESS_BASE_SUB}")
                == ["10.2.0.100", "10.2.10.100"])
    }

    @Test func `without braces a name ends at a space, and a name may bring a condition`() {
        let text =
            "$IF_MAIN=@lb1\n$P=7\n"
            + instance("priority $P\n$IF_MAIN advert_int 3\nnotify \"/bin/sh $PX\"")
        let router = load(text).model?.virtualRouters.first
        #expect(router?.priority.rawValue == 7)
        #expect(router?.advertisementInterval.duration == .seconds(3))
        #expect(router?.notifications.any == ["/bin/sh", "$PX"])
        #expect(
            load(text, on: "lb2").model?.virtualRouters.first?.advertisementInterval.duration
                == .seconds(1))
    }

    @Test func `a definition of several lines stands for whole blocks`() throws {
        let loaded = load(
            """
            $INSTANCE= \\
            vrrp_instance VI_${NUM} { \\
                interface eth0.${NUM} \\

                virtual_router_id ${NUM} \\
                @lb1 priority 130 \\
                @^lb1 priority 120 \\
                $SUB=${NUM} \\
                virtual_ipaddress { \\
                    10.0.${SUB}.254/24 \\
                } \\
            }
            @lb2 $OTHER= \\
            vrrp_instance other { \\
            }

            $NUM=1
            $INSTANCE

            $NUM=2
            $INSTANCE
            """)
        #expect(
            loaded.diagnostics.map(\.description) == [], "\(loaded.diagnostics)")
        let routers = try #require(loaded.model?.virtualRouters)
        #expect(routers.map(\.name) == ["VI_1", "VI_2"])
        #expect(routers.map(\.interface) == ["eth0.1", "eth0.2"])
        #expect(routers.map(\.priority.rawValue) == [130, 130])
        #expect(routers.map { "\($0.addresses[0].address)" } == ["10.0.1.254", "10.0.2.254"])
    }

    @Test func `what is predefined`() {
        setenv("LBCTL_TEST_PRIORITY", "77", 1)
        let lines = """
            priority ${_ENV LBCTL_TEST_PRIORITY}
            notify "${_PWD}/n ${_INSTANCE} a${_HASH}b ${_BANG}"
            """
        let loaded = load(instance(lines))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let router = loaded.model?.virtualRouters.first
        #expect(router?.priority.rawValue == 77)
        #expect(router?.notifications.any == ["/etc/keepalived/n", "lb1", "a#b", "!"])
        func number(_ node: String) -> UInt8? {
            load(instance("priority ${_RANDOM 10 250}"), on: node).model?.virtualRouters.first?
                .priority.rawValue
        }
        #expect((10...250).contains(number("lb1") ?? 0))
        #expect(number("lb1") == number("lb1"))
        #expect(number("lb1") != number("lb2"))
        #expect(
            load(instance("priority ${_RANDOM 5 5}")).model?.virtualRouters.first?.priority.rawValue
                == 5)
    }

    @Test(arguments: [
        ("~SEQ(SUBNET, 0, 3) 10.0.${SUBNET}.1", ["10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1"]),
        ("~SEQ(N, 2) 10.0.0.$N", ["10.0.0.1", "10.0.0.2"]),
        ("~SEQ(N, 4, -2, 1) 10.0.0.${N}", ["10.0.0.4", "10.0.0.2"]),
        ("~SEQ(N, 3, 1) 10.0.0.${N}", ["10.0.0.3", "10.0.0.2", "10.0.0.1"]),
        (
            "~SEQx(A, 0x90, 0x10, 0xc0) fe80::20:${A}:1",
            ["fe80::20:90:1", "fe80::20:a0:1", "fe80::20:b0:1", "fe80::20:c0:1"]
        ),
        (
            "~LST(IP, 1, 2) ~LST(IP1, 5,6) 192.169.${IP}.${IP1}",
            ["192.169.1.5", "192.169.1.6", "192.169.2.5", "192.169.2.6"]
        ),
        (
            "~LST({IP, IP1}, {10,1},{20,4}) ~SEQ(IP2,168,2,170) 192.${IP2}.${IP}.${IP1}",
            ["192.168.10.1", "192.170.10.1", "192.168.20.4", "192.170.20.4"]
        ),
        ("~SEQ(N, ${FIRST}, 3) 10.0.0.${N}", ["10.0.0.2", "10.0.0.3"]),
    ])
    func `lines that are said several times`(line: String, expected: [String]) {
        #expect(addresses(line, before: "$FIRST=2") == expected)
    }

    @Test(arguments: [
        ("~SEQ(N, 1, 2", "f:1:1: error: '~SEQ(' is not closed on its line"),
        (
            "~SEK(N, 1, 2) x",
            "f:1:1: error: '~' begins ~SEQ(NAME, START, STEP, END), ~SEQx or ~LST(NAME, VALUE, …)"
        ),
        (
            "~SEQ(N, 1, x) y",
            "f:1:1: error: ~SEQ needs a name and whole numbers: NAME, START, STEP, END; START and STEP may be left out"
        ),
        ("~SEQ(N, 1, 0, 3) y", "f:1:1: error: ~SEQ: steps of 0 do not lead from 1 to 3"),
        ("~SEQ(N, 1, -1, 3) y", "f:1:1: error: ~SEQ: steps of -1 do not lead from 1 to 3"),
        ("~SEQ(N, 0, 65536) y", "f:1:1: error: ~SEQ: more than 65536 steps"),
        ("~SEQ(a-b, 1, 2) y", "f:1:1: error: ~SEQ needs a name of letters, digits and '_'"),
        ("~LST(N) y", "f:1:1: error: ~LST needs a name and values"),
        (
            "~LST({A,B}, {1,2}, {3}) y",
            "f:1:1: error: ~LST: each value must be of 2 parts, as the names are"
        ),
        ("$A=${B}\n$B=${A}\n$A", "f:3:1: error: what stands for this names itself"),
        ("@ x", "f:1:1: error: '@' needs the name of a node right after it"),
    ])
    func `a mistake is told where it stands`(text: String, message: String) {
        #expect(diagnose(text, as: .keepalived).first == message)
    }

    @Test func `what grows without end is stopped`() {
        let doubling = (1...40).map { "$A\($0)=${A\($0 - 1)}${A\($0 - 1)}" }
        let text = "$A0=x\n" + doubling.joined(separator: "\n") + "\n${A40}\n"
        #expect(
            diagnose(text, as: .keepalived).first?.hasPrefix("f:42:1: error: what stands for this")
                == true)
        let lines = "~SEQ(A,1,1000) ~SEQ(B,1,1000) ~SEQ(C,1,1000) x\n"
        #expect(
            diagnose(lines, as: .keepalived) == [
                "f:1:46: error: definitions make more than 100000 lines"
            ])
        let own = "$A= \\\nx \\\n$A\n$A\n"
        #expect(diagnose(own, as: .keepalived).contains { $0.contains("grows without end") })
    }

    @Test func `what comes to nothing is counted too`() {
        let steps = "definitions and repetitions take more than 200000 steps"
        let sequences = "~SEQ(a,1,60000)~SEQ(b,1,60000)~SEQ(c,1,60000)@nobody x\n"
        #expect(diagnose(sequences, as: .keepalived).first == "f:1:31: error: \(steps)")
        let levels = (1...60).map { "$A\($0)= \\\n$A\($0 - 1) \\\n$A\($0 - 1)" }
        let lines = "$A0=@nobody x\n" + levels.joined(separator: "\n") + "\n$A60\n"
        #expect(diagnose(lines, as: .keepalived).first == "f:182:1: error: \(steps)")
        let empty = String(repeating: "${E}", count: 900)
        let text = "$E=\n~SEQ(N,1,60000)\(empty)@nobody x\n"
        let told = ConfigurationLoader(format: .keepalived)
            .load([InputFile(name: "f", bytes: Array(text.utf8))]).diagnostics.map(\.description)
        #expect(told.count { $0.contains(": error: ") } == 1)
        #expect(
            told.first?.hasSuffix(
                "error: definitions and repetitions go through more than 67108864 characters")
                == true)
    }

    @Test func `what stands between brackets has an end`() {
        func many(_ name: String) -> String { String(repeating: "${\(name)}", count: 3_000) }
        let text = "$A=\(many("B"))\n$B=\(many("C"))\n$C=\(many("D"))\n~SEQ(N,\(many("A")))x\n"
        #expect(
            diagnose(text, as: .keepalived) == [
                "f:4:1: error: what stands for names between these brackets is longer than 16384"
                    + " characters"
            ])
    }

    @Test func `columns are those of the file, also behind what was replaced`() {
        #expect(
            diagnose("$A=advert_int\n" + instance("${A} 0.5 x")).map { $0.split(separator: " ")[0] }
                == ["f:6:6:", "f:6:10:"])
    }
}

@Suite struct `Included files of keepalived's language` {
    private let folder = "/tmp/lbctl-includes-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    private func load(_ files: [String: String]) throws -> [String] {
        try load(files).diagnostics.map {
            $0.description.replacing(folder + "/", with: "")
        }
    }

    private func load(_ files: [String: String]) throws -> LoadedConfiguration {
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(
            atPath: folder + "/d", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files {
            try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
        }
        return ConfigurationLoader().load(paths: [folder + "/main"])
    }

    @Test func `are read in their place, also inside of a block, and define names`() throws {
        let loaded: LoadedConfiguration = try load([
            "main": "include d/names\n"
                + instance("virtual_ipaddress {\ninclude d/*.list\n}\npriority $P"),
            "d/names": "$P=9\n$HERE=${_PWD}\n",
            "d/1.list": "10.0.0.1\n10.0.0.2 dev eth2\n",
            "d/2.list": "10.0.0.3\n",
        ])
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let router = try #require(loaded.model?.virtualRouters.first)
        #expect(router.priority.rawValue == 9)
        #expect(
            router.addresses.map { "\($0.address)" }
                == ["172.17.0.5", "10.0.0.1", "10.0.0.2", "10.0.0.3"])
    }

    @Test func `a mistake is told in the file where it stands`() throws {
        let told: [String] = try load([
            "main": instance("virtual_ipaddress {\ninclude d/list\n}\npriority 300"),
            "d/list": "10.0.0.1\n10.0.0.256\n",
        ])
        #expect(
            told == [
                "main:8:10: error: priority 300: must be 1 to 255",
                "d/list:2:1: error: '10.0.0.256': must be an address, such as 192.0.2.1 or 2001:db8::1",
            ])
    }

    @Test(
        arguments: [
            (
                "include none",
                "main:1:9: warning: no file matches 'none': nothing is read here"
            ),
            (
                "include none*",
                "main:1:9: warning: no file matches 'none*': nothing is read here"
            ),
            ("includem none", "main:1:10: error: no file matches 'none'"),
            (
                "includem none*",
                "main:1:10: warning: no file matches 'none*': nothing is read here"
            ),
            ("includew none*", "main:1:10: error: no file matches 'none*'"),
            (
                "includew none",
                "main:1:10: warning: no file matches 'none': nothing is read here"
            ),
            ("includea none*", "main:1:10: error: no file matches 'none*'"),
            ("includeb d/{one,two}", "main:1:10: error: no file matches 'd/two'"),
            ("include d/{one,two}", nil),
            ("include {d,e}/{one,{two,three},four}\(braces(count: 6))", nil),
            (
                "include \(braces(count: 40))",
                "main:1:9: error: 'include': the pattern may have 64 braces, which stand for 1000 patterns at most"
            ),
            (
                "include {d,e}/{one,{two,three},four}\(braces(count: 7))",
                "main:1:9: error: 'include': the pattern may have 64 braces, which stand for 1000 patterns at most"
            ),
            (
                "includeb \(String(repeating: "{d}", count: 65))",
                "main:1:10: error: 'includeb': the pattern may have 64 braces, which stand for 1000 patterns at most"
            ),
            ("include_check match\ninclude none", "main:2:9: error: no file matches 'none'"),
            (
                "include_check\ninclude_check -match\ninclude none*",
                "main:3:9: error: no file matches 'none*'"
            ),
            (
                "include_check macht",
                "main:1:15: error: include_check 'macht': must be readable, match, wildcard_match or brace_match"
            ),
            ("include", "main:1:1: error: 'include' needs the path of a file, or a pattern"),
            ("include d", "d:1:1: error: this is a directory; name the files in it"),
        ] as [(String, String?)])
    func `a file that is not there is told, and an error where that is asked for`(
        line: String, message: String?
    ) throws {
        let told: [String] = try load(["main": line + "\n" + instance(""), "d/one": "! nothing\n"])
        #expect(told == [message].compactMap(\.self))
    }
}

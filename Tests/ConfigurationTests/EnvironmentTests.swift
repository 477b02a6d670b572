import NodeConfiguration
import Testing
import VRRPCore

/// Variables of the environment in haproxy's language.
@Suite struct `Environment variables` {
    private func loaded(
        _ texts: String..., with environment: [String: String] = [:]
    ) -> LoadedConfiguration {
        var loader = ConfigurationLoader()
        loader.environment = environment
        return loader.load(
            texts.enumerated().map { index, text in
                InputFile(name: "f\(index)", bytes: Array(text.utf8))
            })
    }

    /// What a description comes to that has its words after the lines of a global section.
    private func text(
        _ description: String, _ globals: String = "", with environment: [String: String] = [:]
    ) -> String? {
        let loaded = loaded(
            "global\n\(globals)\n" + proxy("description \(description)"), with: environment)
        return loaded.model?.frontends[0].description
    }

    @Test func `stand for their values between double quotes, and nowhere else`() {
        let environment = ["A": "x y", "_b2": "\"$A\\", "EMPTY": ""]
        #expect(text(#"- "$A" '$A' $A "\$A" -"#, with: environment) == "- x y $A $A $A -")
        #expect(text(#""<$A.${A}$_b2>""#, with: environment) == #"<x y.x y"$A\>"#)
        #expect(text(#""<${A-d}|${EMPTY-d}|${NO-d "$A}>""#, with: environment) == #"<x y||d "$A>"#)
        #expect(text(#"a "$EMPTY" b"#, with: environment) == "a b")
    }

    @Test func `may be keywords, and several words where that is asked for`() {
        let loaded = loaded(
            proxy("balance \"$ALGORITHM\"\nserver b \"$HOST:${PORT-80}\" \"${WORDS[*]}\" backup"),
            with: [
                "ALGORITHM": "leastconn", "HOST": "192.0.2.12",
                "WORDS": " check  inter 3s weight 7",
            ])
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let backend = loaded.model?.backends.first
        let server = backend?.servers.last
        #expect(backend?.algorithm == .leastconn)
        #expect(server?.address == .internet(.v4(IPv4Address(192, 0, 2, 12))))
        #expect(server?.port == 80)
        #expect(server?.check?.interval == .seconds(3))
        #expect(server?.weight == 7)
        #expect(server?.isBackup == true)
    }

    @Test func `are set and taken away for the lines after it`() {
        let environment = ["A": "outer", "B": "outer", "C": "outer", "D": "outer"]
        let words = #""$A,$B,$C,${D-none},${E-none},$G""#
        let globals = """
            setenv A own
            presetenv B own
            presetenv G own
            unsetenv D F
            """
        #expect(text(words, globals, with: environment) == "own,outer,outer,none,none,own")
        #expect(
            text(words, globals + "\nsetenv E \"$A $C\"\npresetenv D 2", with: environment)
                == "own,outer,outer,2,own outer,own")
        #expect(
            text(
                #""${A-none},${B-none},${C-none},${G-none}""#, globals + "\nresetenv A C",
                with: environment) == "own,none,outer,none")
        let later = loaded("global\nsetenv A 1", proxy("description \"$A\""))
        #expect(later.model?.frontends[0].description == "1")
    }

    @Test(arguments: [
        (
            "description \"a $1\"",
            "7:16: error: '$' needs the name of a variable, as in ${NAME}; \\$ is the sign itself"
        ),
        (
            "description \"${A\"",
            "7:14: error: this brace is not closed: it must be ${NAME}, ${NAME-DEFAULT} or ${NAME[*]}"
        ),
        (
            "description \"${A+b}\"",
            "7:14: error: this brace is not closed: it must be ${NAME}, ${NAME-DEFAULT} or ${NAME[*]}"
        ),
        (
            "server \"b${.LINE}\" 192.0.2.12:80",
            "7:10: error: the variables .FILE, .LINE and .SECTION are known but not implemented yet"
        ),
        (
            "description \"a $NO\"",
            "7:16: warning: the environment has no 'NO': nothing stands here; ${NAME-DEFAULT} says what would"
        ),
        (
            "description \"$HAPROXY_LOCALPEER\" x",
            "7:14: error: 'HAPROXY_LOCALPEER' is a variable that haproxy sets itself; it is known but not implemented yet"
        ),
        (
            "server b \"$A:80\" chek",
            "7:18: error: unknown server option 'chek'; did you mean 'check'?"
        ),
        (
            "global\n setenv A",
            "8:2: error: 'setenv' needs a name and a value, in quotes where it has spaces"
        ),
        ("setenv A b", "7:1: error: unknown keyword 'setenv' in this section"),
    ])
    func `what is wrong is said where it stands, once`(line: String, message: String) {
        #expect(
            loaded(proxy(line), with: ["A": "192.0.2.12"]).diagnostics.map(\.description)
                == ["f0:" + message])
    }

    @Test func `YAML has the values, and no variables`() {
        var loader = ConfigurationLoader()
        loader.environment = ["A": "x y"]
        let text = "global\n setenv B 2\n" + proxy("description \"$A $B \\$A\"")
        let conversion = loader.convert([InputFile(name: "f", bytes: Array(text.utf8))])
        #expect(conversion.difference == nil)
        #expect(conversion.loaded.model?.frontends[0].description == "x y 2 $A")
        #expect(conversion.text?.contains("setenv") == false)
        let native = loaded("global:\n  setenv: A b\nlisten a:\n  bind: :80\n", with: [:])
        #expect(
            native.diagnostics.first?.description
                == "f0:2:3: warning: 'setenv' has no effect: no variable stands for anything in YAML; write the values"
        )
    }

    @Test func `that double with each line are stopped`() {
        let doubling = String(repeating: "setenv A \"$A$A\"\n", count: 40)
        let told = loaded("global\nsetenv A xxxx\n\(doubling)").diagnostics.map(\.description)
        // 4 bytes are 65,536 after 14 lines.
        #expect(
            told.first
                == "f0:17:13: error: what variables stand for on this line is longer than 65536"
                + " bytes")
        let once = String(repeating: "x", count: 40_000)
        #expect(
            loaded("global\n", proxy("description \"$A\" \"$A\""), with: ["A": once])
                .diagnostics.map(\.description) == [
                    "f1:7:19: error: what variables stand for on this line is longer than 65536 bytes"
                ])
        let lines = (1...300).map { "description \"$A\" # \($0)" }.joined(separator: "\n")
        #expect(
            loaded("listen a\n" + lines, with: ["A": String(repeating: "x", count: 60_000)])
                .diagnostics
                .first { $0.description.contains("longer") }?.description
                == "f0:281:14: error: what variables stand for is longer than 16777216 bytes in all"
        )
        let list = loaded(
            proxy("description \"${A[*]}${A[*]}\""),
            with: ["A": String(repeating: "x ", count: 20_000)])
        #expect(list.diagnostics.contains { $0.description.contains("longer than 65536 bytes") })
        let long = String(repeating: "x", count: 65_536)
        #expect(!loaded("global\nsetenv A \(long)\n\(proxy(""))").hasErrors)
        #expect(
            loaded("global\nsetenv A \(long)x\n\(proxy(""))").diagnostics.map(\.description) == [
                "f0:2:1: error: 'setenv': the value is longer than 65536 bytes"
            ])
    }

    @Test func `of keepalived's language come from the same place`() {
        let loaded = loaded(instance("priority ${_ENV P}"), with: ["P": "7"])
        #expect(loaded.model?.virtualRouters.first?.priority.rawValue == 7)
    }

    @Test func `words that come to nothing cost no depth, however many there are`() {
        let words = String(repeating: "\"${NOTHING[*]}\" ", count: 100_000)
        #expect(load(proxy("log \(words)")).hasErrors)
    }
}

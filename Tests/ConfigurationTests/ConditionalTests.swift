import Foundation
import NodeConfiguration
import Testing

/// `.if` to `.endif` in haproxy's language.
@Suite struct `Conditional blocks` {
    private func loaded(
        _ text: String, with environment: [String: String] = [:]
    ) -> LoadedConfiguration {
        var loader = ConfigurationLoader()
        loader.environment = environment
        return loader.load([InputFile(name: "f", bytes: Array(text.utf8))])
    }

    /// What a condition comes to: 0 it holds, 1 it doesn't, 2 it can't be read.
    private func outcome(of condition: String) -> Int32 {
        let loaded = loaded(
            ".if \(condition)\n.alert yes\n.endif\n" + proxy("balance roundrobin"),
            with: ["PATH": "/bin"])
        let errors = loaded.diagnostics.filter { $0.severity == .error }.map(\.message)
        return errors.isEmpty ? 1 : errors == ["yes"] ? 0 : 2
    }

    private func haproxysOutcome(of condition: String) throws -> Int32 {
        let haproxy = Process()
        haproxy.executableURL = URL(filePath: "/usr/sbin/haproxy")
        haproxy.arguments = ["-cc", condition]
        haproxy.environment = ["PATH": "/bin"]
        haproxy.standardError = FileHandle.nullDevice
        try haproxy.run()
        haproxy.waitUntilExit()
        return haproxy.terminationStatus
    }

    @Test(arguments: [
        "", "1", "0", "2", "-1", "007", "abc", "!0", "!!1", "! 1", "1 && 0", "1&&1", "1||0&&0",
        "0&&0||1", "(1)", "( 1 || 0 ) && 0", "!(1)", "!(0 || (1 && 0))", "1 1", "1 &&", "&& 1",
        "(1",
        "1)", "()", "1 & 1", "1 | 1", "defined(PATH)", "defined( PATH )", "defined(NOPE)",
        "defined()",
        "defined(A,B)", "streq(a,a)", "streq(a, a)", "streq(a b,a b)", "streq(,)", "streq(a)",
        "streq(a,b,c)", "strneq(a,b)", "strneq(a,a)", "feature(EPOLL)", "feature(epoll)",
        "feature(PROMEX)", "feature(QUIC)", "feature(NOPE)", "version_atleast(2.6)",
        "version_atleast(2.6.12)", "version_atleast(2.6-dev3)", "version_atleast(2.5.99)",
        "version_atleast(2.7)", "version_atleast(3)", "version_before(3.0)",
        "version_before(2.6.12)",
        "version_before(2.6.13)", "version_before(2.6-dev1)", "nope(a)", "version_atleast(2.6",
        "defined(PATH) && !defined(NOPE)", "1 || nope(a)", "0 && (1",
    ])
    func `hold where haproxy's do`(condition: String) throws {
        #expect(try outcome(of: condition) == haproxysOutcome(of: condition))
    }

    @Test(arguments: [
        ("strstr(abcd,bc)", true), ("strstr(abcd,x)", false), ("enabled(SPLICE)", true),
        ("enabled(KQUEUE)", false), ("feature(OPENSSL)", true),
        ("openssl_version_atleast(1.1)", false),
        // A variable that is not set needs no warning where it is asked about.
        (#"streq("$NOPE",a)"#, false), (#"streq("$NAME","of lb1")"#, true),
        (#""streq($NAME,of lb1) && 1""#, true),
    ])
    func `hold where later releases' do`(condition: String, holds: Bool) {
        let loaded = loaded(
            ".if \(condition)\n.warning holds\n.endif\n" + proxy("balance roundrobin"),
            with: ["NAME": "of lb1"])
        #expect(loaded.diagnostics.map(\.message) == (holds ? ["holds"] : []))
    }

    @Test func `have one of their branches, and nothing of the others`() {
        let text = """
            .if defined(A)
            global
                setenv X a
                .if streq("$A",2)
                maxconn 222
                .elif nope(1)
                .else
                maxconn 111
                .endif
            .elif defined(B)
            global
                setenv X b
                "unclosed $
            .else
            global
                setenv X none
                nonsense
            .if 1
            .alert never
            .endif
            .endif

            """
        func outcome(_ environment: [String: String]) -> [String] {
            let loaded = loaded(text + proxy("description \"$X\""), with: environment)
            return loaded.diagnostics.map(\.description) + [
                loaded.model?.frontends.first?.description ?? "none",
                "\(loaded.model?.global.connectionLimit ?? 0)",
            ]
        }
        #expect(outcome(["A": "2", "B": ""]) == ["a", "222"])
        #expect(outcome(["A": "3"]).first == "f:6:11: error: the predicate 'nope' is not offered")
        #expect(
            outcome(["B": ""]).first == "f:13:5: error: this quote is not closed on its line")
        #expect(
            outcome([:]).first
                == "f:17:5: error: unknown keyword 'nonsense' in a global section")
    }

    @Test(arguments: [
        (".else", ["f:1:1: error: there is no .if before this .else"]),
        (".elif 1", ["f:1:1: error: there is no .if before this .elif"]),
        (".endif", ["f:1:1: error: there is no .if before this .endif"]),
        (".if 1", ["f:1:1: error: this .if has no .endif after it"]),
        (
            ".if 0\n.else\n.elif 1\n.endif",
            ["f:3:1: error: there is an .else before this .elif"]
        ),
        (".if 1\n.endif x", ["f:2:8: error: 'x': nothing may follow here"]),
        (".iff 1", ["f:1:1: error: '.iff' is not known; did you mean '.if'?"]),
        (".if 0\n.iff 1\n.if nope(\n.endif\n.endif", []),
        (".notice hello\n.diag there", []),
        (".warning \"look here\"", ["f:1:1: warning: look here"]),
        (
            ".warning look here",
            ["f:1:1: error: .warning needs a message, in quotes where it has spaces"]
        ),
        (
            ".if defned(A)\n.endif",
            ["f:1:5: error: the predicate 'defned' is not offered; did you mean 'defined'?"]
        ),
        (
            ".if version_atleast(new)\n.endif",
            ["f:1:5: error: 'new': must be a version such as 2.6"]
        ),
        (
            ".if 1 && (0\n.endif",
            ["f:1:5: error: the condition must have a ')' at its end"]
        ),
        (
            ".if 1 maybe\n.endif",
            ["f:1:5: error: the condition must have '&&', '||' or its end before 'maybe'"]
        ),
        (
            ".if enabled\n.endif",
            [
                "f:1:5: error: the condition must have a number or a predicate such as defined(NAME) before 'enabled'"
            ]
        ),
    ])
    func `say what is wrong with them`(lines: String, messages: [String]) {
        let loaded = loaded(lines + "\n" + proxy("balance roundrobin"))
        #expect(loaded.diagnostics.map(\.description) == messages)
    }

    @Test func `may be nested 64 deep, parentheses as well`() {
        let deep = String(repeating: "(", count: 70) + "1" + String(repeating: ")", count: 70)
        #expect(outcome(of: deep) == 2)
        for (depth, isTooDeep) in [(64, false), (65, true)] {
            let text =
                String(repeating: ".if 1\n", count: depth) + "\n"
                + String(repeating: ".endif\n", count: depth)
            let errors = loaded(text + proxy("balance roundrobin")).diagnostics
            #expect(errors.isEmpty != isTooDeep, "\(errors)")
        }
    }
}

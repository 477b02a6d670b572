import NodeConfiguration
import Glibc
import Testing

@Suite struct `Any file` {
    @Test func `a missing file, a directory and an unreadable name`() {
        let loaded = ConfigurationLoader().load(paths: ["/nowhere/lb.conf", "/", ""])
        #expect(
            loaded.diagnostics.map(\.description) == [
                "/nowhere/lb.conf:1:1: error: no such file",
                "/:1:1: error: this is a directory; name the files in it",
                ":1:1: error: no such file",
            ])
        #expect(loaded.model == nil && loaded.hasErrors)
    }

    @Test func `a name that only an unreadable file could define is not called unknown`() throws {
        let text = "defaults\ntimeout client 1s\nfrontend f\nbind :1\ndefault_backend elsewhere\n"
        let loaded = ConfigurationLoader().load([
            InputFile(name: "a", bytes: Array(text.utf8)), InputFile(name: "b", bytes: [0xFF]),
        ])
        #expect(
            loaded.diagnostics.map(\.description) == [
                "b:1:1: error: this is not valid UTF-8; save the file as UTF-8"
            ])
    }

    @Test(
        arguments: [
            ([], "f:1:1: error: the file has no configuration in it"),
            (
                Array(" \r\n\t# only a comment\n".utf8),
                "f:1:1: error: the file has no configuration in it"
            ),
            (
                Array("listen é".utf8) + [0xE9, 0x20],
                "f:1:9: error: this is not valid UTF-8; save the file as UTF-8"
            ),
            (Array("a\nbc\0".utf8), "f:2:3: error: a zero byte: this is not a text file"),
            (
                Array("hello world\n".utf8),
                "f:1:1: error: neither keepalived's nor haproxy's language, nor YAML; --format names it"
            ),
            (
                Array("---\nproxies:\n".utf8),
                "f:2:1: error: 'proxies' begins no section of keepalived's or haproxy's language"
            ),
        ] as [([UInt8], String)])
    func `what is no configuration is told in one line`(bytes: [UInt8], message: String) {
        let loaded = ConfigurationLoader().load([InputFile(name: "f", bytes: bytes)])
        #expect(loaded.diagnostics.map(\.description) == [message])
        #expect(loaded.model == nil)
    }

    @Test(
        arguments: [
            ("vrrp_instance VI_1 {", .keepalived), ("global_defs\n{", .keepalived),
            ("! a comment\nvrrp_script x {", .keepalived), ("server {\n listen 80;", .keepalived),
            (" listen a :80", .haproxy), ("# c\ndefaults", .haproxy), ("lisen a :80", .haproxy),
            ("---", .native), ("vrrp_instance VI_1: # c\n  a: {", .native),
            ("defaults: {}", .native),
            ("- listen a :80:", .native), ("hello", nil), ("", nil),
        ] as [(String, SourceFormat?)])
    func `the language is recognised by what is said`(text: String, format: SourceFormat?) {
        #expect(SourceFormat.detect(Array(text.utf8)) == format)
    }

    @Test func `the format that is asked for wins`() {
        #expect(
            diagnose("listen a :80", as: .keepalived).first
                == "f:1:1: error: unknown keyword 'listen' of keepalived's language, outside of blocks"
        )
    }

    @Test func `columns count characters, not bytes`() {
        #expect(
            diagnose("listen a :80\nstats realm \"é\u{A0}€😀\" mode\nstats uri \"é\" x").last
                == "f:3:11: error: stats uri 'é': must begin with '/'")
        #expect(
            diagnose("vrrp_script s {\nscript \"é€😀\" \u{A0}\"x\n}").first
                == "f:2:15: error: this quote is not closed on its line")
    }

    @Test func `a pipe is refused where nobody may wait`() {
        let path = "/tmp/lbctl-pipe-\(getpid())"
        mkfifo(path, 0o600)
        defer { unlink(path) }
        var loader = ConfigurationLoader()
        loader.waits = false
        #expect(
            loader.load(paths: [path]).diagnostics.map(\.description) == [
                "\(path):1:1: error: no regular file: a reload waits for nobody"
            ])
    }

    @Test func `a message shows no control characters and no endless words`() {
        let word = "\u{1B}[31m" + String(repeating: "x", count: 1_000_000)
        let message = diagnose("listen a :80\n\(word) y\n").last
        #expect(message?.utf8.count ?? 0 < 200)
        #expect(message?.hasPrefix("f:2:1: error: unknown keyword '\\u{1b}[31mxxx") == true)
    }

    @Test func `lines of a megabyte and a hundred thousand lines are read`() {
        let long =
            "listen a :80\nserver s 192.0.2.1:1" + String(repeating: " check", count: 200_000)
        #expect(load(long).model?.backends.first?.servers.count == 1)
        let many =
            "vrrp_script s {\nscript x\n" + String(repeating: "user y\n", count: 20_000) + "}"
        let loaded = load(many)
        #expect(loaded.diagnostics.count == 101)
        #expect(
            loaded.diagnostics.last?.description == "f:104:1: warning: and 19899 more from here on")
        #expect(loaded.model != nil)
    }

    @Test func `diagnostics come in the order of files and places`() throws {
        let loaded = ConfigurationLoader().load([
            InputFile(name: "z", bytes: Array("vrrp_script s {\nrise 0\nx\nfall 0\n}".utf8)),
            InputFile(name: "a", bytes: Array("listen a :0\n".utf8)),
        ])
        #expect(
            loaded.diagnostics.map { "\($0.file):\($0.line):\($0.column)" } == [
                "z:1:13", "z:2:6", "z:3:1", "z:4:6", "a:1:10",
            ])
    }

    @Test func `a file that grows without end is refused`() {
        #expect(
            ConfigurationLoader().load(paths: ["/dev/zero"]).diagnostics.map(\.description)
                == ["/dev/zero:1:1: error: larger than 16 MiB: this is no configuration file"])
    }
}

import Testing

@testable import NodeConfiguration

@Suite struct `Native YAML` {
    /// The same two sections, as YAML has many ways to write them.
    private static let plain = """
        vrrp_instance VI_1:
          interface: eth1
          virtual_router_id: 51
          virtual_ipaddress:
            - 172.17.0.5
          nopreempt:
        listen web 192.0.2.1:80:
          timeout: client 1m
          timeout server: 1m
          timeout connect: 5s
          server: a 192.0.2.11:80 check
        """

    private func model(_ text: String) throws -> Model {
        let loaded = load(text, as: .native)
        #expect(loaded.diagnostics.isEmpty)
        return try #require(loaded.model)
    }

    @Test func `says what the two languages say`() throws {
        let keepalived = """
            vrrp_instance VI_1 {
            interface eth1
            virtual_router_id 51
            virtual_ipaddress { 172.17.0.5 }
            nopreempt
            }
            """
        let haproxy = """
            listen web 192.0.2.1:80
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            server a 192.0.2.11:80 check
            """
        let loaded = ConfigurationLoader().load(
            [keepalived, haproxy].map { InputFile(name: "f", bytes: Array($0.utf8)) })
        #expect(try model(Self.plain) == loaded.model)
        #expect(SourceFormat.detect(Array(Self.plain.utf8)) == .native)
    }

    @Test func `has several ways to write the same`() throws {
        let model = try model(Self.plain)
        for text in [
            // Brackets, quotes, comments, and items as far out as their key.
            """
            # one
            vrrp_instance VI_1:   # two
              {interface: eth1, 'virtual_router_id': "51", virtual_ipaddress: [172.17.0.5], nopreempt: ~}
            ---
            listen web:
            - bind: "192.0.2.1:80"
              timeout: {client: 1m, server: 1m, connect: "5s"}
              server:
              - a 192.0.2.11:80
                 check
            """,
            """
            listen web 192.0.2.1:80:
              - timeout client 1m
              - timeout server: 1m
              -
                timeout:
                  connect: 5s
              - {server: {a: 192.0.2.11:80 check}}
            vrrp_instance VI_1:
              - interface eth1
              - virtual_router_id: 51
                virtual_ipaddress: {172.17.0.5: null}
              - nopreempt
            """,
        ] {
            #expect(try self.model(text) == model, "\(text)")
        }
    }

    @Test(arguments: [
        ("listen a:\n\tbind: :80", "2:1: error: a tab before the text; YAML wants spaces"),
        (
            "listen a:\n  bind: :80\n   server: s 192.0.2.1:1",
            "3:4: error: this line stands further in or out than it can; what belongs together begins in one column"
        ),
        (
            "listen a:\n  bind: :80\n  bind: :81",
            "2:3: error: the key 'bind' comes again further down in the same mapping; make one of the two longer, or make a list of them"
        ),
        (
            "listen a:\n  bind: *:80",
            "2:9: error: in YAML '*' begins an anchor or its alias, which is not taken here; put quotes around the text"
        ),
        (
            "listen a:\n  description: |\n    x",
            "2:16: error: in YAML '|' begins a text of several lines, which is not taken here; put quotes around the text"
        ),
        (
            "listen a:\n  description: x: y",
            "2:17: error: ': ' ends a key in YAML; inside of a value write ':\\ '"
        ),
        ("listen a:\n  bind: \":80\" x", "2:15: error: nothing can follow on this line"),
        ("listen a:\n  bind: \":80", "2:9: error: this quote is not closed on its line"),
        ("listen a:\n  bind: a \"b", "2:11: error: this quote is not closed on its line"),
        (
            "listen a:\n  bind: \"\\q\"",
            "2:10: error: '\\q' stands for nothing in YAML; a backslash itself is '\\\\'"
        ),
        (
            "listen a:\n  bind: \"\\x4g\"",
            "2:12: error: the number of a character is expected here, of 2 digits after '\\x', 4 after '\\u', 8 after '\\U'"
        ),
        (
            "listen a:\n  bind: \"\\x00\"",
            "2:9: error: an escape for U+0000 or U+FFFC, which no text can have"
        ),
        (
            "listen a:\n  bind: \"*\\uFFFC\"",
            "2:9: error: an escape for U+0000 or U+FFFC, which no text can have"
        ),
        ("listen a:\n  bind: \u{2028}:80", "2:9: error: the character U+2028 cannot stand in YAML"),
        (
            "listen a:\n  bind: &x :80",
            "2:9: error: in YAML '&' begins an anchor or its alias, which is not taken here; put quotes around the text"
        ),
        (
            "listen a:\n  bind: &:80",
            "2:9: error: in YAML '&' begins an anchor or its alias, which is not taken here; put quotes around the text"
        ),
        (
            "listen a:\n  !!map x: y",
            "2:3: error: in YAML '!' begins a tag, which is not taken here; put quotes around the text"
        ),
        (
            "listen a:\n  bind: @x",
            "2:9: error: in YAML '@' begins no text, which is not taken here; put quotes around the text"
        ),
        ("listen a:\n  bind: \":8\n    0\"", "2:9: error: this quote is not closed on its line"),
        (
            "listen a:\n  bind: :80\n    - :81",
            "3:5: error: this line stands further in or out than it can; what belongs together begins in one column"
        ),
        ("[a]: b", "1:1: error: a key is text, and neither a list nor a mapping"),
        (
            "listen a: {bind: :80}",
            "1:18: error: in YAML ':' begins no text, which is not taken here; put quotes around the text"
        ),
        ("listen a: {bind: \":80\" x}", "1:24: error: ',' or '}' is expected here"),
        ("listen a:\n  : b", "2:3: error: a key is expected before this ':'"),
        ("listen a:\n  bind: :80\n  x", "3:3: error: a key and ':' are expected here"),
        ("listen a: [bind", "1:11: error: this bracket is never closed"),
        (
            "listen a:\n  - - bind :80",
            "2:5: error: a list cannot be an item of a list; write its words in one line"
        ),
        (
            "listen a:\n  listen b: :80",
            "2:3: error: 'listen' begins a section and cannot stand in one"
        ),
        (
            "lisen a:\n  bind: :80",
            "1:1: error: 'lisen' begins no section of keepalived's or haproxy's language; did you mean 'listen'?"
        ),
        (
            "vrrp_instanse a:\n  interface: eth0",
            "1:1: error: 'vrrp_instanse' begins no section of keepalived's or haproxy's language; did you mean 'vrrp_instance'?"
        ),
        (
            "hello",
            "1:1: error: 'hello' begins no section; one is a key, such as 'vrrp_instance NAME:' or 'listen NAME:'"
        ),
    ])
    func `mistakes are told with their place`(text: String, complaint: String) {
        #expect(diagnose(text, as: .native).contains("f:" + complaint))
        #expect(load(text, as: .native).model == nil)
    }

    @Test func `a wrong word has the line and column that it has in the YAML`() {
        let text = """
            vrrp_instance VI_1:
              interface: eth1
              virtual_router_id: 51
              priority: 301
              virtual_ipaddress:
                - 172.17.0.5
            listen web 192.0.2.1:80:
              balance: sorce
              server:
                a: 192.0.2.11:80
                  check maxcon 5
            """
        let errors = load(text).diagnostics.filter { $0.severity == .error }
        #expect(
            errors.map(\.description) == [
                "f:4:13: error: priority 301: must be 1 to 255",
                "f:8:12: error: unknown balance algorithm 'sorce'; did you mean 'source'?",
                "f:11:13: error: unknown server option 'maxcon'; did you mean 'maxconn'?",
            ])
    }

    @Test func `nesting without end is refused, and costs no more stack than there is`() {
        func complaint(_ text: String) -> String? { diagnose(text, as: .native).first }
        #expect(
            complaint(String(repeating: "- ", count: 40) + "a")
                == "f:1:67: error: nested more than 32 deep")
        #expect(
            complaint("a: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40))
                == "f:1:36: error: nested more than 32 deep")
        for part in ["[", "{a: ", "- ", "[a: ", "{[", "? "] {
            let text = String(repeating: part, count: 100_000)
            #expect(
                complaint(text)?.hasSuffix("error: nested more than 32 deep") == true, "\(part)")
        }
        let deep = (0..<990).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(complaint(deep) == "f:34:34: error: nested more than 32 deep")
    }

    @Test func `aliases that multiply are refused before they do`() {
        let level = (1...40).map { "l\($0): &l\($0) [*l\($0 - 1), *l\($0 - 1)]\n" }.joined()
        #expect(
            diagnose("l0: &l0 x\n" + level + "*l40 : x\n", as: .native) == [
                "f:1:5: error: in YAML '&' begins an anchor or its alias, which is not taken here; put quotes around the text"
            ])
    }
}

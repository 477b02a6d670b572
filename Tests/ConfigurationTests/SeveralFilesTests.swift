import NodeConfiguration
import Testing

/// Files of haproxy's language that are read as one.
@Suite struct `Several haproxy files` {
    private func messages(_ files: [String]) -> [String] {
        ConfigurationLoader().load(
            files.enumerated().map { InputFile(name: "f\($0)", bytes: Array($1.utf8)) }
        ).diagnostics.map(\.description)
    }

    private static let defaults =
        "defaults\nmode tcp\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\n"

    @Test func `one that goes by no defaults of its own is told so once`() {
        let first = Self.defaults + "listen a 127.0.0.1:1\nserver s 127.0.0.1:2\n"
        let second = "listen b 127.0.0.1:3\nserver s 127.0.0.1:2\n"
        let expected =
            "f1:1:1: warning: the defaults of f0:1 hold in that file alone; haproxy goes on by them in"
            + " this one, so repeat them here or put both into one file"
        let told = messages([
            first, second + second.replacing(":3", with: ":4").replacing("b", with: "c"),
        ])
        #expect(told.filter { $0.contains("hold in that file alone") } == [expected])
        for own in [Self.defaults + second, "global\nnbthread 1\n"] {
            #expect(!messages([first, own]).contains { $0.contains("alone") }, "\(own)")
        }
        #expect(!messages([second, first]).contains { $0.contains("alone") })
        #expect(!messages([first, "proxies:\n"]).contains { $0.contains("alone") })
    }

    @Test func `of the limit and the user the first line counts`() throws {
        let files = [
            "global\nmaxconn 10\ngid 7\nmaxconn 20\n" + Self.defaults
                + "listen a 127.0.0.1:1\nserver s 127.0.0.1:2\n",
            "global\nuid 5\nuser root\ngroup root\n",
        ].enumerated().map { InputFile(name: "f\($0)", bytes: Array($1.utf8)) }
        let loaded = ConfigurationLoader().load(files)
        let model = try #require(loaded.model)
        #expect(model.global.connectionLimit == 10)
        #expect(model.global.userID == 5)
        #expect(model.global.groupID == 7)
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f0:4:1: warning: 'maxconn' is ignored: f0:2 says it, and the first line counts, as in haproxy",
                "f1:3:1: warning: 'user' is ignored: f1:2 says it, and the first line counts, as in haproxy",
                "f1:4:1: warning: 'group' is ignored: f0:3 says it, and the first line counts, as in haproxy",
            ])
    }
}

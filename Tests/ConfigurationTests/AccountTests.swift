import Testing

@testable import NodeConfiguration

/// `user`, `group`, `uid` and `gid` of haproxy's section `global`.
@Suite struct `The balancer's user` {
    private func load(_ lines: String...) -> LoadedConfiguration {
        let text = "global\n" + lines.map { " \($0)\n" }.joined()
        return ConfigurationLoader(format: .haproxy)
            .load([InputFile(name: "f", bytes: Array(text.utf8))])
    }

    @Test func `none is set where the file says nothing`() {
        let global = load("nbthread 1").model?.global
        #expect(global?.userID == nil && global?.groupID == nil)
    }

    @Test func `names are those of this host`() {
        let global = load("user root", "group root").model?.global
        #expect(global?.userID == 0 && global?.groupID == 0)
    }

    @Test func `a user brings its own group, unless another is named`() {
        // Debian's base-passwd: games is user 5 in group 60.
        #expect(load("user games").model?.global.groupID == 60)
        #expect(load("gid 7", "user games").model?.global.groupID == 7)
        #expect(load("user games", "gid 7").model?.global.groupID == 7)
    }

    @Test func `numbers need not have a name`() {
        let global = load("uid 4000000", "gid 4000001").model?.global
        #expect(global?.userID == 4_000_000 && global?.groupID == 4_000_001)
    }

    @Test(arguments: [
        ("user no-such-user", "f:2:7: error: user 'no-such-user': this host has no such user"),
        ("group no-such-group", "f:2:8: error: group 'no-such-group': this host has no such group"),
        ("uid -1", "f:2:6: error: uid -1: must be 0 or more"),
        ("user", "f:2:2: error: 'user' needs a user's name"),
    ])
    func `what is no account is an error`(line: String, complaint: String) {
        let loaded = load(line)
        #expect(loaded.model == nil)
        #expect(loaded.diagnostics.map(\.description) == [complaint])
    }
}

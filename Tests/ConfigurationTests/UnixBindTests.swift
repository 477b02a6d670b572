import NodeConfiguration
import Testing
import VRRPCore

/// `unix-bind`, and `tune.ssl.lifetime`.
@Suite struct `What the global section says of listening` {
    private func text(_ global: String, _ bind: String = "bind :80") -> String {
        """
        global
        \(global)
        defaults
        timeout client 1m
        timeout server 1m
        timeout connect 5s
        listen web
        server a 192.0.2.11:80
        \(bind)
        """
    }

    @Test func `Unix sockets have its prefix, permissions and owner`() throws {
        let loaded = load(
            text(
                "unix-bind prefix /run/x/ mode 660 uid 7\nunix-bind gid 8",
                "bind unix@a,abns@b,192.0.2.1:80\nbind /c mode 600 gid 9"))
        #expect(loaded.diagnostics.map(\.description) == [])
        let listeners = try #require(loaded.model?.frontends.first).listeners
        #expect(
            listeners.map(\.endpoint) == [
                .path("/run/x/a"), .abstractName("b"),
                .internet(address: .v4(.init(192, 0, 2, 1)), port: 80), .path("/run/x//c"),
            ])
        #expect(listeners.map(\.mode) == [0o660, nil, nil, 0o600])
        #expect(listeners.map(\.userID) == [7, nil, nil, 7])
        #expect(listeners.map(\.groupID) == [8, nil, nil, 9])
    }

    @Test func `an open descriptor is no Unix socket of its`() {
        #expect(diagnose(text("unix-bind mode 660", "bind fd@9"), as: .haproxy) == [])
    }

    @Test(arguments: [("90", 90), ("2m", 120), ("1", 1)])
    func `sessions of TLS live as long as it says`(word: String, seconds: Int) {
        let loaded = load(text("tune.ssl.lifetime \(word)"))
        #expect(loaded.diagnostics.map(\.description) == [])
        #expect(loaded.model?.global.securedSessionLife == .seconds(seconds))
    }

    @Test func `without a word they live for 300 s`() {
        #expect(load(text("maxconn 5")).model?.global.securedSessionLife == .seconds(300))
    }

    @Test(arguments: [
        (
            "unix-bind",
            "f:2:1: error: 'unix-bind' needs words: prefix, mode, user, uid, group or gid, as in 'unix-bind prefix /run/ mode 660'"
        ),
        ("unix-bind mode 9", "f:2:16: error: mode '9': must be permissions such as 660"),
        (
            "unix-bind owner x",
            "f:2:11: error: unknown unix-bind option 'owner'"
        ),
        (
            "tune.ssl.lifetime 999ms",
            "f:2:19: error: tune.ssl.lifetime 999ms: must be 1s or more; 'no-tls-tickets' has no client go on with a session"
        ),
        (
            "tune.ssl.lifetime often",
            "f:2:19: error: tune.ssl.lifetime 'often': must be a whole number with us, ms, s, m, h or d, such as 500ms or 10s"
        ),
    ])
    func `what can't be`(line: String, message: String) {
        #expect(diagnose(text(line), as: .haproxy).first == message)
    }

    @Test func `a prefix counts to the length of a path`() {
        let prefix = String(repeating: "x", count: 107)
        #expect(
            diagnose(text("unix-bind prefix \(prefix)", "bind unix@a"), as: .haproxy) == [
                "f:9:6: error: 'unix@a': the name of a Unix socket has 1 to 107 bytes"
            ])
    }
}

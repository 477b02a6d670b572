import Testing

@testable import NodeConfiguration

/// `id`, `guid` and `hash-key`.
@Suite struct `What sections and servers are known by` {
    @Test func `numbers and names reach the model, and none is no remark`() throws {
        let loaded = load(
            """
            frontend in
                id 7
                guid in-1
                bind 192.0.2.1:80 id 9
                bind 192.0.2.1:81
                default_backend web
            backend web
                guid web:1.x_y
                balance source
                hash-type consistent wt6
                default-server hash-key addr
                server a 192.0.2.11:80 guid a id 4
                server b 192.0.2.12:80 hash-key addr-port
                server c 192.0.2.13:80 guid c hash-key guid
                server d 192.0.2.14:80 hash-key id32
                server e 192.0.2.15:80 hash-key id
            """)
        #expect(loaded.diagnostics.filter { !$0.message.contains("timeout") }.isEmpty)
        let model = try #require(loaded.model)
        var identity = SectionIdentity(position: 1)
        identity.number = 7
        identity.guid = "in-1"
        #expect(model.frontends[0].identity == identity)
        #expect(model.frontends[0].listeners.map(\.number) == [9, nil])
        identity = SectionIdentity(position: 2)
        identity.guid = "web:1.x_y"
        #expect(model.backends[0].identity == identity)
        #expect(model.backends[0].selection.hashFunction == .wt6)
        #expect(model.backends[0].servers.map(\.guid) == ["a", nil, "c", nil, nil])
        #expect(
            model.backends[0].servers.map(\.hashKey) == [
                .address, .addressAndPort, .guid, .wholeNumber, .number,
            ])
    }

    @Test(arguments: [
        ("id 0", "f:7:4: error: id 0: must be 1 or more"),
        ("id 2147483648", "f:7:4: error: id 2147483648: must be 1 to 2147483647"),
        (
            "guid a/b",
            "f:7:6: error: guid 'a/b': has 1 to 127 letters, digits, '-', '_', '.' and ':'"
        ),
        (
            "guid x\nserver b 192.0.2.12:80 guid x",
            "f:8:29: error: the guid 'x' is already defined at f:7"
        ),
        (
            "server b 192.0.2.12:80 guid x\nserver c 192.0.2.13:80 guid x",
            "f:8:29: error: the guid 'x' is already defined at f:7"
        ),
        (
            "id 3\nbackend b\nid 3\nserver c 192.0.2.13:80",
            "f:9:4: error: a section with the id 3 is already defined at f:7"
        ),
        (
            "bind :81 id 5\nbind :82 id 5",
            "f:8:13: error: id 5: *:81 of this section has it"
        ),
        ("bind :81-82 id 5", "f:7:16: error: id 5: is one socket's, and this line opens 2"),
        (
            "server b 192.0.2.12:80 source 192.0.2.9:9-3",
            "f:7:31: error: '192.0.2.9:9-3': a range of ports begins with the lower one, as in 1024-65535"
        ),
        (
            "server b 192.0.2.12:80 source 192.0.2.9:3-9 usesrc clientip",
            "f:7:31: error: '192.0.2.9:3-9': beside 'usesrc' the client says what the port is"
        ),
        (
            "log-format %[req.ssl_sni]",
            "f:5:8: warning: log-format: what clients say by TLS is not known, because no rule waits for it; add 'tcp-request inspect-delay 5s' and 'tcp-request content accept if { req.ssl_hello_type 1 }'"
        ),
        (
            "log-format %[req.ssl_sni]\nuse-server a if { req.ssl_sni x }\ntcp-request inspect-delay 1s\ntcp-request content reject if { src 192.0.2.3 }",
            ""
        ),
        ("error-log-format %q", "f:7:18: error: error-log-format: '%q' is not offered"),
        (
            "default-server id 5",
            "f:7:16: error: 'id' is one server's; it cannot stand in 'default-server'"
        ),
        (
            "server b 192.0.2.12:80 hash-key address",
            "f:7:33: error: hash-key 'address': must be id, id32, guid, addr or addr-port"
        ),
        (
            "server b 192.0.2.12:80 hash-key addr",
            "f:7:24: warning: 'hash-key' has no effect without 'balance source' or 'balance hash', and"
                + " 'hash-type consistent'"
        ),
        (
            "balance source\nhash-type consistent\nserver b 192.0.2.12:80 hash-key guid",
            "f:9:24: warning: 'hash-key' has no effect without 'guid'; the server's id counts"
        ),
        (
            "balance source\nhash-type consistent\nserver b localhost:80 init-addr none resolvers default hash-key addr",
            "f:9:56: warning: 'hash-key' has no effect for a server that has no fixed address; its id counts"
        ),
    ])
    func `what cannot be is said at its word`(line: String, message: String) {
        let found = diagnose(proxy(line))
        #expect(found.first?.hasPrefix(message) ?? message.isEmpty)
        #expect(found.count == (message.isEmpty ? 0 : 1))
    }

    @Test func `defaults cannot have a number or a name`() {
        #expect(
            diagnose("defaults\nid 3\nguid x\n" + proxy("")) == [
                "f:2:1: error: 'id' is not allowed in a defaults section",
                "f:3:1: error: 'guid' is not allowed in a defaults section",
            ])
    }

    @Test(arguments: ["nbsrv", "be_conn()", "connslots", "queue", "avg_queue", "be_conn_free"])
    func `a frontend has no servers of its own to ask about`(criterion: String) {
        let name = criterion.prefix { $0 != "(" }
        #expect(
            diagnose(
                """
                frontend in
                    timeout client 1s
                    bind 192.0.2.1:80
                    tcp-request connection reject if { \(criterion) gt 1 }
                    default_backend web
                backend web
                    timeout server 1s
                    timeout connect 1s
                    server a 192.0.2.11:80
                """) == [
                    "f:4:40: error: \(name) asks about this section, which is a frontend and has no"
                        + " servers; write a backend's name in parentheses, such as \(name)(web)"
                ])
    }

    @Test(arguments: [
        (
            "req.payload(0) -m bin 41",
            "f:8:33: error: 'req.payload(0)': needs an offset and a length, such as req.payload(0,4)"
        ),
        (
            "req.payload(0,3) ABC",
            "f:8:33: error: 'req.payload(0,3)': needs '-m' with how bytes are compared: bin, str, beg,"
                + " end, sub, dir, dom, len, reg or found"
        ),
        (
            "req.payload(0,3) -m bin 4x",
            "f:8:57: error: -m bin '4x': must be pairs of hexadecimal digits, such as 50494e47"
        ),
        (
            "req.payload(16000,400) -m str a",
            "f:8:33: error: 'req.payload(16000,400)': the first 16384 bytes can be looked at"
        ),
        ("req.payload(0,3) -m str", "f:8:33: error: 'req.payload(0,3)' needs a value"),
        (
            "req.ssl_sni -m bin 41",
            "f:8:33: error: -m bin: is for req.payload(…), ssl_c_sha1 and other bytes"
        ),
    ])
    func `what cannot be asked of the client's bytes`(criterion: String, message: String) {
        #expect(
            diagnose(
                proxy(
                    "tcp-request inspect-delay 1s\ntcp-request content reject if { \(criterion) }"))
                == [message])
    }
}

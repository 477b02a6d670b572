import Glibc
import TLSOptions
import Testing
import VRRPCore

@testable import NodeConfiguration

/// haproxy's sections `peers`, and the tables that name them.
@Suite struct `haproxy's peers` {
    /// A file whose node is `a`.
    private func file(
        _ section: String, table: String = "peers p", global: String = "localpeer a"
    )
        -> String
    {
        """
        global
         \(global)
        peers p
         \(section)
        defaults
         timeout connect 1s
         timeout server 1m
        backend web
         stick-table type ip size 9 \(table)
         stick on src
         server s 192.0.2.11:80
        """
    }

    private var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, 255)
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
    }

    private var section: PeersSection {
        var section = PeersSection(name: "p", localName: "a")
        section.listeners = [Listener(.internet(address: IPAddress("192.0.2.1"), port: 1024))]
        section.peers = [
            .init(name: "b", address: .v4(IPv4Address(192, 0, 2, 2)), port: 1025),
            .init(name: "c", address: .v6(IPv6Address(high: 0x2001_0db8 << 32, low: 3)), port: 3),
        ]
        return section
    }

    @Test(arguments: [
        "peer b 192.0.2.2:1025\n peer a 192.0.2.1:1024\n peer c 2001:db8::3:3",
        "server b 192.0.2.2:1025\n server a\n bind 192.0.2.1:1024\n peer c [2001:db8::3]:3",
        "disabled\n enabled\n server a\n default-server\n server b 192.0.2.2:1025\n server c 2001:db8::3:3\n bind 192.0.2.1:1024",
    ])
    func `the peer of the local name is where this node listens`(lines: String) {
        let loaded = load(file(lines))
        #expect(loaded.diagnostics.map(\.description) == [])
        #expect(loaded.model?.peers == [section])
        #expect(loaded.model?.stickTables.map(\.peers) == ["p"])
    }

    @Test func `without 'localpeer' it is the host's name`() {
        let loaded = load(
            file("peer \(hostName) 192.0.2.1:1\n peer b 192.0.2.2:2", global: "nbthread 1"))
        #expect(loaded.diagnostics.map(\.description) == [])
        #expect(loaded.model?.peers.first?.localName == hostName)
        #expect(loaded.model?.peers.first?.peers.map(\.name) == ["b"])
    }

    @Test func `options of 'bind' hold, those of 'default-bind' too`() {
        let loaded = load(
            file(
                "default-bind backlog 7\n bind 192.0.2.1:1,192.0.2.3:1 interface eth0\n server a\n server b 192.0.2.2:1"
            ))
        let listeners = loaded.model?.peers.first?.listeners
        #expect(listeners?.count == 2)
        #expect(listeners?.allSatisfy { $0.backlog == 7 && $0.interface == "eth0" } == true)
    }

    @Test func `what is said of TLS holds for listeners and peers`() throws {
        let files = try TLSFiles()
        let loaded = load(
            file(
                """
                default-bind ssl crt \(files.both) verify required ca-file \(files.authority)
                 default-server ssl ca-file \(files.authority) crt \(files.both) verifyhost node
                 server a 192.0.2.1:1024
                 server b 192.0.2.2:1025
                 server c 192.0.2.3:1 verify none no-ssl-reuse
                 server d 192.0.2.4:1 no-ssl
                """))
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:3:7: warning: peers 'p': who connects here speaks TLS ('ssl' of 'bind'), and 'd' is"
                    + " spoken to in the clear; if it has the same file, say 'default-server ssl'"
            ])
        let model = try #require(loaded.model)
        let section = try #require(model.peers.first)
        var incoming = ListenerTLS()
        incoming.certificates = [.init(path: files.both)]
        (incoming.handshake.verification, incoming.handshake.authorities) = (
            .required, files.authority
        )
        #expect(section.listeners.map(\.tls) == [incoming])
        var outgoing = ServerTLS()
        (outgoing.authoritiesPath, outgoing.certificatePath) = (files.authority, files.both)
        (outgoing.verification, outgoing.verifiedName) = (.certificateAndName, "node")
        var lax = outgoing
        (lax.verification, lax.resumesSessions) = (.none, false)
        #expect(section.peers.map(\.tls) == [outgoing, lax, nil])
        #expect(Set(model.certificates.keys) == [files.both])
        #expect(Set(model.authorities.keys) == [files.authority])
    }

    @Test(arguments: [
        ("bind 192.0.2.1:1 ssl crt <crt> verify required ca-file <ca>\n peer a", true),
        ("default-bind ssl crt <crt> verify required ca-file <ca>\n peer a 192.0.2.1:1", true),
        ("peer a 192.0.2.1:1\n peer c 192.0.2.3:1 ssl crt <crt> ca-file <ca>", true),
        (
            "default-server ssl crt <crt> ca-file <ca>\n peer a 192.0.2.1:1\n peer c 192.0.2.3:1",
            true
        ),
        ("peer a 192.0.2.1:1\n peer c 192.0.2.3:1 crt <crt> ca-file <ca>", false),
    ])
    func `files that a line names are in the model, wherever it says so`(
        lines: String, isUsed: Bool
    ) throws {
        let files = try TLSFiles()
        let section = lines.replacing("<crt>", with: files.both)
            .replacing("<ca>", with: files.authority)
        let loaded = load(file(section + "\n peer b 192.0.2.2:1 no-ssl"))
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        #expect(Set(model.certificates.keys) == (isUsed ? [files.both] : []))
        #expect(Set(model.authorities.keys) == (isUsed ? [files.authority] : []))
    }

    @Test func `of TLS alone the words hold that do so for servers`() throws {
        let files = try TLSFiles()
        let found = diagnose(
            file(
                "peer a 192.0.2.1:1\n peer b 192.0.2.2:1 ssl ca-file \(files.authority)",
                global: "localpeer a\n ssl-server-verify none"))
        #expect(
            found == [
                "f:4:7: warning: peers 'p': 'b' is spoken to by TLS, and who connects here is heard in the"
                    + " clear; if it has the same file, say 'default-bind ssl crt FILE'"
            ])
        #expect(
            diagnose(
                file(
                    "default-bind ssl crt \(files.both)\n peer a 192.0.2.1:1\n"
                        + " peer b 192.0.2.2:1 ssl ca-file \(files.authority)")
            ) == [
                "f:6:7: warning: peer 'b': any certificate of a trusted authority passes, whoever's it is;"
                    + " add 'sni str(NAME)' or 'verifyhost NAME'"
            ])
    }

    @Test func `a section that is disabled exchanges nothing`() {
        let loaded = load(file("disabled\n peer x 192.0.2.1:1"))
        #expect(loaded.diagnostics.map(\.description) == [])
        #expect(loaded.model?.peers == [])
        #expect(loaded.model?.stickTables.map(\.peers) == [nil])
    }

    @Test func `a section has tables of its own, which rules name by both names`() {
        let loaded = load(
            """
            global
             localpeer a
            peers p
             peer a 192.0.2.1:1
             peer b 192.0.2.2:1
             table t type ip size 9 store conn_cnt
            defaults
             timeout client 1m
            frontend web
             bind 192.0.2.1:80
             tcp-request connection track-sc0 src table p/t
             default_backend b
            backend b
             server s 192.0.2.11:80
            """)
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        let table = loaded.model?.stickTables.first
        #expect((table?.name, table?.peers, table?.peersName) == ("p/t", "p", "/t"))
    }

    @Test(arguments: [
        (
            "peer a 192.0.2.1:1\n peer b",
            "f:5:7: error: peer 'b' needs ADDRESS:PORT, since this node is 'a'"
        ),
        (
            "peer a\n peer b 192.0.2.2:1",
            "f:4:7: error: peer 'a' is this node, and nothing says where it listens; add its ADDRESS:PORT, or 'bind'"
        ),
        (
            "peer a 192.0.2.1:1\n bind 192.0.2.1:2",
            "f:5:7: error: 'bind' and the address of 'a', which is this node, both say where it listens; leave one out"
        ),
        (
            "peer a 192.0.2.1:1\n peer a 192.0.2.2:1",
            "f:5:7: error: peer 'a' is already there"
        ),
        (
            "peer a 192.0.2.1:1\n peer b example.org:1",
            "f:5:9: error: peer 'example.org:1': must be an IP address and a port"
        ),
        (
            "peer a 192.0.2.1:1 ssl check",
            "f:4:25: error: 'check' is not supported for peers; what a server's line says of TLS is (ssl, verify, ca-file, crt, …)"
        ),
        (
            "peer a 192.0.2.1:1\n default-server ssl sni req.ssl_sni",
            "f:5:21: error: sni: no client is there whose name could be asked for; write str(NAME)"
        ),
        (
            "peer a 192.0.2.1:1\n peer b 192.0.2.2:1 ssl ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2",
            "f:5:7: error: server 'b': its least version of TLS, TLSv1.3, is above its greatest, TLSv1.2"
        ),
        (
            "peer a 192.0.2.1:1\n table t type ip size 9 peers p",
            "f:5:31: error: 'peers' of 'table': those of its section have it"
        ),
        (
            "server a\n bind 192.0.2.1:1 accept-proxy",
            "f:5:7: error: 'accept-proxy' is not supported in a peers section"
        ),
        (
            "peer a 192.0.2.1:1\n perr b 192.0.2.2:1",
            "f:5:2: error: unknown keyword 'perr' in a peers section; did you mean 'peer'?"
        ),
    ])
    func `what is wrong is said`(lines: String, diagnostic: String) {
        let found = diagnose(file(lines))
        #expect(found.contains(diagnostic), "\(found)")
    }

    @Test func `a section of other nodes has no effect here, and its tables stay`() {
        let loaded = load(file("peer aa 192.0.2.1:1\n peer y 192.0.2.2:1"))
        #expect(
            loaded.diagnostics.filter { $0.line == 3 }.map(\.description) == [
                "f:3:7: warning: peers 'p' has no effect here: none of its peers ('aa', 'y') has this node's name, which is 'a' by 'localpeer'"
            ])
        #expect(loaded.model?.peers == [])
        #expect(loaded.model?.stickTables.map(\.peers) == [nil])
        let unnamed = file("peer no.such.host 192.0.2.1:1", global: "maxconn 9")
        #expect(
            diagnose(unnamed).contains {
                $0.hasPrefix(
                    "f:3:7: warning: peers 'p' has no effect here: none of its peers ('no.s")
                    && $0.hasSuffix(" by the host; say 'localpeer NAME' in global")
            })
    }

    @Test func `names that nobody has are said, and sections that nobody names`() {
        let lines = "peer a 192.0.2.1:1\n peer b 192.0.2.2:1"
        #expect(
            diagnose(file(lines, table: "peers pp")) == [
                "f:3:7: warning: peers 'p' has no effect: no 'stick-table' says 'peers p'",
                "f:10:35: error: peers 'pp': no section 'peers' has this name; did you mean 'p'?",
            ])
    }

    @Test func `two things cannot listen at one place`() {
        let found = diagnose(
            file("peer a 192.0.2.1:1\n peer b 192.0.2.2:1")
                + "\nlisten x 192.0.2.1:1\n server s 192.0.2.1:9")
        #expect(
            found.contains { $0.contains("a listener on 192.0.2.1:1 is already defined") },
            "\(found)")
    }
}

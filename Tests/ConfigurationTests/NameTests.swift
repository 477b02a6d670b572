import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `Servers by name in haproxy's language` {
    private static let lan = """
        resolvers lan
        nameserver one 192.0.2.53:53
        nameserver two tcp@[2001:db8::53]:5353
        resolve_retries 5
        timeout resolve 2s
        timeout retry 500ms
        hold valid 20s
        hold obsolete 1s
        hold nx 2s
        hold timeout 3s
        hold refused 4s
        hold other 5s
        accepted_payload_size 1232

        """

    private func servers(_ lines: String) throws -> [Server] {
        let loaded = load(Self.lan + proxy(lines))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics.map(\.description))")
        return Array(try #require(loaded.model).backends[0].servers.dropFirst())
    }

    @Test func `a resolvers section`() throws {
        let model = try #require(load(Self.lan + proxy("")).model)
        var wanted = ResolverSection(name: "lan")
        wanted.servers = [
            .init(name: "one", address: .v4(IPv4Address(192, 0, 2, 53))),
            .init(
                name: "two", address: try #require(IPAddress("2001:db8::53")), port: 5353),
        ]
        wanted.servers[1].usesTCP = true
        wanted.attempts = 5
        wanted.failureInterval = .seconds(2)
        wanted.retryInterval = .milliseconds(500)
        wanted.holds.valid = .seconds(20)
        wanted.holds.obsolete = .seconds(1)
        wanted.holds.nx = .seconds(2)
        wanted.holds.timeout = .seconds(3)
        wanted.holds.refused = .seconds(4)
        wanted.holds.other = .seconds(5)
        wanted.payloadSize = 1232
        #expect(model.resolvers == [wanted])
        #expect(try Model(decoding: model.encoded()) == model)
    }

    @Test func `a server by name, with all that says how it is found`() throws {
        let servers = try servers(
            """
            server b web01.example.org:443
            server c web02.example.org.:80 resolvers lan init-addr last,libc,192.0.2.1,none resolve-prefer ipv4 resolve-net 192.0.2.0/24,2001:db8::/32 resolve-opts allow-dup-ip,ignore-weight
            server d _http._tcp.example.org resolvers lan
            """)
        #expect(servers[0].address == .name("web01.example.org"))
        #expect(servers[0].port == 443)
        #expect(servers[0].endpointDescription == "web01.example.org:443")
        #expect(servers[0].resolution == ServerResolution())
        var wanted = ServerResolution()
        wanted.resolvers = "lan"
        let address = IPAddress.v4(IPv4Address(192, 0, 2, 1))
        wanted.beginnings = [.last, .library, .address(address), .none]
        wanted.prefersIPv6 = false
        wanted.networks = [
            AddressPrefix(address: .v4(IPv4Address(192, 0, 2, 0)), length: 24),
            AddressPrefix(address: try #require(IPAddress("2001:db8::")), length: 32),
        ]
        wanted.allowsDuplicates = true
        wanted.ignoresWeight = true
        #expect(servers[1].resolution == wanted)
        #expect(servers[2].address == .name("_http._tcp.example.org"))
        #expect(servers[2].port == 0)
    }

    @Test func `a template is as many servers, with the same options`() throws {
        let servers = try servers(
            """
            default-server resolvers lan
            server-template web 2 web.example.org:80 check inter 1s
            server-template more 5-6 web.example.org:81
            """)
        #expect(servers.map(\.name) == ["web1", "web2", "more5", "more6"])
        #expect(servers.map(\.port) == [80, 80, 81, 81])
        #expect(servers.allSatisfy { $0.resolution?.resolvers == "lan" })
        #expect(servers.map { $0.check?.interval } == [.seconds(1), .seconds(1), nil, nil])
    }

    @Test func `a check section's target may have a name`() throws {
        let text = """
            check gateway
            target gw.example.org
            option icmp-check
            default-server resolvers lan
            check web
            target web.example.org:80
            """
        let backends = try #require(load(Self.lan + text).model).backends
        #expect(backends[0].servers[0].address == .name("gw.example.org"))
        #expect(backends[0].servers[0].resolution?.resolvers == "lan")
        #expect(backends[1].servers[0].port == 80)
    }

    @Test(arguments: [
        (
            "server b web.example:80 resolvers lam",
            "f:20:35: error: resolvers 'lam': no section has this name; did you mean 'lan'?"
        ),
        (
            "server b web.example:80 init-addr last,now",
            "f:20:40: error: init-addr 'now': must be last, libc, none or an IP address"
        ),
        (
            "server b web.example:80 resolve-opts allow-dup",
            "f:20:38: error: resolve-opts 'allow-dup': must be allow-dup-ip, prevent-dup-ip or ignore-weight; did you mean 'allow-dup-ip'?"
        ),
        (
            "server b _http._tcp.example",
            "f:20:8: error: server 'b': the name of a service needs 'resolvers'"
        ),
        (
            "server b web.example:80 init-addr last,none,libc",
            "f:20:8: warning: server 'b': nobody is asked for its address; add 'resolvers NAME', or libc to 'init-addr'"
        ),
        (
            "server-template b 3 192.0.2.1:80",
            "f:20:21: error: server-template '192.0.2.1:80': needs a name, whose addresses the servers share"
        ),
        (
            "server-template b 3-1 web.example:80",
            "f:20:19: error: server-template '3-1': must be N, or FIRST-LAST, of 4096 servers at most"
        ),
        (
            "resolvers own",
            "f:20:11: error: resolvers 'own' asks nobody; add 'nameserver NAME ADDRESS:PORT'"
        ),
        (
            "resolvers lan\nnameserver a 192.0.2.1:53",
            "f:20:11: error: resolvers 'lan' is already defined at f:1"
        ),
        (
            "resolvers own\nnameserver a ns.example:53",
            "f:21:14: error: nameserver 'ns.example:53': must be an IP address and a port"
        ),
        (
            "resolvers own\nnameserver a 192.0.2.1:53\nhold nxx 3s",
            "f:22:6: error: hold 'nxx': must be nx, obsolete, other, refused, timeout, valid; did you mean 'nx'?"
        ),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let diagnostics = diagnose(Self.lan + proxy(line))
        #expect(diagnostics.contains(message), "\(diagnostics)")
    }
}

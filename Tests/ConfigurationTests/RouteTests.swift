import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `virtual_routes and virtual_rules` {
    private func routes(_ line: String) -> [VirtualRoute]? {
        load(instance("virtual_routes {\n\(line)\n}")).model?.virtualRouters.first?.routes
    }

    private func rules(_ line: String) -> [VirtualRule]? {
        load(instance("virtual_rules {\n\(line)\n}")).model?.virtualRouters.first?.rules
    }

    @Test func `routes in the grammar of ip route`() throws {
        var wanted = VirtualRoute(
            to: NetworkPrefix(try #require(IPAddress("192.0.2.0")), length: 24))
        wanted.gateway = IPAddress("10.0.0.1")
        wanted.interface = "eth0"
        wanted.source = IPAddress("10.0.0.5")
        wanted.metric = 30
        wanted.table = 77
        wanted.isGatewayOnLink = true
        wanted.isTracked = false
        #expect(
            routes(
                "192.0.2.0/24 via 10.0.0.1 dev eth0 src 10.0.0.5 metric 30 table 77 onlink no_track"
            )
                == [wanted])
        var standard = VirtualRoute(
            to: NetworkPrefix(try #require(IPAddress("0.0.0.0")), length: 0))
        standard.gateway = IPAddress("10.0.0.1")
        #expect(routes("default via 10.0.0.1") == [standard])
        var far = VirtualRoute(to: NetworkPrefix(try #require(IPAddress("::")), length: 0))
        far.gateway = IPAddress("fe80::1")
        far.interface = "eth0"
        #expect(routes("default via inet6 fe80::1 dev eth0") == [far])
        var hole = VirtualRoute(
            to: NetworkPrefix(try #require(IPAddress("198.51.100.0")), length: 24))
        hole.kind = .blackhole
        #expect(routes("blackhole 198.51.100.0/24") == [hole])
    }

    @Test func `a source may stand before the destination, as in keepalived`() {
        let wanted = routes("192.0.2.0/24 via 10.0.0.1 dev eth0 src 10.0.0.5")
        #expect(wanted?.first?.source == IPAddress("10.0.0.5"))
        #expect(routes("src 10.0.0.5 192.0.2.0/24 via 10.0.0.1 dev eth0") == wanted)
        #expect(routes("src 10.0.0.5 to 192.0.2.0/24 via 10.0.0.1 dev eth0") == wanted)
        #expect(routes("192.0.2.0/24 gw 10.0.0.1 dev eth0 src 10.0.0.5") == wanted)
    }

    @Test func `rules in the grammar of ip rule`() throws {
        var wanted = VirtualRule(family: .ipv4, priority: 500, action: .lookUp(77))
        wanted.from = NetworkPrefix(try #require(IPAddress("10.9.0.0")), length: 16)
        wanted.incomingInterface = "eth0"
        wanted.mark = 255
        wanted.markMask = 4095
        wanted.isInverted = true
        #expect(
            rules("from 10.9.0.0/16 to all not iif eth0 fwmark 0xff/0xfff table 77 priority 500")
                == [wanted])
        var refusing = VirtualRule(family: .ipv6, priority: 16_384, action: .prohibit)
        refusing.to = NetworkPrefix(try #require(IPAddress("2001:db8::")), length: 32)
        #expect(rules("to 2001:db8::/32 prohibit") == [refusing])
    }

    @Test(arguments: [
        (
            "virtual_routes {\n192.0.2.0/24\n}",
            "f:6:1: error: a route needs 'via' with a router's address, or 'dev' with an interface"
        ),
        (
            "virtual_routes {\nsrc 10.0.0.5\n}",
            "f:6:1: error: 'src' needs a destination"
        ),
        (
            "virtual_routes {\nsrc 10.0.0.5 to\n}",
            "f:6:14: error: 'to' needs a destination"
        ),
        (
            "virtual_routes {\n192.0.2.0/24 gw 10.0.0.1\n}",
            "f:6:14: warning: 'gw' is what keepalived called 'via' once; write that"
        ),
        (
            "virtual_routes {\n192.0.2.0/33 dev eth0\n}",
            "f:6:1: error: '192.0.2.0/33': the prefix length must be 0 to 32"
        ),
        (
            "virtual_routes {\n192.0.2.0/24 via 10.0.0.1 or 10.0.0.2\n}",
            "f:6:27: error: 'or' and a second router are known but not implemented yet; write one"
        ),
        (
            "virtual_routes {\n192.0.2.0/24 dev eth0 table lan\n}",
            "f:6:29: error: table 'lan': must be main, local, default or a number from 1 on; names of /etc/iproute2/rt_tables are not read"
        ),
        (
            "virtual_routes {\n192.0.2.0/24 dev eth0 mtu 1400\n}",
            "f:6:23: warning: 'mtu' is known but not implemented yet; it is ignored"
        ),
        (
            "virtual_routes {\n192.0.2.0/24 dev eth0 mettric 5\n}",
            "f:6:23: error: unknown option of a route 'mettric'; did you mean 'metric'?"
        ),
        (
            "virtual_rules {\nfrom 10.0.0.0/8 priority 5\n}",
            "f:6:1: error: a rule needs 'table' with a table, or blackhole, unreachable or prohibit"
        ),
        (
            "virtual_rules {\nfrom 10.0.0.0/8 tos 4 table 5\n}",
            "f:6:17: error: 'tos' is known but not implemented yet; without it the rule would be another one"
        ),
        (
            "virtual_rules {\nfrom 10.0.0.0/8 table 5\n}",
            "f:6:1: warning: this rule has no 'priority': 16384 is taken, as keepalived does"
        ),
    ])
    func `a mistake is told at its column`(lines: String, message: String) {
        #expect(diagnose(instance(lines)) == [message])
    }
}

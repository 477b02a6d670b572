import Foundation
import LinuxIO
import Netlink
import Testing

extension Laboratory {
    /// One entry of `ip -json -details route`.
    struct ShownRoute: Decodable, Equatable {
        var type: String
        var dst: String
        var gateway: String?
        var dev: String?
        var table: String
        var `protocol`: String
        var scope: String
        var prefsrc: String?
        var metric: Int?
    }

    /// What iproute2 says about the routes of a protocol's number, in all tables.
    static func routes(of protocolTag: Int, version: Int = 4) throws -> [ShownRoute] {
        let output = try ip("-\(version) -json -details route show table all")
        let name = [2: "kernel", 3: "boot", 18: "keepalived"][protocolTag] ?? "\(protocolTag)"
        return try JSONDecoder().decode([ShownRoute].self, from: output)
            .filter { $0.protocol == name }
    }
}

private let tenFive = InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16)

/// 2001:db8:`group`::/48 (RFC 3849).
private func documented(_ group: UInt64) -> InternetPrefix {
    InternetPrefix(.v6(high: 0x2001_0db8_0000_0000 | group << 16, low: 0), length: 48)
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `Routes in the kernel` {
    @Test func `a route is added with all that was said about it`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                var route = Route(
                    to: tenFive, gateway: InternetAddress(10, 1, 0, 1),
                    interfaceIndex: Laboratory.interfaceIndex("a"),
                    table: RouteTable(rawValue: 300))
                route.metric = 77
                route.source = InternetAddress(10, 1, 0, 6)
                #expect(try routes.add(route) == .added)
                #expect(
                    try Laboratory.routes(of: 108) == [
                        Laboratory.ShownRoute(
                            type: "unicast", dst: "10.5.0.0/16", gateway: "10.1.0.1", dev: "a",
                            table: "300", protocol: "108", scope: "global", prefsrc: "10.1.0.6",
                            metric: 77)
                    ])
                route.scope = .global
                #expect(try routes.list(.v4, table: RouteTable(rawValue: 300)) == [route])
            }
        }
    }

    @Test func `the least that can be said is what ip would do`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                let a = Laboratory.interfaceIndex("a")
                #expect(try routes.add(Route(to: tenFive, interfaceIndex: a)) == .added)
                #expect(
                    try routes.add(Route(to: .all(.v4), gateway: InternetAddress(10, 1, 0, 1)))
                        == .added)
                var blackhole = Route(to: InternetPrefix(InternetAddress(10, 7, 7, 7)))
                blackhole.kind = .blackhole
                #expect(try routes.add(blackhole) == .added)
                #expect(
                    try Laboratory.routes(of: 108) == [
                        Laboratory.ShownRoute(
                            type: "unicast", dst: "default", gateway: "10.1.0.1", dev: "a",
                            table: "main", protocol: "108", scope: "global"),
                        Laboratory.ShownRoute(
                            type: "unicast", dst: "10.5.0.0/16", dev: "a", table: "main",
                            protocol: "108", scope: "link"),
                        Laboratory.ShownRoute(
                            type: "blackhole", dst: "10.7.7.7", table: "main", protocol: "108",
                            scope: "global"),
                    ])
            }
        }
    }

    @Test func `a gateway outside every subnet works where it is said to be on the link`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                var route = Route(
                    to: tenFive, gateway: InternetAddress(192, 168, 9, 1),
                    interfaceIndex: Laboratory.interfaceIndex("a"))
                let error = #expect(throws: NetlinkError.self) { _ = try routes.add(route) }
                #expect(error?.reason.errno == Errno(rawValue: ENETUNREACH))
                #expect(
                    error?.subject
                        == "route to 10.5.0.0/16 via 192.168.9.1 on interface \(Laboratory.interfaceIndex("a")) in table 254"
                )
                route.isGatewayOnLink = true
                #expect(try routes.add(route) == .added)
                #expect(try Laboratory.routes(of: 108).map(\.gateway) == ["192.168.9.1"])
                #expect(
                    try routes.list(.v4).filter { $0.protocolTag == .lbctl }
                        .map(\.isGatewayOnLink) == [true])
            }
        }
    }

    @Test func `IPv6 routes come, are listed and go`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 2001:db8::6/64 dev a nodad")
                var route = Route(
                    to: documented(0x77), gateway: .v6(high: 0x2001_0db8_0000_0000, low: 1),
                    interfaceIndex: Laboratory.interfaceIndex("a"),
                    table: RouteTable(rawValue: 300))
                route.source = .v6(high: 0x2001_0db8_0000_0000, low: 6)
                #expect(try routes.add(route) == .added)
                #expect(
                    try Laboratory.routes(of: 108, version: 6) == [
                        Laboratory.ShownRoute(
                            type: "unicast", dst: "2001:db8:77::/48", gateway: "2001:db8::1",
                            dev: "a", table: "300", protocol: "108", scope: "global",
                            prefsrc: "2001:db8::6", metric: 1024)
                    ])
                #expect(try routes.add(route) == .occupied)
                #expect(try routes.isPresent(route))
                #expect(
                    try routes.list(.v6, table: route.table, tag: .lbctl).map(\.metric) == [1024])
                #expect(try routes.remove(route) == .removed)
                #expect(try routes.remove(route) == .alreadyAbsent)
                #expect(try Laboratory.routes(of: 108, version: 6) == [])
            }
        }
    }

    @Test func `a place that is taken is told of, and its holder is never removed`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                try Laboratory.ip("route add 10.5.0.0/16 via 10.1.0.9 dev a")
                let a = Laboratory.interfaceIndex("a")
                let route = Route(
                    to: tenFive, gateway: InternetAddress(10, 1, 0, 1), interfaceIndex: a)
                #expect(try routes.add(route) == .occupied)
                #expect(try !routes.isPresent(route))
                #expect(
                    try routes.list(.v4, table: .main, tag: .boot).map(\.gateway)
                        == [InternetAddress(10, 1, 0, 9)])
                #expect(try routes.list(.v4, tag: .lbctl) == [])
                // The same in all but the tag is somebody else's, too.
                var same = route
                same.gateway = InternetAddress(10, 1, 0, 9)
                #expect(try routes.remove(route) == .alreadyAbsent)
                #expect(try routes.remove(same) == .alreadyAbsent)
                #expect(try Laboratory.routes(of: 3).map(\.gateway) == ["10.1.0.9"])

                var second = route
                second.metric = 50
                #expect(try routes.add(second) == .added)
                #expect(try routes.remove(second) == .removed)
                #expect(try Laboratory.routes(of: 3).map(\.gateway) == ["10.1.0.9"])
                #expect(try Laboratory.routes(of: 108) == [])
                var nowhere = route
                nowhere.interfaceIndex = 4711
                #expect(try routes.remove(nowhere) == .alreadyAbsent)
                #expect(try routes.list(.v4, table: RouteTable(rawValue: 4711)) == [])
                #expect(try routes.list(.v6, table: RouteTable(rawValue: 4711)) == [])
            }
        }
    }

    @Test func `leftovers of all tables and both versions go, and foreign routes stay`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                try Laboratory.ip("address add 10.1.0.6/24 dev a")
                try Laboratory.ip("address add 2001:db8::6/64 dev a nodad")
                try Laboratory.ip("route add 10.6.0.0/16 via 10.1.0.9 dev a proto 18")
                try Laboratory.ip("route add 10.5.0.0/16 via 10.1.0.9 dev a proto 108")
                try Laboratory.ip("route add 10.5.0.0/16 dev a proto 108 table 300 metric 5")
                try Laboratory.ip("route add prohibit 10.8.0.0/16 proto 108")
                try Laboratory.ip("route add 2001:db8:77::/48 via 2001:db8::1 dev a proto 108")
                try Laboratory.ip("route add blackhole 2001:db8:78::/48 proto 108")
                let removed = try routes.removeLeftovers(tag: .lbctl)
                #expect(
                    Set(removed.map(\.destination)) == [
                        tenFive, InternetPrefix(InternetAddress(10, 8, 0, 0), length: 16),
                        documented(0x77), documented(0x78),
                    ])
                #expect(removed.count == 5)
                #expect(try Laboratory.routes(of: 108) == [])
                #expect(try Laboratory.routes(of: 108, version: 6) == [])
                #expect(try Laboratory.routes(of: 18).map(\.dst) == ["10.6.0.0/16"])
                #expect(try Laboratory.routes(of: 2).map(\.dst).contains("10.1.0.0/24"))
            }
        }
    }

    @Test func `a caller without the privilege is told so`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let routes = try Routes()
                let rules = try Rules()
                #expect(setuid(65534) == 0)
                let route = Route(to: tenFive, interfaceIndex: Laboratory.interfaceIndex("a"))
                let refused = #expect(throws: NetlinkError.self) { _ = try routes.add(route) }
                #expect(refused?.reason.errno == .notPermitted)
                let rule = Rule(.v4, priority: 500, .lookUp(.main))
                let refusal = #expect(throws: NetlinkError.self) { _ = try rules.add(rule) }
                #expect(refusal?.reason.errno == .notPermitted)
                #expect(refusal?.subject == "rule 500")
            }
        }
    }
}

@Suite struct `Prefixes` {
    @Test(
        arguments: [
            (0, "0.0.0.0/0"), (1, "128.0.0.0/1"), (12, "192.160.0.0/12"),
            (31, "192.168.255.254/31"),
            (32, "192.168.255.255/32"), (200, "192.168.255.255/32"),
        ] as [(UInt8, String)])
    func `bits after an IPv4 prefix are cleared`(length: UInt8, shown: String) {
        let prefix = InternetPrefix(InternetAddress(192, 168, 255, 255), length: length)
        #expect(prefix.description == shown)
    }

    @Test(
        arguments: [
            (0, 0, 0), (1, 1 << 63, 0), (64, .max, 0), (65, .max, 1 << 63), (127, .max, .max - 1),
            (128, .max, .max), (255, .max, .max),
        ] as [(UInt8, UInt64, UInt64)])
    func `bits after an IPv6 prefix are cleared`(length: UInt8, high: UInt64, low: UInt64) {
        let prefix = InternetPrefix(.v6(high: .max, low: .max), length: length)
        #expect(prefix.address == .v6(high: high, low: low))
    }
}

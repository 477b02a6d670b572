#if Program
import Glibc
import NIOCore
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite(.enabled("NOT RUN: a network namespace needs root") { geteuid() == 0 })
    struct `Datagrams that do not arrive` {
        /// Of each family: a host that drops, one that is not there, one that a router knows no way
        /// to, one that a router lets nobody through to, one that this host knows no way to, one that
        /// it may not go to.
        private static let hosts = [
            ["192.0.2.1", "192.0.2.9", "192.0.2.66", "192.0.2.67", "198.51.100.1", "203.0.113.1"],
            [
                "2001:db8::1", "2001:db8::9", "2001:db8::66", "2001:db8::67", "2001:db8:1::1",
                "2001:db8:2::1",
            ],
        ]

        @Test
        func `every failure of an echo, of UDP and of DNS has its reason, at once or in time`()
            async throws
        {
            let network = try await OwnNetwork()
            try await network.run(
                """
                ip link set lo up
                ip link add away type veth peer name peer
                ip link set away up
                ip link set peer up
                ip address add 192.0.2.1/24 dev away
                ip address add 2001:db8::1/64 dev away nodad
                ip address add 192.0.2.66 dev lo
                ip address add 192.0.2.67 dev lo
                ip address add 2001:db8::66 dev lo nodad
                ip address add 2001:db8::67 dev lo nodad
                ip route add unreachable 198.51.100.0/24
                ip route add unreachable 2001:db8:1::/64
                ip route add prohibit 203.0.113.0/24
                ip route add prohibit 2001:db8:2::/64
                nft -f - <<END
                table inet own {
                    chain input {
                        type filter hook input priority 0
                        icmp type destination-unreachable accept
                        icmpv6 type destination-unreachable accept
                        ip daddr 192.0.2.66 reject with icmp type host-unreachable
                        ip daddr 192.0.2.67 reject with icmp type admin-prohibited
                        ip6 daddr 2001:db8::66 reject with icmpv6 type addr-unreachable
                        ip6 daddr 2001:db8::67 reject with icmpv6 type admin-prohibited
                        ip daddr 192.0.2.1 drop
                        ip6 daddr 2001:db8::1 drop
                    }
                }
                END
                """)
            for range in ["1 0", "0 2147483647"] {
                // Without the range, as with a raw socket.
                try await network.run("sysctl -qw net.ipv4.ping_group_range='\(range)'")
                for (hosts, refusals) in zip(Self.hosts, Self.refusals) {
                    #expect(
                        try await outcomes(ICMPProbe(), hosts, network)
                            == ["L4TOUT", "L4TOUT"] + refusals, "\(range)")
                }
            }
            for (hosts, refusals) in zip(Self.hosts, Self.refusals) {
                #expect(
                    try await outcomes(UDPProbe(payload: [1]), hosts, network)
                        == ["L4TOUT", "L4TOUT"] + refusals)
                #expect(
                    try await outcomes(try DNSProbe(), hosts, network)
                        == Array(
                            repeating: "L7TOUT no answer of DNS within the time limit", count: 2)
                        + refusals)
            }
            try await expectNoAnswer(network)
            try await network.stop()
        }

        @Test(arguments: ["1 0", "0 2147483647"])
        func `echoes through one socket go on after one that cannot be sent`(
            range: String
        ) async throws {
            let network = try await OwnNetwork()
            try await network.run(
                """
                sysctl -qw net.ipv4.ping_group_range='\(range)'
                ip link set lo up
                ip route add prohibit 203.0.113.0/24
                ip route add prohibit 2001:db8:2::/64
                """)
            var check = ICMPProbe()
            let sockets = try await network.eventLoop.submit { ICMPSockets() }.get()
            check.sockets = sockets
            for (line, hosts) in [
                (sockets.ipv4, ["127.0.0.1", "198.51.100.1", "127.0.0.2", "203.0.113.1"]),
                (sockets.ipv6, ["::1", "2001:db8:1::1", "::1", "2001:db8:2::1"]),
            ] {
                var outcomes: [String] = []
                for host in hosts + hosts.prefix(1) {
                    outcomes.append(
                        try await network.probe(check, host, port: 80, timeout: .seconds(5)))
                }
                #expect(
                    outcomes == [
                        "L7OK echo reply", "L4CON Network is unreachable", "L7OK echo reply",
                        "L4CON Permission denied", "L7OK echo reply",
                    ])
                // Whatever ends the channel, the next check makes another.
                try await line?.opened(on: network.eventLoop).get().close().get()
                #expect(
                    try await network.probe(check, hosts[0], timeout: .seconds(5))
                        == "L7OK echo reply")
            }
            try await network.stop()
        }

        @Test(arguments: ["1 0", "0 2147483647"])
        func `an echo that finds the socket full counts as lost on the way`(
            range: String
        ) async throws {
            let network = try await OwnNetwork()
            try await network.run(
                """
                sysctl -qw net.ipv4.ping_group_range='\(range)'
                ip link set lo up
                ip link add away type veth peer name peer
                ip link set away up
                ip link set peer up
                ip address add 192.0.2.100/24 dev away
                ip address add 2001:db8::100/64 dev away nodad
                """)
            var check = ICMPProbe()
            let sockets = try await network.eventLoop.submit { ICMPSockets() }.get()
            check.sockets = sockets
            for (line, prefix) in [(sockets.ipv4, "192.0.2."), (sockets.ipv6, "2001:db8::")] {
                let line = try #require(line)
                let cookie = [UInt8](repeating: 7, count: 16)
                let exchange = ICMPExchange(
                    isIPv6: prefix.contains(":"), isRaw: line.isRaw, cookie: cookie)
                // The host keeps what is for a neighbour that it asks for, 200 KiB each: a few of them
                // fill the socket's own 200 KiB, or twice that of a raw one.
                var codes: Set<CInt> = []
                for host in 1...4 {
                    let target = try SocketAddress(ipAddress: "\(prefix)\(host)", port: 0)
                    for _ in 0..<400 {
                        if let code = line.send(exchange.request, to: target) { codes.insert(code) }
                    }
                }
                #expect(codes.isEmpty, "\(prefix)")
                #expect(
                    try await network.probe(check, prefix + "9", timeout: .milliseconds(60))
                        == "L4TOUT")
            }
            try await network.stop()
        }

        /// Of each family; ICMPv6 says "Permission denied" where ICMP says that there is no way.
        private static let refusals = ["No route to host", "Permission denied"].map { forbidden in
            ["No route to host", forbidden, "No route to host", "Permission denied"].map {
                "L4CON \($0)"
            }
        }

        /// What a router says about name servers ends an attempt, and no more.
        private func expectNoAnswer(_ network: OwnNetwork) async throws {
            let question = DNSQuestion(try DomainName("a.example"), type: .a)
            var settings = ResolverSettings(
                name: "r",
                servers: try ["192.0.2.66", "2001:db8::67", "198.51.100.1"].map {
                    .init(name: $0, address: try SocketAddress(ipAddress: $0, port: 53))
                })
            settings.retryInterval = .milliseconds(20)
            let loop = network.eventLoop
            let reply = try await loop.flatSubmit { [settings] in
                DNSTransaction.ask(question, settings, on: loop)
            }.get()
            guard case .timedOut = reply else {
                Issue.record("\(reply)")
                return
            }
        }

        private func outcomes(
            _ check: any HealthProbe, _ hosts: [String], _ network: OwnNetwork
        ) async throws -> [String] {
            var outcomes: [String] = []
            for (index, host) in hosts.enumerated() {
                let isSilent = index < 2
                let begin = ContinuousClock.now
                outcomes.append(
                    try await network.probe(
                        check, host, port: 53, timeout: isSilent ? .milliseconds(60) : .seconds(5)))
                #expect(begin.duration(to: .now) < .seconds(2), "\(host)")
            }
            return outcomes
        }
    }
}
#endif

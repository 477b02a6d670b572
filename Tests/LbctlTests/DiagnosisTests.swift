#if Program
import Failover
import LinuxIO
import NodeConfiguration
import Testing
import VRRPCore

@testable import lbctl

private let election = """
    vrrp_instance VI_1 {
        interface lan
        virtual_router_id 51
        priority 100
        virtual_ipaddress {
            10.77.0.9
        }
    }

    """

/// A host on which everything is as it should be.
private func soundFacts() -> HostFacts {
    var facts = HostFacts()
    var interface = HostSurvey.Interface(name: "lan")
    interface.addresses = [.init(.v4(IPv4Address(10, 77, 0, 1)))]
    facts.survey.interfaces = [HostSurvey.Interface(name: "lo"), interface]
    facts.survey.routers = [
        .init(name: "VI_1", interface: "lan", source: .v4(IPv4Address(10, 77, 0, 1)))
    ]
    facts.survey.knowsAddressTags = true
    return facts
}

/// What is found for files, in lines.
private func lines(
    _ texts: String..., change: (inout HostFacts) -> Void = { _ in }
) throws -> [String] {
    let files = texts.map { InputFile(name: "f", bytes: Array($0.utf8)) }
    let loaded = ConfigurationLoader().load(files)
    let model = try #require(loaded.model, "\(loaded.diagnostics)")
    var facts = soundFacts()
    change(&facts)
    return Diagnosis(model: model, facts: facts).findings.map(\.description)
}

private func tcp(
    _ address: String, _ outcome: HostFacts.Attempt.Outcome, backlog: Int? = nil
)
    -> HostFacts.Attempt
{
    var listener = Listener(
        Endpoint.internet(address: IPv4Address(address).map(IPAddress.v4), port: 80))
    listener.backlog = backlog
    return HostFacts.Attempt(section: "web", listener: listener, outcome: outcome)
}

@Suite struct `What facts of a host mean` {
    @Test func `a host that lacks nothing`() throws {
        #expect(
            try lines(election) == [
                "ok: privileges: may move addresses and send advertisements",
                "ok: VI_1: lan is up, and advertisements come from 10.77.0.1",
                "ok: address tag (IFA_PROTO): in use", "ok: real time: allowed",
                "ok: locked memory: allowed",
            ])
    }

    @Test func `what stops a virtual router comes first, with what mends it`() throws {
        func first(_ change: (inout HostFacts) -> Void) throws -> String? {
            try lines(election, change: change).first
        }
        #expect(
            try first { $0.survey.movingRefusal = "Operation not permitted (errno 1)" }
                == "fail: privileges: may not move addresses (Operation not permitted (errno 1)); run"
                + " as root, or with CAP_NET_ADMIN")
        #expect(
            try first { $0.survey.interfaces.remove(at: 1) }
                == "fail: VI_1: no interface 'lan': it would be in fault; this host has lo")
        #expect(
            try first {
                $0.survey.interfaces[1].isUp = false
                $0.survey.interfaces[1].isRunning = false
            } == "fail: VI_1: lan is down; 'ip link set lan up'")
        #expect(
            try first { $0.survey.interfaces[1].isRunning = false }
                == "fail: VI_1: lan has no carrier; look at the cable, or at the other end")
        #expect(
            try first { $0.survey.routers[0].source = nil }
                == "fail: VI_1: lan has no IPv4 address that stays there: nothing to advertise from;"
                + " give it one, or say which ('mcast_src_ip', 'unicast_src_ip')")
        #expect(
            try first { $0.arpIgnore = ["lan": 8] }
                == "fail: VI_1: arp_ignore is 8 on lan: nobody would find the addresses; 'sysctl -w"
                + " net.ipv4.conf.lan.arp_ignore=0', and that of 'all'")
        #expect(
            try first { $0.survey.lockHolders = [812] }
                == "fail: lbctl: another one (pid 812) has the virtual routers of this host; stop it,"
                + " or name its control socket by --control")
    }

    @Test func `an interface that is tracked and not there`() throws {
        func first(_ weight: String) throws -> String? {
            let tracking = "track_interface {\n wan\(weight)\n }\n virtual_ipaddress"
            return try lines(election.replacing("virtual_ipaddress", with: tracking)).first
        }
        let text = "VI_1: no interface 'wan', which it tracks: it counts as down; make it, or track"
        #expect(try first("") == "fail: \(text) another one")
        #expect(try first(" weight -10") == "warn: \(text) another one")
    }

    @Test func `a router in fault is not said to be sound`() throws {
        let found = try lines(election) { $0.survey.interfaces[1].isRunning = false }
        #expect(!found.contains { $0.hasPrefix("ok: VI_1") })
    }

    @Test func `IPv6 that is switched off`() throws {
        let file = election.replacing("10.77.0.9", with: "fe80::9")
        #expect(
            try lines(file) {
                $0.interfacesWithoutIPv6 = ["lan"]
                $0.survey.routers[0].source = nil
            }.first
                == "fail: VI_1: IPv6 is switched off on lan; 'sysctl -w"
                + " net.ipv6.conf.lan.disable_ipv6=0'")
    }

    @Test func `a virtual address that is there although nobody runs`() throws {
        let held = IPAddress.v4(IPv4Address(10, 77, 0, 9))
        #expect(
            try lines(election) {
                $0.survey.interfaces[1].addresses.append(.init(held, isOurs: true))
            }.first
                == "warn: VI_1: 10.77.0.9 is on lan, left behind by a run of lbctl that ended badly;"
                + " the next start takes it off")
        #expect(
            try lines(election) { $0.survey.interfaces[1].addresses.append(.init(held)) }.first
                == "warn: VI_1: 10.77.0.9 is on lan, put there by somebody else; the start takes it"
                + " off: take it out of the host's network files, too")
        #expect(
            try lines(election) {
                $0.survey.interfaces[1].addresses.append(.init(held, isOurs: true))
                $0.survey.madeLinks = ["vrrp.51"]
                $0.program = .answers(processID: 7)
            }.first == "ok: lbctl: runs here (pid 7), with what it holds")
        #expect(
            try lines(election) { $0.survey.madeLinks = ["vrrp.51"] }.first
                == "warn: link vrrp.51: left behind by a run of lbctl that ended badly; the next start"
                + " takes it away")
    }

    @Test func `what nobody could look at is a warning, never ok`() throws {
        let found = try lines(election) {
            $0.program = .unknown("no permission")
            $0.listeningRefusal = "Operation not permitted (errno 1)"
        }
        #expect(
            found.prefix(2) == [
                "warn: lbctl: it is not known whether it runs: no permission",
                "warn: peers: not listened to: Operation not permitted (errno 1); run as root",
            ])
    }

    @Test func `who listens where the balancer is to listen`() throws {
        let file = balancerFile(port: 80, server: 1)
        func first(
            _ attempt: HostFacts.Attempt, _ program: HostFacts.Program = .nobody
        ) throws
            -> String?
        {
            try lines(file) {
                $0.attempts = [attempt]
                $0.program = program
            }.first { $0.contains("web ") }
        }
        let holder = HostFacts.Process(id: 812, name: "haproxy")
        #expect(
            try first(tcp("10.77.0.1", .held(by: [holder])))
                == "fail: web 10.77.0.1:80: haproxy (pid 812) listens there; stop it, or listen"
                + " elsewhere; 'ss -ltnp sport = :80'")
        #expect(
            try first(tcp("10.77.0.1", .held(by: [])))
                == "fail: web 10.77.0.1:80: somebody listens there whom this user may not see; as"
                + " root, 'ss -ltnp sport = :80' names who")
        #expect(
            try first(tcp("10.77.0.1", .held(by: [holder])), .answers(processID: 812))
                == "ok: web 10.77.0.1:80: lbctl (pid 812) listens there itself")
        #expect(try first(tcp("10.77.0.1", .free)) == "ok: web 10.77.0.1:80: free")
        #expect(
            try first(tcp("10.77.0.10", .free))
                == "warn: web 10.77.0.10:80: no interface has this address, and no virtual router"
                + " brings it: nobody comes in; look for a mistyped digit, or give it to an interface"
        )
        #expect(
            try first(tcp("10.77.0.1", .refused(.accessDenied, "bind 10.77.0.1:80: no")))
                == "fail: web 10.77.0.1:80: bind 10.77.0.1:80: no; run as root, or with"
                + " CAP_NET_BIND_SERVICE")
        #expect(
            try lines(file) { $0.attempts = [tcp("10.77.0.1", .free, backlog: 9000)] }.first
                == "warn: web 10.77.0.1:80: backlog 9000 is 4096 here (net.core.somaxconn); 'sysctl -w"
                + " net.core.somaxconn=9000'")
    }

    @Test func `the virtual address is not expected to be there yet`() throws {
        let found = try lines(election, balancerFile(port: 80, server: 1)) {
            $0.attempts = [tcp("10.77.0.9", .free)]
        }
        #expect(found.contains("ok: web 10.77.0.9:80: free, once VI_1 brings the address"))
    }

    @Test func `limits of the host beside maxconn`() throws {
        let file = "global\n    maxconn 100000\n" + balancerFile(port: 80, server: 1)
        let found = try lines(file) { $0.hardOpenFileLimit = 4096 }
        #expect(
            found.first?.hasPrefix("warn: maxconn 100000: the limit on open files here, 4096,")
                == true)
        #expect(
            found[1]
                == "warn: backend web: the source ports here are enough for 28232 connections to its"
                + " servers, and maxconn is 100000; 'sysctl -w"
                + " net.ipv4.ip_local_port_range=\"1024 65535\"', or more servers")
        #expect(
            try lines(balancerFile(port: 80, server: 1)) { $0.pipePages = 16_384 }.contains(
                "ok: pipes: 64 streams at once have 1 MiB each as the balancer's user"
                    + " (fs.pipe-user-pages-soft 16384); further ones have less"))
    }

    @Test func `what this kernel lacks`() throws {
        let found = try lines(election) {
            $0.kernel = (5, 10)
            $0.survey.knowsAddressTags = false
            $0.realTimeRefusal = "sched_setscheduler: no"
            $0.lockingRefusal = "mlockall: no"
        }
        let expected = """
            warn: kernel: Linux 5.10 is not tested; 5.15 or later is
            warn: address tag (IFA_PROTO): unknown to this kernel: after a crash, addresses are \
            recognised only where the configuration still names them; Linux 5.18 has it
            warn: real time: not allowed (sched_setscheduler: no): other programs can delay an \
            advertisement; run as root, or with CAP_SYS_NICE or LimitRTPRIO=1 of systemd
            warn: locked memory: not allowed (mlockall: no): a shortage can delay an \
            advertisement; run as root, or with CAP_IPC_LOCK or LimitMEMLOCK=infinity of systemd
            """
        #expect(found.prefix(4).joined(separator: "\n") == expected)
    }

    @Test func `programs, names, log sockets and rivals`() throws {
        let found = try lines(election, balancerFile(port: 80, server: 1)) {
            $0.programs = [
                .init(use: "script chk", path: "/no", isTracked: true, isThere: false),
                .init(use: "notification of VI_1", path: "/no", isTracked: false, isThere: false),
            ]
            $0.absentLogSockets = ["/dev/log"]
            $0.certificates = [
                "a.pem": .seconds(-90_000), "b.pem": .seconds(300_000),
                "c.pem": .seconds(10_000_000),
            ]
            $0.names = ["a.example": false, "b.example": nil as Bool?, "c.example": true]
            $0.rivals = [.init(id: 9, name: "keepalived")]
            $0.hasFilterProgram = false
        }
        let expected = """
            fail: script chk: '/no' is not there, or cannot be run; its router would count it as failed
            fail: certificate: 'a.pem' ended 1 day ago; renew it, and 'lbctl reload'
            warn: notification of VI_1: '/no' is not there, or cannot be run; it would not be called
            warn: log: no daemon takes lines at /dev/log: they are lost; start one, or log elsewhere
            warn: certificate: 'b.pem' ends in 3 days; renew it, and 'lbctl reload'
            warn: server a.example: this host's resolver does not know it; 'getent ahosts a.example' \
            asks again
            warn: server b.example: no answer from this host's resolver in 5 s; 'getent ahosts \
            b.example' asks again
            ok: server c.example: has an address
            warn: keepalived (pid 9): elects here too: two would hold the same addresses; 'systemctl \
            disable --now keepalived'
            warn: nft: not there: 'no_accept' has no effect without it; 'apt-get install nftables'
            """
        for line in expected.split(separator: "\n") {
            #expect(found.contains(String(line)), "\(line)\n\(found.joined(separator: "\n"))")
        }
    }

    @Test func `what was heard of other nodes`() throws {
        let peer = IPAddress.v4(IPv4Address(10, 77, 0, 2))
        func about(_ outcome: PeerListener.Outcome) throws -> [String] {
            try lines(election) {
                $0.hearings = [.init(router: "VI_1", sender: peer, outcome: outcome)]
            }.filter { $0.contains("10.77.0.2") }
        }
        let advertisement = Advertisement(
            vrid: try #require(VRID(51)), priority: Priority(rawValue: 90),
            interval: AdvertisementInterval(.oneSecond, version: .v2),
            addresses: VirtualAddressList(IPv4Address(10, 77, 0, 9)))
        #expect(
            try about(.taken(advertisement, differences: [])) == [
                "ok: VI_1: hears 10.77.0.2, of priority 90, and takes what it says; whether it hears"
                    + " this node, only 'lbctl doctor --listen' there can tell"
            ])
        #expect(
            try about(.taken(advertisement, differences: ["its interval is 2 sec, here 1 sec"]))
                == [
                    "warn: VI_1: hears 10.77.0.2, of priority 90; its interval is 2 sec, here 1 sec; make"
                        + " both nodes' files agree"
                ])
        #expect(
            try about(.refused(.rejected(.unknownPeer(peer)))).first?.hasPrefix(
                "fail: VI_1: refuses what 10.77.0.2 says: ") == true)
        #expect(
            try about(.lost(destination: .v4(.vrrpGroup))) == [
                "fail: VI_1: what 10.77.0.2 sends to 224.0.0.18 comes to the interface, and not to the"
                    + " router; a packet filter drops it ('nft list ruleset'), or the router listens"
                    + " elsewhere (multicast and unicast_peer)"
            ])
        #expect(
            try lines(election) { $0.hearings = [] }.first?.hasPrefix(
                "warn: VI_1: heard no other node; ") == true)
    }

    @Test func `a program is known behind the user that it runs as`() {
        var user = ScriptUser(user: "nobody")
        let command = ["/usr/bin/check", "-x"]
        #expect(ScriptUser.unwrapped(user.running(command)) == ["/usr/bin/check", "-x"])
        user.hasSupplementaryGroups = true
        #expect(ScriptUser.unwrapped(user.running(command)) == ["/usr/bin/check", "-x"])
        #expect(ScriptUser.unwrapped(["/bin/sh", "-c", "true"]) == ["/bin/sh", "-c", "true"])
    }

    @Test func `as JSON, with whether it can run`() throws {
        #expect(
            [Finding.fail("web", "in use", "stop it"), .ok("real time", "allowed")].json == """
                {
                  "can_run" : false,
                  "findings" : [
                    {
                      "place" : "web",
                      "remedy" : "stop it",
                      "severity" : "fail",
                      "text" : "in use"
                    },
                    {
                      "place" : "real time",
                      "severity" : "ok",
                      "text" : "allowed"
                    }
                  ]
                }
                """)
    }
}
#endif

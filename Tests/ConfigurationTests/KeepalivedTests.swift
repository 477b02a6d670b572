import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `keepalived's language` {
    @Test(arguments: [
        ("priority 301", "f:5:10: error: priority 301: must be 1 to 255"),
        ("priority 0", "f:5:10: error: priority 0: must be 1 to 255"),
        ("priority high", "f:5:10: error: priority 'high': must be a number, 1 to 255"),
        ("priority", "f:5:1: error: 'priority' needs a number, 1 to 255"),
        ("priority {\n}", "f:5:10: error: 'priority' takes no block"),
        ("virtual_router_id 256", "f:5:19: error: virtual_router_id 256: must be 1 to 255"),
        (
            "interface sixteen_bytes_xx",
            "f:5:11: error: interface 'sixteen_bytes_xx': must be 1 to 15 bytes without '/' and ':'"
        ),
        (
            "priorty 100",
            "f:5:1: error: unknown keyword 'priorty' in vrrp_instance; did you mean 'priority'?"
        ),
        ("xyzzy", "f:5:1: error: unknown keyword 'xyzzy' in vrrp_instance"),
        (
            "advert_int 256",
            "f:5:12: error: advert_int '256': version 2 takes whole seconds, 1 to 255; add 'version 3' for less"
        ),
        (
            "version 3\nadvert_int 0.001",
            "f:6:12: error: advert_int '0.001': version 3 takes 0.01 to 40.95 seconds in steps of 0.01"
        ),
        (
            "version 3\nadvert_int 40.96",
            "f:6:12: error: advert_int '40.96': version 3 takes 0.01 to 40.95 seconds in steps of 0.01"
        ),
        ("version 4", "f:5:9: error: version 4: must be 2 to 3"),
        (
            "garp_master_refresh 0.009999",
            "f:5:21: error: garp_master_refresh 0.009999: must be 0 (never), or at least 0.01 seconds"
        ),
        (
            "garp_master_delay -1",
            "f:5:19: error: garp_master_delay '-1': must be a number of seconds, 0 to 86400 seconds"
        ),
        ("virtual_ipaddress", "f:5:1: error: 'virtual_ipaddress' needs a block in braces"),
        (
            "virtual_ipaddress {\n172.17.0.256\n}",
            "f:6:1: error: '172.17.0.256': must be an address, such as 192.0.2.1 or 2001:db8::1"
        ),
        (
            "virtual_ipaddress {\n10.0.0.1/33\n}",
            "f:6:1: error: '10.0.0.1/33': the prefix length must be 0 to 32"
        ),
        (
            "virtual_ipaddress {\n224.0.0.18\n}",
            "f:6:1: error: 224.0.0.18 cannot move between nodes: must be a unicast address"
        ),
        (
            "virtual_ipaddress {\n10.0.0.1 dve eth0\n}",
            "f:6:10: error: unknown option of an address 'dve'; did you mean 'dev'?"
        ),
        (
            "virtual_ipaddress {\n10.0.0.1 10.0.0.2/24\n}",
            "f:6:10: error: '10.0.0.2/24': each address must stand on a line of its own"
        ),
        (
            "track_script {\nchk_haprox\n}",
            "f:6:1: error: track_script 'chk_haprox': no vrrp_script has this name"
        ),
        ("track_interface {\neth0 weight 255\n}", "f:6:13: error: weight 255: must be -254 to 254"),
        ("notify_master \"/bin/x 'y\"", "f:5:15: error: a quote inside the command is not closed"),
        ("notify_master \"/bin/x", "f:5:15: error: this quote is not closed on its line"),
        (
            "authentication {\nauth_typ PASS\n}",
            "f:6:1: error: unknown keyword 'auth_typ' in authentication; did you mean 'auth_type'?"
        ),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let errors = load(instance(line)).diagnostics.filter { $0.severity == .error }
        #expect(errors.map(\.description) == [message])
        #expect(load(instance(line)).model == nil)
    }

    @Test(arguments: [
        (
            "promote_secondaries",
            "f:5:1: warning: 'promote_secondaries' is known but not implemented yet; it is ignored"
        ),
        ("preempt\npreempt", "f:6:1: warning: 'preempt' replaces the one of line 5"),
        (
            "state MASTER\nnopreempt",
            "f:6:1: warning: 'nopreempt' has no effect with state MASTER, as in keepalived; write state BACKUP and a priority below 255 to have it"
        ),
        (
            "notify \"/bin/x | /bin/y\"",
            "f:5:8: warning: '|' reaches the program as an argument, since no shell runs it; write /bin/sh -c '…' to have one"
        ),
        (
            "notify \"/bin/x a >/dev/null\"",
            "f:5:8: warning: '>/dev/null' reaches the program as an argument, since no shell runs it; write /bin/sh -c '…' to have one"
        ),
        (
            "notify \"</dev/tcp/127.0.0.1/80\"",
            "f:5:8: warning: '</dev/tcp/127.0.0.1/80' is taken for the name of a program, since no shell runs it; write /bin/bash -c '…' to have one"
        ),
        (
            "notify \"<in /bin/x\"",
            "f:5:8: warning: '<in' is taken for the name of a program, since no shell runs it; write /bin/sh -c '…' to have one"
        ),
    ])
    func `a warning leaves the file usable`(line: String, message: String) {
        #expect(diagnose(instance(line)) == [message])
        #expect(load(instance(line)).model != nil)
    }

    @Test func `blocks that are never closed are shown where they open`() {
        let text = "vrrp_script s {\n  script x\n}\nvrrp_instance VI_1 {\n  interface eth1\n"
        #expect(
            diagnose(text) == [
                "f:4:15: error: vrrp_instance 'VI_1' has no 'virtual_router_id'",
                "f:4:20: error: the block of 'vrrp_instance' is never closed; a '}' is missing",
            ])
    }

    @Test func `braces that fit nothing`() {
        #expect(
            diagnose("}\n{\n}\n", as: .keepalived) == [
                "f:1:1: error: this '}' closes nothing", "f:2:1: error: a block without a keyword",
            ])
        let deep = String(repeating: "vrrp_sync_group {\n", count: 40)
        #expect(
            diagnose(deep).contains("f:33:17: error: blocks are nested more than 32 deep"))
    }

    @Test func `what is missing is told at the name`() {
        #expect(
            diagnose("vrrp_instance VI_1 {\n}\nvrrp_script s {\n}\n") == [
                "f:1:15: error: vrrp_instance 'VI_1' has no 'interface'",
                "f:1:15: error: vrrp_instance 'VI_1' has no 'virtual_router_id'",
                "f:3:13: error: vrrp_script 's' has no 'script'",
            ])
        #expect(diagnose("vrrp_instance {\n}\n") == ["f:1:1: error: 'vrrp_instance' needs a name"])
    }

    @Test func `a misspelt script gets the nearest one`() {
        let text =
            "vrrp_script chk_haproxy {\nscript x\n}\n" + instance("track_script {\nchk_haprxy\n}")
        #expect(
            diagnose(text) == [
                "f:9:1: error: track_script 'chk_haprxy': no vrrp_script has this name; did you mean 'chk_haproxy'?"
            ])
    }

    @Test func `two virtual routers cannot share a name, an identifier or an address`() {
        let second =
            "\nvrrp_instance VI_1 {\ninterface eth1\nvirtual_router_id 51\nvirtual_ipaddress { 172.17.0.5 }\n}"
        #expect(
            diagnose(instance("") + second) == [
                "f:7:15: error: the virtual address 172.17.0.5 is already defined at f:1",
                "f:7:15: error: vrrp_instance 'VI_1' is already defined at f:1",
                "f:9:19: error: virtual_router_id 51 on eth1 is already defined at f:3",
            ])
    }

    @Test func `a full virtual router`() throws {
        let text = """
            ! comment
            global_defs {
                router_id lb1   # comment
                vrrp_version 3
                vrrp_garp_master_repeat 2
                vrrp_garp_master_delay 0
            }
            vrrp_script chk
            {
                script "/usr/bin/check 'a b' \\"c\\""
                interval 0.5
                timeout 3
                weight -20
                rise 2
                fall 4
                init_fail
            }
            vrrp_instance VI_2 {
                interface eth0
                virtual_router_id 7
                state BACKUP
                priority 150
                nopreempt
                advert_int 0.25
                v3_checksum_as_v2
                garp_master_refresh 60
                garp_master_delay 10
                virtual_ipaddress {
                    192.0.2.9/24 brd 192.0.2.255 dev eth1 label eth1:vip
                    192.0.2.10
                }
                track_script { chk weight -30 }
                track_interface {
                    eth1
                    eth2 weight 10
                }
                notify /etc/n.sh
                notify_master "/etc/n.sh master"
                notify_backup "/etc/n.sh backup"
                notify_fault "/etc/n.sh fault"
                notify_stop "/etc/n.sh stop"
            }
            """
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty)
        let model = try #require(loaded.model)
        var script = TrackScript(
            name: "chk", source: .command(["/usr/bin/check", "a b", "c"]))
        script.interval = .milliseconds(500)
        script.timeout = .seconds(3)
        script.weight = -20
        script.rise = 2
        script.fall = 4
        script.startsFailed = true
        #expect(model.scripts == [script])
        #expect(model.global.routerID == "lb1")
        var router = VirtualRouterSettings(
            name: "VI_2", interface: "eth0", vrid: VRID(7)!, priority: Priority(rawValue: 150))
        router.advertisementInterval = .v3(Centiseconds(rawValue: 25)!)
        router.preempts = false
        router.sendsMessageOnlyChecksum = true
        var first = VirtualAddress(address: IPv4Address(192, 0, 2, 9), prefixLength: 24)
        first.interface = "eth1"
        first.label = "eth1:vip"
        first.broadcast = IPv4Address(192, 0, 2, 255)
        router.addresses = [first, VirtualAddress(address: IPv4Address(192, 0, 2, 10))]
        router.trackedScripts = [TrackedScript(name: "chk", weight: -30)]
        router.trackedInterfaces = [
            TrackedInterface(name: "eth1"), TrackedInterface(name: "eth2", weight: 10),
        ]
        router.announcements.count = 2
        router.announcements.repeatDelay = .seconds(10)
        router.announcements.refreshInterval = .seconds(60)
        router.notifications.any = ["/etc/n.sh"]
        router.notifications.active = ["/etc/n.sh", "master"]
        router.notifications.backup = ["/etc/n.sh", "backup"]
        router.notifications.fault = ["/etc/n.sh", "fault"]
        router.notifications.stop = ["/etc/n.sh", "stop"]
        #expect(model.virtualRouters == [router])
    }

    @Test(
        arguments: [
            ("", 100, false), ("state MASTER", 255, true), ("state BACKUP", 100, false),
            ("state ACTIVE\npriority 7", 7, true), ("priority 255", 255, true),
        ] as [(String, UInt8, Bool)])
    func `state and priority fill in each other`(lines: String, priority: UInt8, active: Bool) {
        let router = load(instance(lines)).model?.virtualRouters.first
        #expect(router?.priority.rawValue == priority)
        #expect(router?.startsActive == active)
        #expect(router?.preempts == true)
    }

    @Test func `a command is cut into words as a shell would`() {
        func command(_ written: String) -> TrackScript.Source? {
            load("vrrp_script s {\nscript \(written)\n}").model?.scripts.first?.source
        }
        #expect(
            command(#""/bin/x a\ b 'c\d' \"e f\" '' g""#)
                == .command(["/bin/x", "a b", #"c\d"#, "e f", "", "g"]))
        #expect(command("/bin/x -a b") == .command(["/bin/x", "-a", "b"]))
        #expect(command("'/bin/x \"a b\"'") == .command(["/bin/x", "a b"]))
        #expect(command("${X}/x # comment") == .command(["${X}/x"]))
        #expect(command("/bin/a\\#b") == .command(["/bin/a#b"]))
        #expect(command("\"\"") == nil)
    }

    @Test func `an advertisement has room for 255 addresses`() {
        func diagnostics(count: Int) -> [String] {
            let addresses = (1...count).map { "10.0.\($0 / 100).\($0 % 100 + 1)" }
            return diagnose(
                instance("virtual_ipaddress {\n\(addresses.joined(separator: "\n"))\n}"))
        }
        #expect(diagnostics(count: 254).isEmpty)
        #expect(
            diagnostics(count: 255) == [
                "f:260:1: warning: an advertisement has room for 255 addresses: this one and those after it move with the others as virtual_ipaddress_excluded, without being advertised"
            ])
    }

    @Test func `an instance whose one address is wrong tells that alone`() {
        let text = "vrrp_instance V {\ninterface eth1\nvirtual_router_id 1\n"
        #expect(
            diagnose(text + "virtual_ipaddress {\n10.0.0.256\n}\n}") == [
                "f:5:1: error: '10.0.0.256': must be an address, such as 192.0.2.1 or 2001:db8::1"
            ])
    }

    @Test func `health checkers of the kernel's balancer are passed over whole`() {
        let text =
            "virtual_server 192.0.2.1 80 {\nreal_server 192.0.2.2 80 {\nTCP_CHECK { }\n}\n}\n"
        #expect(
            diagnose(text) == [
                "f:1:1: warning: 'virtual_server' is known but not implemented yet; it is ignored: the kernel's balancer (IPVS) is left alone"
            ])
    }
}

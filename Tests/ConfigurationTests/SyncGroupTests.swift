import NodeConfiguration
import Testing

/// Two instances, and what a file says beside them.
private func pair(_ rest: String) -> String {
    """
    vrrp_instance A {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { 10.0.0.5 }
    }
    vrrp_instance B {
    interface eth1
    virtual_router_id 2
    virtual_ipaddress { 172.17.0.5 }
    }
    \(rest)
    """
}

@Suite struct `vrrp_sync_group` {
    @Test func `a full group`() throws {
        let loaded = load(
            pair(
                """
                vrrp_script chk {
                script /bin/true
                }
                vrrp_sync_group G {
                group {
                A B
                }
                track_script { chk weight 5 }
                track_interface { eth2 }
                sync_group_tracking_weight
                notify /etc/n.sh
                notify_master "/etc/n.sh master"
                smtp_alert
                }
                """))
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        var group = VirtualRouterGroup(name: "G", members: ["A", "B"])
        group.trackedScripts = [TrackedScript(name: "chk", weight: 5)]
        group.trackedInterfaces = [TrackedInterface(name: "eth2")]
        group.weighsMembers = true
        group.notifications.any = ["/etc/n.sh"]
        group.notifications.active = ["/etc/n.sh", "master"]
        group.sendsMail = true
        #expect(loaded.model?.syncGroups == [group])
    }

    @Test(arguments: [
        (
            "vrrp_sync_group G { group { A C } }",
            "f:11:31: error: group 'C': no vrrp_instance has this name"
        ),
        (
            "vrrp_sync_group G { group { A A } }",
            "f:11:31: warning: 'A' is listed twice"
        ),
        (
            "vrrp_sync_group G { group { A B } }\nvrrp_sync_group H { group { B } }",
            "f:12:29: error: a sync group for the instance 'B' is already defined at f:11"
        ),
        (
            "vrrp_sync_group G {\n}",
            "f:11:17: warning: vrrp_sync_group 'G' has no 'group' with the names of instances: it moves nobody"
        ),
        (
            "vrrp_sync_group G { group { A } }",
            "f:11:17: warning: vrrp_sync_group 'G' has one instance, which moves by itself"
        ),
    ])
    func `a mistake is told at its place`(text: String, message: String) {
        #expect(diagnose(pair(text)).contains(message), "\(diagnose(pair(text)))")
    }
}

@Suite struct `When an instance moves` {
    @Test func `preempt_delay has fractions of a second`() {
        let loaded = load(instance("state BACKUP\npreempt_delay 2.5"))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.virtualRouters.first?.preemptDelay == .seconds(2.5))
    }

    @Test func `preempt_delay ends at keepalived's limit`() {
        #expect(
            diagnose(instance("preempt_delay 1001")) == [
                "f:5:15: error: preempt_delay 1001: must be 0 to 1000 seconds"
            ])
    }

    @Test func `the delays of the whole node`() {
        let loaded = load(
            "global_defs {\nvrrp_startup_delay 5.5\nvrrp_delay_after_boot 60\n}\n" + instance(""))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.global.startupDelay == .seconds(5.5))
        #expect(loaded.model?.global.delayAfterBoot == .seconds(60))
    }

    @Test func `scripts become the user that they or global_defs name`() throws {
        let text =
            "global_defs {\nscript_user nobody\n}\n"
            + instance("notify_master /bin/m alice staff\nnotify /bin/n\nnotify_deleted /bin/d")
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        let programs = try #require(loaded.model?.virtualRouters.first?.notifications)
        #expect(programs.active?.suffix(3) == ["alice", "staff", "/bin/m"])
        #expect(programs.any?.suffix(3) == ["nobody", "", "/bin/n"])
        #expect(programs.deleted?.suffix(3) == ["nobody", "", "/bin/d"])
        #expect(
            diagnose(instance("notify /bin/x /etc/passwd")) == [
                "f:5:15: error: '/etc/passwd': must be a user, and perhaps a group; arguments of the command belong inside its quotes"
            ])
    }
}

@Suite struct `interface_up_down_delays` {
    private func delays(_ lines: String, _ router: String = "") -> LoadedConfiguration {
        load("interface_up_down_delays {\n\(lines)\n}\n" + instance(router))
    }

    @Test func `one number is both, two are down and up`() {
        let loaded = delays("eth1 1.5\neth2 0 30")
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        #expect(
            loaded.model?.global.interfaceDelays == [
                InterfaceDelays(interface: "eth1", down: .seconds(1.5), up: .seconds(1.5)),
                InterfaceDelays(interface: "eth2", down: .zero, up: .seconds(30)),
            ])
    }

    @Test(arguments: [
        (
            "eth1 3", "",
            "f:2:1: warning: interface_up_down_delays: eth1 counts as down after 2 s, since VI_1's peers take over after that"
        ),
        (
            "eth1 3", "version 3\nadvert_int 0.5\ndown_timer_adverts 5",
            "f:2:1: warning: interface_up_down_delays: eth1 counts as down after 2 s, since VI_1's peers take over after that"
        ),
        ("eth1 256", "", "f:2:6: error: eth1 256: must be 0 to 255 seconds"),
        ("eth1", "", "f:2:1: error: 'eth1' needs a time, 0 to 255 seconds"),
        ("eth1 1\neth1 2", "", "f:3:1: error: the delays of eth1 is already defined at f:2"),
    ])
    func `what does not fit is told`(lines: String, router: String, message: String) {
        #expect(delays(lines, router).diagnostics.map(\.description) == [message])
    }
}

import Failover
import LinuxIO
import Testing
import VRRPCore

private let lan1 = IPAddress.v4(IPv4Address(172, 17, 0, 6))
private let lan2 = IPAddress.v4(IPv4Address(172, 17, 0, 7))
private let virtual = IPAddress.v4(IPv4Address(172, 17, 0, 5))

private func text(_ event: FailoverEvent) -> String? { event.logLine?.text }
private func router(_ event: RouterEvent) -> String? { text(.router(name: "VI_1", event)) }
private func observed(_ observation: VirtualRouter.Observation) -> String? {
    router(.observed(observation))
}

@Suite struct `keepalived's log lines` {
    @Test func `the states`() {
        #expect(router(.entered(.backup, isFirst: true)) == "(VI_1) Entering BACKUP STATE (init)")
        #expect(router(.entered(.backup, isFirst: false)) == "(VI_1) Entering BACKUP STATE")
        #expect(router(.entered(.active, isFirst: false)) == "(VI_1) Entering MASTER STATE")
        #expect(router(.entered(.active, isFirst: true)) == "(VI_1) Entering MASTER STATE")
        #expect(router(.entered(.fault, isFirst: false)) == "(VI_1) Entering FAULT STATE")
        #expect(router(.entered(.stopped, isFirst: false)) == nil)
        #expect(
            router(.faulted(.interfaceDown("eth1")))
                == "(VI_1): entering FAULT state (interface eth1 down)")
    }

    @Test func `what is done`() {
        #expect(router(.claimsAddresses) == "(VI_1) setting VIPs.")
        #expect(router(.releasesAddresses) == "(VI_1) removing VIPs.")
        #expect(
            router(.heardRelease(from: lan2, as: .backup))
                == "(VI_1) Backup received priority 0 advertisement")
        #expect(
            router(.heardRelease(from: lan2, as: .active))
                == "(VI_1) Master received priority 0 advertisement")
        #expect(router(.sentRelease) == "(VI_1) sent 0 priority")
        #expect(router(.followed(lan2)) == "(VI_1) master set to 172.17.0.7")
        #expect(
            router(.announces(virtual, interface: "eth1"))
                == "(VI_1) Sending/queueing gratuitous ARPs on eth1 for 172.17.0.5")
        #expect(
            text(.announced(virtual, interface: "eth1"))
                == "Sending gratuitous ARP on eth1 for 172.17.0.5")
        #expect(text(.interface(name: "eth1", isUp: false)) == "Netlink reports eth1 down")
        #expect(text(.interface(name: "eth1", isUp: true)) == "Netlink reports eth1 up")
        #expect(text(.started) == "Startup complete")
        #expect(text(.reloaded) == "Reload complete")
        #expect(text(.stopping) == "Stopping")
    }

    @Test func `what the election saw`() {
        #expect(observed(.activeDownTimerExpired) == "(VI_1) Receive advertisement timeout")
        #expect(
            observed(
                .superiorReceived(
                    Priority(rawValue: 103), from: lan2, own: Priority(rawValue: 102)))
                == "(VI_1) Master received advert from 172.17.0.7 with higher priority 103, "
                + "ours 102")
        #expect(
            observed(
                .superiorReceived(
                    Priority(rawValue: 102), from: lan2, own: Priority(rawValue: 102)))
                == "(VI_1) Master received advert from 172.17.0.7 with same priority 102 but "
                + "higher IP address than ours")
        #expect(
            observed(.inferiorDiscarded(Priority(rawValue: 90), from: lan1))
                == "(VI_1) received lower priority (90) advert from 172.17.0.6 - discarding")
        #expect(
            observed(
                .inferiorAnswered(Priority(rawValue: 90), from: lan1, own: Priority(rawValue: 100)))
                == "(VI_1) Received advert from 172.17.0.6 with lower priority 90, ours 100, "
                + "forcing new election")
        #expect(
            observed(
                .priorityChanged(from: Priority(rawValue: 100), to: Priority(rawValue: 102)))
                == "(VI_1) Changing effective priority from 100 to 102")
        #expect(
            observed(.transition(from: .backup, to: .active)) == nil)
    }

    @Test func `differences of a peer`() throws {
        let one = AdvertisementInterval.v2(try #require(WholeSeconds(rawValue: 1)))
        let two = AdvertisementInterval.v2(try #require(WholeSeconds(rawValue: 2)))
        #expect(
            observed(.intervalDiffers(two, from: lan2, own: one))
                == "(VI_1) advertisement interval mismatch with 172.17.0.7 mine=1 sec "
                + "rcv'd=2 sec")
        let own = VirtualAddressList(virtual)
        let other = try #require(VirtualAddressList([virtual, lan1]))
        #expect(
            observed(.addressesDiffer(other, from: lan2, own: own))
                == "(VI_1) expected 1 VIPs but received 2 from 172.17.0.7")
        #expect(
            observed(.addressesDiffer(VirtualAddressList(lan1), from: lan2, own: own))
                == "(VI_1) expected VIPs 172.17.0.5 but received 172.17.0.6 from 172.17.0.7")
    }

    @Test func `scripts`() {
        func script(_ event: ScriptEvent) -> String? { text(.script(name: "chk", event)) }
        #expect(script(.becameGood(.exited(status: 0))) == "VRRP_Script(chk) succeeded")
        #expect(
            script(.failed(.exited(status: 1)))
                == "VRRP_Script(chk) failed (exited with status 1)")
        #expect(script(.failed(.signalled(9))) == "VRRP_Script(chk) failed (due to signal 9)")
        #expect(script(.failed(.timedOut)) == "VRRP_Script(chk) timed_out")
        #expect(script(.returned(.exited(status: 1))) == "Script `chk` now returning 1")
        #expect(script(.returned(.timedOut)) == nil)
    }

    @Test func `what keepalived says with -D only is a detail`() {
        #expect(FailoverEvent.router(name: "VI_1", .sentRelease).logLine?.isDetail == true)
        #expect(FailoverEvent.announced(virtual, interface: "eth1").logLine?.isDetail == true)
        #expect(
            FailoverEvent.router(name: "VI_1", .entered(.active, isFirst: false)).logLine?.isDetail
                == false)
    }

    @Test(arguments: [
        (RouterState.active, "MASTER"), (.backup, "BACKUP"), (.fault, "FAULT"), (.stopped, "STOP"),
    ])
    func `the words that notification programs get`(state: RouterState, word: String) {
        #expect(state.word == word)
    }
}

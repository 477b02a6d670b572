import Testing
import VRRPCore
import VRRPTestKit

@Suite struct `Simulated LAN` {
    @Test(arguments: 0..<200 as Range<UInt64>)
    func `after any disturbance one router is Active, and stays so`(seed: UInt64) {
        var scenario = FaultScenario(seed: seed, pace: .quick)
        scenario.worsen()
        scenario.lan.start()
        for _ in 0..<12 { scenario.disturb() }
        scenario.calm()

        #expect(scenario.lan.violations == [], "seed \(seed)")
        #expect(scenario.lan.disagreement() == nil, "seed \(seed)")
        if let winner = scenario.winner {
            #expect(scenario.lan.activeNodes == [winner], "seed \(seed)")
        }
        let before = scenario.lan.nodes.map(\.transitionCount)
        scenario.lan.run(for: scenario.settlingTime)
        #expect(scenario.lan.nodes.map(\.transitionCount) == before, "seed \(seed)")
    }

    /// 25 runs of 40 hours: faults for a while, then quiet, over and over.
    @Test(arguments: 1000..<1025 as Range<UInt64>)
    func `through a thousand hours of faults, one router is Active whenever there is quiet`(
        seed: UInt64
    ) {
        var scenario = FaultScenario(seed: seed, pace: .slow)
        #expect(scenario.run(for: .seconds(40 * 3600)) == nil)
        let stalls = scenario.lan.nodes.map(\.stallCount).reduce(0, +)
        let overtaken = scenario.lan.overtakenCount
        // The faults are of the interval's size, or they would be none.
        #expect(stalls > 3, "seed \(seed)")
        #expect(overtaken > 100, "seed \(seed)")
        print("simulated 40 hours: seed \(seed), \(stalls) stalls, \(overtaken) overtaken")
    }

    @Test func `the seeds draw every kind of LAN`() {
        let scenarios = (1000..<1025 as Range<UInt64>).map { FaultScenario(seed: $0, pace: .slow) }
        let groups = scenarios.map { $0.lan.nodes[0].group.members.count }
        #expect(Set(groups) == [1, 2])
        let authentication = scenarios.map {
            $0.lan.nodes[0].channels[0].settings.authentication != nil
        }
        #expect(Set(authentication) == [true, false])
        let hosts = scenarios.map(\.lan.nodes.count)
        #expect(Set(hosts) == [2, 3, 4])
        #expect(Set(scenarios.map(\.lan.strictNodes)) == [[], [0]])
        let versions = scenarios.map { $0.lan.nodes[0].router.configuration.interval.version }
        #expect(Set(versions) == [.v2, .v3])
    }

    @Test func `equal seeds give equal runs, others do not`() {
        func run(_ seed: UInt64) -> [SimulatedLAN.Node] {
            var lan = SimulatedLAN(
                seed: seed,
                configurations: FaultScenario(seed: 7, pace: .quick).lan.nodes.map(
                    \.router.configuration))
            lan.conditions.lossPercentage = 30
            lan.start()
            lan.run(for: .seconds(60))
            return lan.nodes
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }
}

@Suite struct `Sync groups on LANs` {
    /// Two hosts with two routers each, of priorities 100 and 90.
    private func lan() -> SimulatedLAN {
        SimulatedLAN(
            seed: 1,
            groups: [(100, 2), (90, 3)].map { number, host in
                ([(51, 2), (52, 3)] as [(Int, UInt8)]).map { vrid, network in
                    VirtualRouter.Configuration(
                        vrid: literal(VRID(vrid)), priority: priority(number),
                        interval: version2(1),
                        primaryAddress: IPv4Address(192, 0, network, UInt8(host)),
                        addresses: VirtualAddressList(IPv4Address(192, 0, network, 100)))
                }
            })
    }

    @Test func `both routers of the higher priority take over, as late as one alone`() {
        var lan = lan()
        lan.start()
        lan.run(for: .milliseconds(3609))
        #expect(lan.activeNodes == [])
        lan.run(for: .milliseconds(1))
        #expect(lan.nodes[0].holdings == [true, true])
        #expect(lan.nodes[1].holdings == [false, false])
        #expect(lan.violations == [])
    }

    @Test func `one LAN that is cut moves nothing as long as the other is heard`() {
        var lan = lan()
        lan.start()
        lan.run(for: .seconds(10))
        lan.cut(from: 0, to: 1, member: 0)
        lan.run(for: .seconds(60))
        #expect(lan.activeNodes == [0])
        lan.cut(from: 0, to: 1, member: 1)
        lan.run(for: .seconds(10))
        #expect(lan.activeNodes == [0, 1])
        lan.heal()
        lan.run(for: .seconds(2))
        #expect(lan.disagreement() == nil)
        #expect(lan.activeNodes == [0])
        #expect(lan.violations == [])
    }

    @Test func `a disagreement is told, also between the routers of one host`() {
        var lan = lan()
        #expect(lan.disagreement() == nil)
        lan.start()
        lan.run(for: .seconds(1))
        #expect(lan.disagreement() == "seed 1: Active at 1000000000 ns are []")
        lan.cut(from: 0, to: 1)
        lan.run(for: .seconds(9))
        #expect(lan.disagreement() == "seed 1: Active at 10000000000 ns are [0, 1]")
    }
}

@Suite struct `Who sends old messages on the LAN` {
    private func lan(isAuthenticated: Bool) -> SimulatedLAN {
        var lan = SimulatedLAN(
            seed: 1,
            configurations: [(100, 2), (90, 3)].map { number, host in
                VirtualRouter.Configuration(
                    vrid: vrid51, priority: priority(number), interval: version3(100),
                    primaryAddress: IPv4Address(192, 0, 2, host), addresses: virtualAddresses)
            },
            authentication: isAuthenticated
                ? MessageAuthentication(activeKeyID: 1, windowSeconds: 300) : nil)
        lan.conditions.replayPercentage = 100
        return lan
    }

    /// The Active router resigned once: whoever can say so again would make the other take over.
    private func resignedOnce(_ lan: SimulatedLAN) -> SimulatedLAN {
        var lan = lan
        lan.start()
        lan.run(for: .seconds(10))
        lan.stop(0)
        lan.start([0])
        lan.run(for: .seconds(20))
        return lan
    }

    @Test func `authenticated, they change nothing and are counted`() {
        var lan = resignedOnce(lan(isAuthenticated: true))
        #expect(lan.activeNodes == [0])
        let before = lan.nodes.map(\.transitionCount)
        lan.run(for: .seconds(120))
        #expect(lan.nodes.map(\.transitionCount) == before)
        #expect(lan.nodes[1].channels[0].refusals[.replayed] > 50)
        #expect(lan.violations == [])
    }

    @Test func `not authenticated, they make others take over`() {
        var lan = resignedOnce(lan(isAuthenticated: false))
        let before = lan.nodes.map(\.transitionCount)
        lan.run(for: .seconds(120))
        #expect(lan.nodes.map(\.transitionCount) != before)
    }
}

@Suite struct `Two routers on a LAN` {
    private func lan(
        _ interval: AdvertisementInterval, _ other: AdvertisementInterval? = nil,
        preempts: Bool = true
    ) -> SimulatedLAN {
        let configurations =
            ([(100, 2, interval), (90, 3, other ?? interval)]
            as [(UInt8, UInt8, AdvertisementInterval)]).map {
                var configuration = VirtualRouter.Configuration(
                    vrid: vrid51, priority: priority($0.0), interval: $0.2,
                    primaryAddress: IPv4Address(192, 0, 2, $0.1), addresses: virtualAddresses)
                configuration.preempts = preempts
                return configuration
            }
        return SimulatedLAN(seed: 1, configurations: configurations)
    }

    @Test func `the higher priority takes over first, in 3.61 s`() {
        var lan = lan(version2(1))
        lan.start()
        lan.run(for: .milliseconds(3609))
        #expect(lan.activeNodes == [])
        lan.run(for: .milliseconds(1))
        #expect(lan.activeNodes == [0])
        lan.run(for: .seconds(60))
        #expect(lan.nodes.map(\.transitionCount) == [2, 1])
    }

    @Test func `a crash is noticed within the down interval`() {
        var lan = lan(version3(10))
        lan.start()
        lan.run(for: .seconds(5))
        lan.crash(0)
        lan.run(for: .milliseconds(260))
        #expect(lan.activeNodes == [])
        lan.run(for: .milliseconds(110))
        #expect(lan.activeNodes == [1])
    }

    @Test func `a resignation is followed within the skew`() {
        var lan = lan(version2(1))
        lan.start()
        lan.run(for: .seconds(5))
        lan.stop(0)
        lan.run(for: .milliseconds(648))
        #expect(lan.activeNodes == [])
        lan.run(for: .milliseconds(3))
        #expect(lan.activeNodes == [1])
    }

    @Test(arguments: [(1, 2), (2, 1), (1, 10), (10, 1)] as [(UInt8, UInt8)])
    func `different version 2 intervals elect one`(first: UInt8, second: UInt8) {
        var lan = lan(version2(first), version2(second))
        lan.start()
        lan.run(for: .seconds(120))
        #expect(lan.activeNodes == [0])
        let before = lan.nodes.map(\.transitionCount)
        lan.run(for: .seconds(600))
        #expect(lan.nodes.map(\.transitionCount) == before)
    }

    @Test func `an Active router that is no longer heard has a rival, until the way is open again`()
    {
        var lan = lan(version2(1))
        lan.start()
        lan.run(for: .seconds(10))
        lan.cut(from: 0, to: 1)
        lan.run(for: .seconds(10))
        #expect(lan.activeNodes == [0, 1])
        lan.heal()
        lan.run(for: .seconds(1))
        #expect(lan.activeNodes == [0])
    }

    @Test func `a Backup that is not heard itself changes nothing`() {
        var lan = lan(version2(1))
        lan.start()
        lan.cut(from: 1, to: 0)
        lan.run(for: .seconds(60))
        #expect(lan.activeNodes == [0])
        #expect(lan.nodes.map(\.transitionCount) == [2, 1])
    }

    @Test func `whoever is heard first after a split, the winner announces again at once`() {
        var lan = lan(version2(1))
        lan.start()
        lan.partition([[0]])
        // Their advertisements go out at .609 and .648 s; the winner's is the first after healing.
        lan.run(for: .milliseconds(30_655))
        #expect(lan.activeNodes == [0, 1])
        lan.heal()
        lan.run(for: .milliseconds(970))
        #expect(lan.activeNodes == [0])
        #expect(lan.nodes[0].announcementCount == 15)
    }

    @Test func `without preemption a stalled router leaves the addresses where they went`() {
        var lan = lan(version2(1), preempts: false)
        lan.start()
        lan.run(for: .seconds(20))
        #expect(lan.activeNodes == [0])
        lan.stall(0, for: .seconds(20))
        lan.run(for: .seconds(30))
        #expect(lan.activeNodes == [1])
        let before = lan.nodes.map(\.transitionCount)
        lan.run(for: .seconds(60))
        #expect(lan.nodes.map(\.transitionCount) == before)
    }

    @Test func `a loser that is heard makes the winner announce again`() {
        var lan = lan(version2(1))
        lan.start()
        lan.partition([[0]])
        // Their advertisements go out at .609 and .648 s; the loser's is the first after healing.
        lan.run(for: .milliseconds(30_620))
        #expect(lan.activeNodes == [0, 1])
        #expect(lan.nodes[0].announcementCount == 10)
        lan.heal()
        lan.run(for: .milliseconds(40))
        #expect(lan.activeNodes == [0])
        #expect(lan.nodes[0].announcementCount == 15)
        lan.run(for: .seconds(6))
        #expect(lan.nodes[0].announcementCount == 20)
        #expect(lan.violations == [])
    }

    @Test func `a stalled Active router that wakes late yields to none and splits nothing`() {
        var lan = lan(version2(1))
        lan.start()
        lan.run(for: .seconds(10))
        lan.stall(0, for: .seconds(20))
        lan.run(for: .seconds(10))
        #expect(lan.activeNodes == [0, 1], "the stalled one cannot know")
        lan.run(for: .seconds(12))
        #expect(lan.activeNodes == [0])
    }

    @Test(arguments: [version2(1), version3(10)])
    func `one that drops what the other says, for its addresses, stays Backup all the same`(
        interval: AdvertisementInterval
    ) {
        var configurations = lan(interval).nodes.map(\.router.configuration)
        configurations[1].addresses = VirtualAddressList(IPv4Address(192, 0, 2, 101))
        var lan = SimulatedLAN(seed: 1, configurations: configurations)
        lan.strictNodes = [1]
        lan.start()
        // Nobody knows of the other before the strict one has become Active once.
        lan.run(for: .seconds(20))
        #expect(lan.activeNodes == [0])
        #expect(lan.nodes[1].transitionCount == 3)
        lan.run(for: .seconds(600))
        #expect(lan.nodes.map(\.transitionCount) == [2, 3])
        lan.stop(0)
        lan.run(for: .seconds(4))
        #expect(lan.activeNodes == [1])
        #expect(lan.violations == [])
    }
}

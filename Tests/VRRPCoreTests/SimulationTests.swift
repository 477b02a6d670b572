import Testing
import VRRPCore
import VRRPTestKit

/// The settings of one run, drawn from its seed.
private struct Scenario {
    let seed: UInt64
    var lan: SimulatedLAN
    var generator: SeededGenerator
    /// Longer than any Active_Down_Interval of the run.
    let settlingTime: Duration

    init(seed: UInt64, isSlow: Bool = false) {
        self.seed = seed
        var generator = SeededGenerator(seed: seed ^ 0xFA11_0FE5)
        let isVersion2 = Bool.random(using: &generator)
        let hasOwner = Int.random(in: 0..<5, using: &generator) == 0
        let configurations = (0..<Int.random(in: 2...4, using: &generator)).map { index in
            let interval =
                isSlow
                ? (isVersion2
                    ? version2(UInt8.random(in: 30...60, using: &generator))
                    : version3(UInt16.random(in: 3000...4095, using: &generator)))
                : isVersion2
                    ? version2(UInt8.random(in: 1...3, using: &generator))
                    : version3(literal([1, 10, 30, 100, 300].randomElement(using: &generator)))
            let number =
                literal([1, 90, 100, 100, 101, 254].randomElement(using: &generator)) as UInt8
            var configuration = VirtualRouter.Configuration(
                vrid: vrid51, priority: hasOwner && index == 1 ? .owner : priority(number),
                interval: interval, primaryAddress: IPv4Address(192, 0, 2, UInt8(10 + index)),
                addresses: virtualAddresses)
            configuration.preempts = Int.random(in: 0..<4, using: &generator) != 0
            configuration.companions = [literal(IPAddress("2001:db8::1"))]
            if Int.random(in: 0..<4, using: &generator) == 0 {
                configuration.preemptDelay = .seconds(2)
            }
            return configuration
        }
        lan = SimulatedLAN(seed: seed, configurations: configurations)
        self.generator = generator
        let longest = configurations.map(\.interval.duration).max() ?? .zero
        settlingTime = longest * 10 + .seconds(2)
    }

    mutating func pick(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func disturb() {
        let node = pick(0..<lan.nodes.count)
        switch pick(0..<11) {
        case 0: lan.crash(node)
        case 1: lan.restart(node)
        case 2: lan.stop(node)
        case 3: lan.start([node])
        case 4: lan.partition([[node]])
        case 5: lan.heal()
        case 6: lan.stall(node, for: .milliseconds(pick(1..<8000)))
        case 7: lan.cut(from: node, to: pick(0..<lan.nodes.count))
        case 8: lan.deliver(.yield, to: node)
        case 9: lan.deliver(.takeOver, to: node)
        default: lan.deliver(.priorityChanged(priority(UInt8(pick(1..<255)))), to: node)
        }
        lan.run(for: .milliseconds(pick(0..<4000)))
    }

    /// All that disturbs ends; every router takes part.
    mutating func calm() {
        lan.heal()
        lan.conditions = SimulatedLAN.Conditions()
        lan.conditions.delay = .microseconds(5)...(.microseconds(20))
        lan.run(for: .seconds(8))  // The longest stall.
        for node in lan.nodes.indices { lan.restart(node) }
        lan.run(for: settlingTime * 2)
    }

    /// The router that wins if all preempt.
    var winner: Int? {
        guard lan.nodes.allSatisfy(\.router.configuration.preempts) else { return nil }
        return lan.nodes.indices.max { first, second in
            let (one, other) = (lan.nodes[first].router, lan.nodes[second].router)
            return (one.priority, one.configuration.primaryAddress)
                < (other.priority, other.configuration.primaryAddress)
        }
    }
}

@Suite struct `Simulated LAN` {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func `after any disturbance one router is Active, and stays so`(seed: UInt64) {
        var scenario = Scenario(seed: seed)
        scenario.lan.conditions.lossPercentage = scenario.pick(0..<40)
        scenario.lan.conditions.duplicationPercentage = scenario.pick(0..<10)
        scenario.lan.start()
        for _ in 0..<12 { scenario.disturb() }
        scenario.calm()

        #expect(scenario.lan.violations == [], "seed \(seed)")
        #expect(scenario.lan.disagreement() == nil, "seed \(seed)")
        if let winner = scenario.winner, scenario.hasDistinctPriorities {
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
        var scenario = Scenario(seed: seed, isSlow: true)
        scenario.lan.start()
        while scenario.lan.now < second(40 * 3600) {
            scenario.lan.conditions.lossPercentage = scenario.pick(0..<40)
            scenario.lan.conditions.duplicationPercentage = scenario.pick(0..<10)
            scenario.lan.conditions.delay = .microseconds(50)...(.milliseconds(500))
            for _ in 0..<scenario.pick(1..<8) {
                scenario.disturb()
                scenario.lan.run(for: .seconds(scenario.pick(1..<600)))
            }
            scenario.calm()
            if let disagreement = scenario.lan.disagreement() {
                Issue.record("\(disagreement)")
                return
            }
        }
        #expect(scenario.lan.violations == [], "seed \(seed)")
        print("simulated 40 hours of faults, seed \(seed)")
    }

    @Test func `equal seeds give equal runs, others do not`() {
        func run(_ seed: UInt64) -> [SimulatedLAN.Node] {
            var scenario = Scenario(seed: 7)
            scenario.lan = SimulatedLAN(
                seed: seed, configurations: scenario.lan.nodes.map(\.router.configuration))
            scenario.lan.conditions.lossPercentage = 30
            scenario.lan.start()
            scenario.lan.run(for: .seconds(60))
            return scenario.lan.nodes
        }
        #expect(run(1) == run(1))
        #expect(run(1) != run(2))
    }
}

extension Scenario {
    /// Whether the highest priority is one router's alone; equal ones take what is Active already.
    fileprivate var hasDistinctPriorities: Bool {
        let highest = lan.nodes.map(\.router.priority).max()
        return lan.nodes.count { $0.router.priority == highest } == 1
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
}

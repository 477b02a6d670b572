internal import VRRPCore

/// A simulated LAN whose settings and faults are drawn from a seed: disturbed, then left in peace.
///
/// Two to four hosts of either version with one router or a sync group of two, with or without
/// authentication (then somebody also sends old messages again, without end). One of them may be
/// configured with other addresses, and drop what the others say as keepalived 2.2 does.
public struct FaultScenario: Sendable {
    /// How fast the routers advertise, and with that how much time a run can simulate.
    public enum Pace: Hashable, Sendable {
        /// Every 10 ms to 3 s.
        case quick
        /// Every 30 to 60 s.
        case slow
    }

    /// The number that the whole run follows from.
    public let seed: UInt64
    /// The LAN; what its checkers found is in ``SimulatedLAN/violations``.
    public var lan: SimulatedLAN
    /// Longer than any Active_Down_Interval of the run.
    public let settlingTime: Duration
    /// The longest that a host stands still: longer than its peers wait for it.
    public let longestStall: Duration
    /// The longest that a message takes in the worst of times: periodic ones overtake each other.
    public let longestDelay: Duration
    private var generator: SeededGenerator
    private let replayPercentage: Int

    /// Draws the settings of a run; no router is started.
    ///
    /// - Parameters:
    ///   - seed: Equal seeds and equal calls give equal runs.
    ///   - pace: How fast the routers advertise.
    public init(seed: UInt64, pace: Pace) {
        self.seed = seed
        var generator = SeededGenerator(seed: seed ^ 0xFA11_0FE5)
        let isVersion2 = Bool.random(using: &generator)
        let memberCount = Int.random(in: 0..<3, using: &generator) == 0 ? 2 : 1
        let ownerIndex = Int.random(in: 0..<5, using: &generator) == 0 ? 1 : nil
        let strictIndex = Int.random(in: 0..<3, using: &generator) == 0 ? 0 : nil
        let groups = (0..<Int.random(in: 2...4, using: &generator)).map { host in
            Self.drawn(
                host: host, memberCount: memberCount, isOwner: host == ownerIndex,
                isStrict: host == strictIndex,
                interval: Self.interval(isVersion2: isVersion2, pace: pace, using: &generator),
                using: &generator)
        }
        let longest = groups.joined().map(\.interval).max { $0.duration < $1.duration }
        let isAuthenticated = Int.random(in: 0..<3, using: &generator) == 0
        lan = SimulatedLAN(
            seed: seed, groups: groups,
            authentication: longest.flatMap { longest in
                isAuthenticated
                    ? MessageAuthentication(
                        activeKeyID: 1,
                        windowSeconds: MessageAuthentication.defaultWindowSeconds(for: longest))
                    : nil
            })
        if let strictIndex { lan.strictNodes = [strictIndex] }
        replayPercentage = isAuthenticated ? 20 : 0
        let interval = longest?.duration ?? .zero
        settlingTime = interval * 10 + .seconds(2)
        longestStall = max(interval * 6, .seconds(8))
        longestDelay = interval * 3
        self.generator = generator
    }

    private static func interval(
        isVersion2: Bool, pace: Pace, using generator: inout SeededGenerator
    ) -> AdvertisementInterval {
        let centiseconds: UInt16 =
            switch pace {
            case .quick where isVersion2: .random(in: 1...3, using: &generator) * 100
            case .quick:
                ([1, 10, 30, 100, 300] as [UInt16]).randomElement(using: &generator) ?? 100
            case .slow: .random(in: 3000...4095, using: &generator)
            }
        let interval = Centiseconds(rawValue: centiseconds) ?? .oneSecond
        return isVersion2 ? .v2(WholeSeconds(rounding: interval)) : .v3(interval)
    }

    /// The routers of one host: alike, each on a LAN of its own.
    private static func drawn(
        host: Int, memberCount: Int, isOwner: Bool, isStrict: Bool, interval: AdvertisementInterval,
        using generator: inout SeededGenerator
    ) -> [VirtualRouter.Configuration] {
        let number = ([1, 90, 100, 100, 101, 254] as [UInt8]).randomElement(using: &generator)
        let preempts = Int.random(in: 0..<4, using: &generator) != 0
        let isDelayed = Int.random(in: 0..<4, using: &generator) == 0
        let waitsFullSkew = Int.random(in: 0..<4, using: &generator) == 0
        return (0..<memberCount).compactMap { member in
            guard let vrid = VRID(rawValue: 51 + UInt8(member)) else { return nil }
            let network = 2 + UInt8(member)
            var configuration = VirtualRouter.Configuration(
                vrid: vrid, priority: isOwner ? .owner : Priority(rawValue: number ?? 100),
                interval: interval, primaryAddress: IPv4Address(192, 0, network, 10 + UInt8(host)),
                addresses: VirtualAddressList(IPv4Address(192, 0, network, isStrict ? 101 : 100)))
            configuration.preempts = preempts
            configuration.companions = IPAddress("2001:db8::1").map { [$0] } ?? []
            if !waitsFullSkew { configuration.longestReleaseSkew = .milliseconds(10) }
            if isDelayed { configuration.preemptDelay = .seconds(2) }
            return configuration
        }
    }
}

extension FaultScenario {
    /// Draws a number from the run's own generator.
    public mutating func pick(_ range: Range<Int>) -> Int {
        Int.random(in: range, using: &generator)
    }

    /// Draws a length of time.
    private mutating func draw(upTo longest: Duration) -> Duration {
        let milliseconds = Int(longest / .milliseconds(1))
        return .milliseconds(pick(1..<max(milliseconds, 2)))
    }

    /// Draws how much the LAN loses and duplicates from now on.
    ///
    /// - Parameter longestDelay: The longest that a message takes.
    public mutating func worsen(longestDelay: Duration = .milliseconds(2)) {
        lan.conditions.lossPercentage = pick(0..<40)
        lan.conditions.duplicationPercentage = pick(0..<10)
        lan.conditions.replayPercentage = replayPercentage
        lan.conditions.delay = .microseconds(50)...longestDelay
    }

    /// Lets one thing go wrong, or right again, and then up to four seconds pass.
    public mutating func disturb() {
        let node = pick(0..<lan.nodes.count)
        let members = lan.nodes[node].group.members.indices
        switch pick(0..<12) {
        case 0: lan.crash(node)
        case 1: lan.restart(node)
        case 2: lan.stop(node)
        case 3: lan.start([node])
        case 4: lan.partition([[node]])
        case 5: lan.heal()
        case 6:
            // Rather one whose silence the others notice.
            let active = lan.activeNodes
            let stalled = active.isEmpty ? node : active[pick(0..<active.count)]
            lan.stall(stalled, for: draw(upTo: longestStall))
        case 7: lan.cut(from: node, to: pick(0..<lan.nodes.count))
        case 8: lan.cut(from: node, to: pick(0..<lan.nodes.count), member: pick(0..<members.count))
        case 9: lan.deliver(.yield, to: node)
        case 10: lan.deliver(.takeOver, to: node)
        default:
            let priority = Priority(rawValue: UInt8(pick(1..<255)))
            for member in members {
                lan.deliver(.priorityChanged(priority), to: node, member: member)
            }
        }
        lan.run(for: .milliseconds(pick(0..<4000)))
    }

    /// Ends all that disturbs, but for who sends old messages again; every router takes part.
    public mutating func calm() {
        lan.heal()
        lan.conditions = SimulatedLAN.Conditions()
        lan.conditions.delay = .microseconds(5)...(.microseconds(20))
        lan.conditions.replayPercentage = replayPercentage
        // Until nobody stands still any more, and nothing of before is on its way.
        lan.run(for: longestStall + longestDelay)
        for node in lan.nodes.indices { lan.restart(node) }
        lan.run(for: settlingTime * 2)
    }

    /// Disturbs and calms over and over.
    ///
    /// - Parameter duration: The virtual time to go on for, at least.
    /// - Returns: The first thing that was wrong, or `nil`.
    public mutating func run(for duration: Duration) -> String? {
        lan.start()
        let end = lan.now + duration
        while lan.now < end {
            worsen(longestDelay: pick(0..<2) == 0 ? longestDelay : .milliseconds(2))
            for _ in 0..<pick(1..<8) {
                disturb()
                lan.run(for: .seconds(pick(1..<600)))
            }
            calm()
            if let disagreement = lan.disagreement() { return disagreement }
            if let violation = lan.violations.first { return violation }
            if let winner, lan.activeNodes != [winner] {
                return
                    "seed \(seed), \(lan.now.nanoseconds) ns: \(lan.activeNodes) instead of \(winner)"
            }
        }
        return nil
    }

    /// The host that wins if all preempt and no other is ranked as high; `nil`: that is left open.
    public var winner: Int? {
        let routers = lan.nodes.map(\.router)
        guard routers.allSatisfy(\.configuration.preempts),
            let highest = routers.map(\.priority).max(),
            routers.count(where: { $0.priority == highest }) == 1
        else { return nil }
        return routers.firstIndex { $0.priority == highest }
    }
}

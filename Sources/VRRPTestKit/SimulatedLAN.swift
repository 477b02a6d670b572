public import VRRPCore

/// Routers on LANs that lose, delay, duplicate and reorder, in virtual time.
///
/// Every run follows from its seed. Messages pass through the real codec and its checks, with
/// authentication if it is wanted. A host has one router, or several that move together as a sync
/// group, each on a LAN of its own. After each event the checkers look at the host that handled it;
/// what they find is in ``violations``.
public struct SimulatedLAN: Sendable {
    /// What the LAN does to a message.
    public struct Conditions: Hashable, Sendable {
        /// Chance that one receiver does not get it, in percent, 0 to 100.
        public var lossPercentage = 0
        /// Chance that one receiver gets it twice, in percent, 0 to 100.
        public var duplicationPercentage = 0
        /// Chance that somebody sends an earlier message again after it, in percent, 0 to 100.
        ///
        /// Only authenticated routers can tell it from a new one.
        public var replayPercentage = 0
        /// How long it takes, drawn anew for each receiver: what is sent close together is reordered.
        public var delay: ClosedRange<Duration> = .microseconds(50)...(.milliseconds(2))

        /// Makes a LAN that loses nothing and takes 50 µs to 2 ms.
        public init() {}
    }

    /// One host with its routers.
    public struct Node: Hashable, Sendable {
        /// The routers, which move together; one alone is a group of one.
        public internal(set) var group: SyncGroup
        /// Whether the host runs at all.
        public internal(set) var isPowered = true
        /// Whether the host holds the virtual addresses of each router.
        public internal(set) var holdings: [Bool]
        /// Times that it announced the addresses, repetitions counted.
        public internal(set) var announcementCount = 0
        /// Changes of state so far.
        public internal(set) var transitionCount = 0
        /// Times that it found itself to have stood still for longer than its peers wait.
        public internal(set) var stallCount = 0
        /// The part of the LAN that it is connected to; nodes hear each other within one.
        public internal(set) var island = 0
        /// Until when the host does nothing, though messages queue up for it.
        public internal(set) var stalledUntil = Instant(nanoseconds: 0)
        /// What stands between the wire and each router.
        public internal(set) var channels: [AdvertisementChannel]

        /// The router of a host that has one, the first of several.
        public var router: VirtualRouter { group.members[0] }
        /// Whether the host holds the addresses of its first router.
        public var holdsAddresses: Bool { holdings[0] }

        init(_ configurations: [VirtualRouter.Configuration], _ channels: [AdvertisementChannel]) {
            group = SyncGroup(configurations)
            holdings = configurations.map { _ in false }
            self.channels = channels
        }
    }

    /// The number that the whole run follows from.
    public let seed: UInt64
    /// The virtual clock.
    public private(set) var now = Instant(nanoseconds: 0)
    /// The hosts, in the order of their configurations.
    public internal(set) var nodes: [Node]
    /// What the LAN does to messages from now on.
    public var conditions = Conditions()
    /// Hosts that do as keepalived 2.2: they drop what lists other addresses than theirs, and in
    /// version 2 what carries another interval.
    ///
    /// Two such hosts that differ from each other never agree.
    public var strictNodes: Set<Int> = []
    /// What the checkers found wrong, each with the time and the node.
    public internal(set) var violations: [String] = []

    /// The directions in which nothing passes.
    var cuts: Set<Direction> = []
    var generator: SeededGenerator
    private let authentication: MessageAuthentication?
    private var inFlight: [Datagram] = []
    private var sentCount = 0
    /// Messages that arrived after one that their sender had sent later.
    public private(set) var overtakenCount = 0
    /// When a sender last sent something to a receiver, and when that arrives.
    private var lastPosts: [Path: (sentAt: Instant, arrivesAt: Instant)] = [:]
    /// The latest message that arrived from a sender at a receiver.
    private var latest: [Path: Int] = [:]
    /// What somebody who listens could send again.
    private var overheard: [Datagram] = []

    /// From one host to another, on one LAN or on all of them.
    struct Direction: Hashable, Sendable {
        let sender: Int
        let receiver: Int
        let member: Int?
    }

    private struct Path: Hashable, Sendable {
        let sender: IPAddress
        let receiver: Int
    }

    private struct Datagram: Sendable {
        let payload: [UInt8]
        let header: IPHeader
        let receiver: Int
        /// The router of the host that it is for, and so the LAN that it is on.
        let member: Int
        var arrivesAt: Instant
        /// Ties are broken by the order of sending, so that a run does not depend on the search.
        var number: Int
    }

    /// Makes a LAN of hosts that are powered, and whose routers are not started.
    ///
    /// - Parameters:
    ///   - seed: Equal seeds and equal calls give equal runs.
    ///   - configurations: One for each host.
    ///   - authentication: How messages are authenticated; `nil`: they are not.
    public init(
        seed: UInt64, configurations: [VirtualRouter.Configuration],
        authentication: MessageAuthentication? = nil
    ) {
        self.init(seed: seed, groups: configurations.map { [$0] }, authentication: authentication)
    }

    /// Makes LANs of hosts with several routers each that move together.
    ///
    /// - Parameters:
    ///   - seed: Equal seeds and equal calls give equal runs.
    ///   - groups: The routers of each host; the first of each host are on one LAN, the second ones
    ///     on another, and so on. At least one, and as many on each host.
    ///   - authentication: How messages are authenticated; `nil`: they are not.
    public init(
        seed: UInt64, groups: [[VirtualRouter.Configuration]],
        authentication: MessageAuthentication? = nil
    ) {
        precondition(
            groups.allSatisfy { !$0.isEmpty && $0.count == groups[0].count },
            "every host has as many routers as the others, and at least one")
        self.seed = seed
        self.authentication = authentication
        generator = SeededGenerator(seed: seed)
        nodes = groups.enumerated().map { number, configurations in
            Node(
                configurations,
                Self.channels(of: configurations, at: number, authentication: authentication))
        }
    }

    /// Channels that have heard nothing.
    ///
    /// Both forms of the version 3 checksum are on every LAN that mixes implementations.
    static func channels(
        of configurations: [VirtualRouter.Configuration], at node: Int,
        authentication: MessageAuthentication?
    ) -> [AdvertisementChannel] {
        configurations.map { configuration in
            var settings = AdvertisementChannel.Settings(
                vrid: configuration.vrid, version: configuration.interval.version,
                source: configuration.primaryAddress)
            settings.coverage = node.isMultiple(of: 2) ? .message : .pseudoHeader
            settings.authentication = authentication
            return AdvertisementChannel(settings: settings)
        }
    }

    /// A host that has just been powered up knows nothing of what was before.
    mutating func forget(_ node: Int) {
        let configurations = nodes[node].group.members.map(\.configuration)
        nodes[node].group = SyncGroup(configurations)
        nodes[node].holdings = configurations.map { _ in false }
        nodes[node].channels = Self.channels(
            of: configurations, at: node, authentication: authentication)
    }

    /// The hosts whose routers are Active, all or some of them.
    public var activeNodes: [Int] {
        nodes.indices.filter { nodes[$0].group.members.contains { $0.role == .active } }
    }

    /// Delivers an event to one router and performs what it answers.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - node: The host.
    ///   - member: Which of the host's routers it happened to.
    public mutating func deliver(
        _ event: VirtualRouter.Event, to node: Int, member: Int = 0
    ) {
        guard nodes[node].isPowered else { return }
        let earlier = nodes[node]
        let actions = nodes[node].group.handle(event, for: member, at: now)
        for step in actions { perform(step.action, by: node, member: step.member) }
        check(node, handled: event, from: earlier, with: actions)
    }

    /// Lets the clock run, and with it everything that is due.
    public mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = nextOccurrence(), next.at <= end {
            now = max(now, next.at)
            switch next.what {
            case .arrival(let index):
                receive(inFlight.remove(at: index))
            case .wake(let node):
                deliver(.wake, to: node)
            }
        }
        now = end
    }

    private enum Occurrence { case arrival(Int), wake(Int) }

    /// What happens next; at one instant, arrivals come before wakes.
    private func nextOccurrence() -> (at: Instant, what: Occurrence)? {
        var best: (at: Instant, what: Occurrence)?
        var bestNumber = Int.max
        for (index, datagram) in inFlight.enumerated() {
            let at = max(datagram.arrivesAt, nodes[datagram.receiver].stalledUntil)
            if best.map({ (at, datagram.number) < ($0.at, bestNumber) }) ?? true {
                (best, bestNumber) = ((at, .arrival(index)), datagram.number)
            }
        }
        for (index, node) in nodes.enumerated() where node.isPowered {
            guard let wake = node.group.nextWake else { continue }
            let at = max(wake, node.stalledUntil)
            if best.map({ at < $0.at }) ?? true { best = (at, .wake(index)) }
        }
        return best
    }

    private mutating func perform(
        _ action: VirtualRouter.Action, by node: Int, member: Int
    ) {
        switch action {
        case .advertise(let priority):
            multicast(
                nodes[node].group.members[member].advertisement(priority: priority), from: node,
                member: member)
        case .echo(let priority, let form):
            multicast(
                nodes[node].group.members[member].advertisement(priority: priority, in: form),
                from: node, member: member)
        case .claimAddresses:
            if nodes[node].holdings[member] { report("claims addresses that it holds", node) }
            nodes[node].holdings[member] = true
        case .releaseAddresses:
            if !nodes[node].holdings[member] { report("releases addresses it has not", node) }
            nodes[node].holdings[member] = false
        case .announceAddresses(let repetitions):
            if !nodes[node].holdings[member] { report("announces addresses it has not", node) }
            nodes[node].announcementCount += repetitions
        case .report(.transition): nodes[node].transitionCount += 1
        case .report(.stalled): nodes[node].stallCount += 1
        case .report: break
        }
    }
}

// MARK: - The wire

extension SimulatedLAN {
    private mutating func multicast(_ advertisement: Advertisement, from sender: Int, member: Int) {
        let header = IPHeader(source: nodes[sender].channels[member].settings.source)
        let payload: [UInt8]
        do {
            let messages = try nodes[sender].channels[member].messages(
                for: advertisement, at: realTime, using: SimulatedKeys())
            guard let message = messages.first else { return }
            payload = message.payload
        } catch { return report("cannot sign what it sends: \(error)", sender) }
        for receiver in nodes.indices where receiver != sender {
            let datagram = Datagram(
                payload: payload, header: header, receiver: receiver, member: member,
                arrivesAt: now, number: 0)
            if overheard.count == Self.overheardLimit { overheard.removeFirst() }
            overheard.append(datagram)
            guard nodes[receiver].island == nodes[sender].island, nodes[receiver].isPowered,
                !cuts.contains(Direction(sender: sender, receiver: receiver, member: member)),
                !cuts.contains(Direction(sender: sender, receiver: receiver, member: nil))
            else { continue }
            if chance(conditions.lossPercentage) { continue }
            post(datagram)
            if chance(conditions.duplicationPercentage) { post(datagram) }
        }
        if chance(conditions.replayPercentage),
            let again = overheard.randomElement(using: &generator)
        {
            post(again)
        }
    }

    private mutating func post(_ datagram: Datagram) {
        let shortest = Int64(conditions.delay.lowerBound / .nanoseconds(1))
        let longest = Int64(conditions.delay.upperBound / .nanoseconds(1))
        let delay = Duration.nanoseconds(Int64.random(in: shortest...longest, using: &generator))
        var posted = datagram
        posted.arrivesAt = now + delay
        // What a host sends at one instant leaves by one queue, and stays in order.
        let path = Path(sender: datagram.header.source, receiver: datagram.receiver)
        if let last = lastPosts[path], last.sentAt == now {
            posted.arrivesAt = max(posted.arrivesAt, last.arrivesAt)
        }
        lastPosts[path] = (now, posted.arrivesAt)
        posted.number = sentCount
        inFlight.append(posted)
        sentCount += 1
    }

    private mutating func receive(_ datagram: Datagram) {
        let (node, member) = (datagram.receiver, datagram.member)
        guard nodes[node].isPowered else { return }
        let path = Path(sender: datagram.header.source, receiver: node)
        if let last = latest[path], datagram.number < last { overtakenCount += 1 }
        latest[path] = max(latest[path] ?? 0, datagram.number)
        do throws(AdvertisementRefusal) {
            let received = try nodes[node].channels[member].receive(
                datagram.payload.span, header: datagram.header, at: realTime,
                using: SimulatedKeys())
            guard !isDropped(received.advertisement, by: node, member: member) else { return }
            deliver(
                .received(received.advertisement, from: received.header.source), to: node,
                member: member)
        } catch {
            switch error {
            // Reordered, duplicated, sent again or late: what authentication is for.
            case .unauthentic(.replayed), .unauthentic(.stale): break
            case .unauthentic, .malformed, .rejected:
                report("refuses what another router sent: \(error)", node)
            }
        }
    }

    private func isDropped(_ message: Advertisement, by node: Int, member: Int) -> Bool {
        let own = nodes[node].group.members[member].configuration
        guard strictNodes.contains(node) else { return false }
        return !message.addresses.namesSameAddresses(as: own.addresses)
            || own.interval.version == .v2 && message.interval != own.interval
    }

    /// The virtual clock as all hosts have it; clocks that differ are another matter.
    private var realTime: Timestamp {
        Timestamp(microsecondsSince1970: 1_780_000_000_000_000 + now.nanoseconds / 1000)
    }

    private mutating func chance(_ percentage: Int) -> Bool {
        percentage > 0 && Int.random(in: 0..<100, using: &generator) < percentage
    }

    private static let overheardLimit = 64
}

/// A code that depends on all bytes, quick, and no secret: nobody forges anything here.
private struct SimulatedKeys: MessageAuthenticator {
    func authenticationCode(of message: [UInt8], keyID: UInt8) -> [UInt8]? {
        var (one, other): (UInt64, UInt64) = (0xCBF2_9CE4_8422_2325, 0x9E37_79B9_7F4A_7C15)
        for byte in message {
            one = (one ^ UInt64(byte)) &* 0x100_0000_01B3
            other = (other &+ UInt64(byte)) &* 0xBF58_476D_1CE4_E5B9
        }
        return [one, other].flatMap { sum in
            stride(from: 56 as UInt64, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: sum >> $0)
            }
        }
    }
}
